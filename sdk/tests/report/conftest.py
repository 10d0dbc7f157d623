"""A small run with trades, told of without any command."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk import Bars, Instrument, RunStore, Strategy, backtest, param
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.pipelines.words import assumptions_in_words, remarks
from tradectl_sdk.report import Prices, ReportedRun

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.runs import RunRecord


class Turns(Strategy):
    """Buys and sells by turns."""

    hold: int = param(7, ge=1, le=50)

    def on_start(self, ctx):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen % self.hold == 0:
            if ctx.position == 0:
                ctx.buy(10)
            else:
                ctx.close()


@pytest.fixture(scope="session")
def bars() -> Bars:
    one = Instrument(
        symbol="SYN",
        venue="TEST",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        taker_fee=Decimal("0.001"),
        maker_fee=Decimal("0.001"),
    )
    (series,) = synthetic_market([one], bars=400, timeframe="1d", seed=11)
    return series.bars


@pytest.fixture(scope="session")
def records(bars: Bars, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, ...]:
    """Two runs that differ in a parameter, from a store."""
    folder = tmp_path_factory.mktemp("runs")
    return tuple(_stored(bars, folder, hold) for hold in (7, 11))


def _stored(bars: Bars, folder: Path, hold: int) -> RunRecord:
    store = RunStore(folder)
    result = backtest(Turns, bars, parameters={"hold": hold}, mode="interpreted", store=store)
    return store.load(result.record.run_id)


@pytest.fixture(scope="session")
def told(bars: Bars, records: tuple[RunRecord, ...]) -> ReportedRun:
    return reported(records[0], bars)


@pytest.fixture(scope="session")
def both(bars: Bars, records: tuple[RunRecord, ...]) -> list[ReportedRun]:
    return [reported(each, bars) for each in records]


def reported(record: RunRecord, bars: Bars) -> ReportedRun:
    prices = Prices(instrument="SYN.TEST", time=bars.close_time, close=bars.floats("close"))
    return ReportedRun(
        record=record,
        assumptions=assumptions_in_words(record),
        remarks=remarks(record),
        prices=(prices,),
    )
