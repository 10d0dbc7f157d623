"""The runs whose results are golden, and the way to accept new ones.

A change to a strategy, the engine or the data shows as a difference to ``golden.json``. When it is
meant, accept it and commit the file with the change that caused it::

    python plugins/strategies/tests/reference_runs.py --accept

Without ``--accept`` the same command prints what differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradectl_sdk.data import Bars, resample
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.engine import Assumptions, Columns, Mode, Outcome, Plan, run
from tradectl_sdk.errors import DataMissingError
from tradectl_sdk.runs import extract_trades, order_list_hash
from tradectl_strategies.buy_and_hold import BuyAndHold
from tradectl_strategies.donchian_breakout import DonchianBreakout
from tradectl_strategies.multi_timeframe_trend import MultiTimeframeTrend
from tradectl_strategies.sma_cross import SmaCross
from tradectl_strategies.support_resistance import SupportResistance

if TYPE_CHECKING:
    from tradectl_sdk.strategy import Strategy

GOLDEN = Path(__file__).with_name("golden.json")
STRATEGIES: tuple[type[Strategy], ...] = (
    BuyAndHold,
    SmaCross,
    DonchianBreakout,
    MultiTimeframeTrend,
    SupportResistance,
)
MARKETS = ("synthetic", "SPX.SAMPLE")
# Parameters beside the defaults, where a market asks for them: days above hours.
PARAMETERS: dict[tuple[str, type[Strategy]], dict[str, object]] = {
    ("synthetic", MultiTimeframeTrend): {"trend_days": 1},
    ("synthetic", SupportResistance): {"trade_shorts": True},
}


@cache
def market(name: str) -> Bars:
    """The bars of a market.

    Raises:
        DataMissingError: If they come from a plugin or a package that is not installed.
    """
    if name == "synthetic":
        instrument = Instrument(
            symbol="GOLDEN",
            venue="SYNTHETIC",
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.001"),
            maker_fee=Decimal("0.0005"),
            taker_fee=Decimal("0.001"),
        )
        return synthetic_market([instrument], "1h", 8000, seed=20_240_101)[0].bars
    try:
        from tradectl_samples.indices import IndexSamples
    except ImportError as error:
        raise DataMissingError("the samples plugin is not installed") from error
    return IndexSamples().fetch(name, "1d")


def columns(bars: Bars, *, drives: bool = True) -> Columns:
    """The same bars as the engine reads them."""
    return Columns(
        instrument=0,
        length=bars.timeframe.nanoseconds,
        time=bars.close_time,
        ticks=(bars.open, bars.high, bars.low, bars.close),
        lots=bars.volume,
        prices=tuple(bars.floats(name) for name in ("open", "high", "low", "close")),
        volume=bars.floats("volume"),
        drives=drives,
    )


def plan(bars: Bars, strategy: type[Strategy], **parameters: object) -> Plan:
    """A run with the default assumptions, on margin where it sells short."""
    return Plan(
        instruments=[bars.instrument],
        columns=[columns(bars)],
        make_strategy=lambda: strategy(**parameters),
        resample=lambda _, timeframe: columns(resample(bars, timeframe), drives=False),
        assumptions=Assumptions(margin=bool(parameters.get("trade_shorts"))),
    )


def play(name: str, strategy: type[Strategy], mode: Mode) -> Outcome:
    """Run a strategy on a market."""
    parameters = PARAMETERS.get((name, strategy), {})
    return run(plan(market(name), strategy, **parameters), mode)


def statistics(outcome: Outcome, instrument: Instrument) -> dict[str, Any]:
    """What is written down of a run."""
    trades = extract_trades(outcome.fills, [instrument])
    return {
        "orders": len(outcome.orders),
        "fills": len(outcome.fills),
        "trades": len(trades),
        "winners": int((trades["net"][trades["open"] == 0] > 0).sum()),
        "fees": plain(from_money(int(outcome.fills["fee"].sum()))),
        "final_equity": plain(from_money(outcome.final_equity)),
        "order_list_hash": order_list_hash(outcome.orders, outcome.fills),
    }


def accepted() -> dict[str, dict[str, Any]]:
    """The golden statistics by ``market/strategy``."""
    found: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


def main() -> int:
    """Print what differs, or accept it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accept", action="store_true", help="write what was found")
    accept = parser.parse_args().accept
    found = {
        f"{name}/{strategy.__name__}": statistics(
            play(name, strategy, Mode.INTERPRETED), market(name).instrument
        )
        for name in MARKETS
        for strategy in STRATEGIES
    }
    before = accepted() if GOLDEN.exists() else {}
    changed = [name for name, values in found.items() if before.get(name) != values]
    for name in changed:
        print(f"{name}\n  was {before.get(name)}\n  is  {found[name]}")  # noqa: T201
    if accept:
        GOLDEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if accept or not changed else 1


if __name__ == "__main__":
    sys.exit(main())
