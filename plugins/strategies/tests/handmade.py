"""Bars written by hand, and what a strategy ordered on them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from reference_runs import plan
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine import Assumptions, Mode, Outcome, run

if TYPE_CHECKING:
    from tradectl_sdk.engine import Context
    from tradectl_sdk.strategy import Strategy

DAY = 86_400_000_000_000
MONDAY = 1_577_836_800_000_000_000 + 5 * DAY  # 2020-01-06
ONE = Instrument(symbol="X", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
Row = tuple[float, float, float, float, float]


def row(low: float, high: float, close: float, volume: float = 1e6) -> Row:
    """One bar that opens in the middle of its range."""
    return ((low + high) / 2, high, low, close, volume)


def closes(*prices: float) -> list[Row]:
    """Bars that reach one unit above and below their close."""
    return [row(price - 1.0, price + 1.0, price) for price in prices]


def make_bars(rows: list[Row]) -> Bars:
    """Daily bars from Monday 2020-01-06 on."""
    table = np.rint(np.array(rows) * 100).astype(np.int64)
    return Bars(
        instrument=ONE,
        timeframe=Timeframe.parse("1d"),
        time=MONDAY + DAY * np.arange(len(rows), dtype=np.int64),
        open=table[:, 0],
        high=table[:, 1],
        low=table[:, 2],
        close=table[:, 3],
        volume=table[:, 4] // 100,
    )


def play(
    strategy: type[Strategy],
    rows: list[Row],
    *,
    mode: Mode = Mode.INTERPRETED,
    warmup: int | None = None,
    **parameters: object,
) -> Outcome:
    """Run a strategy on hand-made bars in an account that may sell short.

    Hand-made bars are few: ``warmup`` lets a strategy order before its averages have settled.
    """

    class Early(strategy):  # type: ignore[valid-type, misc]
        def on_start(self, ctx: Context) -> None:
            super().on_start(ctx)
            self.warmup = warmup

    made = plan(make_bars(rows), strategy if warmup is None else Early, **parameters)
    return run(replace(made, assumptions=Assumptions(margin=True)), mode)


def decisions(outcome: Outcome) -> list[tuple[int, int]]:
    """(bar on whose close it was decided, side) of each order but the exits of brackets."""
    orders = outcome.orders[outcome.orders["parent"] == 0]
    return [(int((o["created"] - MONDAY) // DAY) - 1, int(o["side"])) for o in orders]
