"""A workbench for engine tests: bars as tuples, a strategy as a script, an outcome to look at."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import Assumptions, Columns, Mode, Outcome, Plan, run
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DAY = 86_400_000_000_000
START = 1_577_836_800_000_000_000  # 2020-01-01
Bars = "Sequence[tuple[float, ...]]"

FREE: dict[str, Any] = {"volume_share": Decimal(0), "slippage_bps": Decimal(0)}


def instrument(symbol: str = "X", **changes: Any) -> Instrument:
    """An instrument on a cent grid without fees."""
    grid = {"tick_size": Decimal("0.01"), "lot_size": Decimal(1)}
    return Instrument(symbol=symbol, venue="TEST", **(grid | changes))


def columns(
    bars: Sequence[tuple[float, ...]], one: Instrument, index: int = 0, length: int = DAY
) -> Columns:
    """Columns of bars given as (open, high, low, close[, volume])."""
    table = np.array([(*bar, 1000.0)[:5] for bar in bars], float).reshape(-1, 5)
    ticks = tuple(np.rint(table[:, k] / float(one.tick_size)).astype(np.int64) for k in range(4))
    return Columns(
        instrument=index,
        length=length,
        time=START + length * np.arange(1, len(bars) + 1, dtype=np.int64),
        ticks=ticks,
        lots=np.rint(table[:, 4] / float(one.lot_size)).astype(np.int64),
        prices=tuple(column * float(one.tick_size) for column in ticks),
        volume=table[:, 4].copy(),
    )


class Scripted(Strategy):
    """Runs a function ``script(ctx, bar, number)`` on each bar, numbers from 0."""

    def __init__(self, script: Callable[..., Any], *, warmup: int = 0) -> None:
        super().__init__()
        self.script, self.number, self.warmup = script, 0, warmup
        self.fills: list[tuple[float, float]] = []
        self.updates: list[tuple[int, int]] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.script(ctx, bar, self.number)
        self.number += 1

    def on_fill(self, ctx: Any, fill: Any) -> None:
        self.fills.append((fill.side * fill.quantity, fill.price))

    def on_order(self, ctx: Any, order: Any) -> None:
        self.updates.append((order.status, order.reason))


@dataclass
class Look:
    """An outcome in the words of a test."""

    outcome: Outcome

    @property
    def fills(self) -> list[tuple[float, float]]:
        """(signed lots, price in hundredths) of each fill."""
        rows = self.outcome.fills
        return [(int(r["side"] * r["quantity"]), int(r["price"]) / 100) for r in rows]

    @property
    def statuses(self) -> list[OrderStatus]:
        return [OrderStatus(int(status)) for status in self.outcome.orders["status"]]

    @property
    def reasons(self) -> list[int]:
        return [int(reason) for reason in self.outcome.orders["reason"]]

    @property
    def fill_reasons(self) -> list[int]:
        return [int(reason) for reason in self.outcome.fills["reason"]]


def play(
    bars: Sequence[tuple[float, ...]],
    script: Callable[..., Any],
    *,
    one: Instrument | None = None,
    warmup: int = 0,
    plan: dict[str, Any] | None = None,
    **assumptions: Any,
) -> Look:
    """Run a script over bars, free of slippage and volume limits unless told otherwise."""
    one = one or instrument()
    settings = Assumptions(**(FREE | assumptions))
    made = Plan(
        instruments=[one],
        columns=[columns(bars, one)],
        make_strategy=lambda: Scripted(script, warmup=warmup),
        assumptions=settings,
        **(plan or {}),
    )
    return Look(run(made, Mode.INTERPRETED))


def once(number: int, action: Callable[[Any], Any]) -> Callable[..., Any]:
    """A script that acts on one bar only."""

    def script(ctx: Any, bar: Any, at: int) -> None:
        if at == number:
            action(ctx)

    return script


def flat(*prices: float) -> list[tuple[float, ...]]:
    """Bars whose four prices are equal."""
    return [(price,) * 4 for price in prices]
