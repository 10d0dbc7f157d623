"""Where the gambler plays: random markets, plans over them, and what makes two games the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from gambler import Gambler
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tradectl_sdk.engine import (
    Assumptions,
    BarPath,
    Columns,
    LimitFill,
    MarketFill,
    Outcome,
    Plan,
)
from workbench import columns, instrument

FEE = Decimal("0.001")


assumptions = st.builds(
    Assumptions,
    cash=st.sampled_from([Decimal(500), Decimal(100_000)]),
    margin=st.booleans(),
    market_fill=st.sampled_from(MarketFill),
    limit_fill=st.sampled_from(LimitFill),
    bar_path=st.sampled_from(BarPath),
    volume_share=st.sampled_from([Decimal(0), Decimal("0.05"), Decimal(1)]),
    slippage_bps=st.sampled_from([Decimal(0), Decimal("2.5"), Decimal(50)]),
    exits_in_entry_bar=st.booleans(),
)
seeds = st.integers(0, 10_000)
several = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


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


def shortened(series: Columns, bars: int) -> Columns:
    cut = slice(0, bars)
    return replace(
        series,
        time=series.time[cut],
        ticks=tuple(column[cut] for column in series.ticks),
        lots=series.lots[cut],
        prices=tuple(column[cut] for column in series.prices),
        volume=series.volume[cut],
    )
