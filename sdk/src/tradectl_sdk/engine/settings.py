"""Every assumption of a simulated run, with a pessimistic default."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields
from decimal import Decimal


class MarketFill(enum.StrEnum):
    """Where a market order decided on a bar fills."""

    NEXT_OPEN = "next_open"
    THIS_CLOSE = "this_close"
    NEXT_CLOSE = "next_close"


class LimitFill(enum.StrEnum):
    """What a resting limit needs to fill."""

    CROSS = "cross"
    TOUCH = "touch"


class BarPath(enum.StrEnum):
    """In which order prices inside a bar came."""

    WORST_CASE = "worst_case"
    ADAPTIVE = "adaptive"
    OHLC = "ohlc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What a backtest assumes about the venue and the account.

    Attributes:
        cash: Starting cash in the account currency.
        margin: Whether the account may borrow and sell short.
        market_fill: Where a market order decided on a bar fills.
        limit_fill: Whether a limit must be traded through (cross) or merely touched.
        bar_path: In which order prices inside a bar came.
        volume_share: Largest share of a bar's volume that may be ours; 0 for no limit.
        slippage_bps: How much worse than its reference a taking fill is, in basis points.
        exits_in_entry_bar: Whether a stop loss may fill inside the bar of its own entry (worst
            case only; the walks always allow it).
        max_orders_per_instant: Orders a strategy may place at one instant; more stops the run.
    """

    cash: Decimal = Decimal(100_000)
    margin: bool = False
    market_fill: MarketFill = MarketFill.NEXT_OPEN
    limit_fill: LimitFill = LimitFill.CROSS
    bar_path: BarPath = BarPath.WORST_CASE
    volume_share: Decimal = Decimal("0.1")
    slippage_bps: Decimal = Decimal(2)
    exits_in_entry_bar: bool = True
    max_orders_per_instant: int = 1000

    def manifest(self) -> dict[str, str | int | bool]:
        """Return every assumption by name, as values JSON can hold."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {n: str(v) if isinstance(v, Decimal | enum.Enum) else v for n, v in values.items()}


OPTIMISTIC = {
    "limit_fill": LimitFill.TOUCH,
    "bar_path": BarPath.ADAPTIVE,
    "volume_share": Decimal(0),
    "slippage_bps": Decimal(0),
}
