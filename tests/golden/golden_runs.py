"""Running a golden case, and reading its outcome in the source's words."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from golden_data import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.money import from_money
from tradectl_sdk.engine import Assumptions, Columns, Mode, Outcome, Plan, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.strategy import Strategy


def asset(symbol: str = "X", *, tick: str = "0.000000001", **more: Any) -> Instrument:
    """Return a share on a grid so fine that adjusted prices keep every digit that matters."""
    return Instrument(
        symbol=symbol, venue="TEST", **({"tick_size": Decimal(tick), "lot_size": Decimal(1)} | more)
    )


def free(cash: float, **changes: Any) -> Assumptions:
    """Return assumptions without slippage or limits on volume, as most sources have it."""
    none = {"volume_share": Decimal(0), "slippage_bps": Decimal(0)}
    return Assumptions(cash=Decimal(str(cash)), **(none | changes))


def to_columns(bars: Bars, one: Instrument, index: int = 0) -> Columns:
    """Put bars on an instrument's grid."""
    per_unit = float(1 / one.tick_size)
    ticks = tuple(np.rint(bars.prices[:, k] * per_unit).astype(np.int64) for k in range(4))
    return Columns(
        instrument=index,
        length=bars.length,
        time=bars.time.astype(np.int64),
        ticks=ticks,
        lots=np.rint(bars.volume / float(one.lot_size)).astype(np.int64),
        prices=tuple(column / per_unit for column in ticks),
        volume=bars.volume,
    )


def play(
    mode: Mode,
    bars: Bars | Sequence[Bars],
    make_strategy: Callable[[], Strategy],
    assumptions: Assumptions,
    *,
    instruments: Sequence[Instrument] = (),
    **plan: Any,
) -> Outcome:
    """Run a strategy over one series or several."""
    series = [bars] if isinstance(bars, Bars) else bars
    traded = list(instruments) or [asset(f"X{index}") for index in range(len(series))]
    columns = [to_columns(one, traded[index], index) for index, one in enumerate(series)]
    outcome = run(
        Plan(
            instruments=traded,
            columns=columns,
            make_strategy=make_strategy,
            assumptions=assumptions,
            **plan,
        ),
        mode,
    )
    assert outcome.mode is mode
    return outcome


def printed(value: Decimal | float, places: int) -> float:
    """Round as people print amounts, half away from zero."""
    exact = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return float(exact)


def money(units: int) -> float:
    """Return money units as an amount of currency, rounded to cents."""
    return printed(from_money(units), 2)


def fill_prices(
    outcome: Outcome, side: int, places: int, one: Instrument | None = None
) -> list[float]:
    """Prices of all fills of one side, as printed."""
    grid = one or asset()
    chosen = outcome.fills[outcome.fills["side"] == side]
    return [printed(grid.ticks_to_price(ticks), places) for ticks in chosen["price"]]


def fees(outcome: Outcome) -> int:
    """Money units paid in fees."""
    return int(outcome.fills["fee"].sum())
