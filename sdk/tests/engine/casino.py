"""Where the gambler plays: random markets, plans over them, and what makes two games the same."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from gambler import Gambler
from tradectl_sdk.engine import Assumptions, Outcome, Plan
from workbench import columns, instrument

FEE = Decimal("0.001")


def market(seed: int, bars: int, volume: float = 100.0) -> list[tuple[float, ...]]:
    """A jumpy random walk on the cent grid."""
    rng = np.random.default_rng(seed)
    close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.02, bars))), 2)
    open_ = np.round(np.r_[50.0, close[:-1]] * np.exp(rng.normal(0, 0.01, bars)), 2)
    high = np.round(np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.01, bars))), 2)
    low = np.round(np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.01, bars))), 2)
    lots = np.round(volume * np.exp(rng.normal(0, 1, bars)))
    return list(zip(open_, high, low, close, lots, strict=True))


def make_plan(seed: int, count: int, bars: int, assumptions: Assumptions) -> Plan:
    ones = [instrument(f"S{k}", taker_fee=FEE, maker_fee=-FEE / 4) for k in range(count)]
    return Plan(
        instruments=ones,
        columns=[columns(market(seed + k, bars), one, k) for k, one in enumerate(ones)],
        make_strategy=lambda: Gambler(seed=seed + 1),
        assumptions=assumptions,
    )


def same(one: Outcome, other: Outcome) -> None:
    """Fail unless two outcomes are equal to the byte."""
    assert one.orders.tobytes() == other.orders.tobytes()
    assert one.fills.tobytes() == other.fills.tobytes()
    assert one.equity.tobytes() == other.equity.tobytes()
    assert one.times.tobytes() == other.times.tobytes()
    assert (one.cash, one.final_equity) == (other.cash, other.final_equity)
    assert one.positions == other.positions
    for mine, yours in zip(one.strategies, other.strategies, strict=True):
        assert vars(mine) == vars(yours)
