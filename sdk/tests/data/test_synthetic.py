from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.data.synthetic import MarketModel, Regime, synthetic_market
from tradectl_sdk.data.walk import random_walk
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from tradectl_sdk.data import Bars, Catalog

A = Instrument(symbol="A", venue="SYN", tick_size=Decimal("0.01"), lot_size=Decimal("0.001"))
B = replace(A, symbol="B", tick_size=Decimal("0.05"))


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    first, again, other = (
        [_digest(s.bars) for s in synthetic_market([A, B], "1m", 3000, seed=seed)]
        for seed in (7, 7, 8)
    )
    assert first == again
    assert not set(first) & set(other)


def test_a_shorter_market_is_a_prefix_of_a_longer_one() -> None:
    long = synthetic_market([A, B], "5m", 9000, seed=3)[1]
    short = synthetic_market([A, B], "5m", 5000, seed=3)[1]
    assert short.bars == long.bars.rows(0, 5000)
    assert np.array_equal(short.half_spread, long.half_spread[:5000])


def test_every_series_obeys_the_rules_of_stored_bars(catalog: Catalog) -> None:
    for series in synthetic_market([A, B], "1h", 20_000, seed=1):
        info = catalog.write(series.bars)
        assert info.missing == 0
        assert (series.half_spread >= 1).all()


def test_weekday_markets_rest_at_weekends(catalog: Catalog) -> None:
    stock = replace(A, calendar="weekdays")
    info = catalog.write(synthetic_market([stock], "1d", 500, seed=1)[0].bars)
    assert (info.rows, info.gaps) == (500, 0)
    days = catalog.bars("A.SYN", "1d").time // (86_400 * 10**9)
    assert set((days + 3) % 7) == {0, 1, 2, 3, 4}


def test_returns_have_the_correlation_and_volatility_asked_for() -> None:
    model = MarketModel(regimes=(Regime("only", 0.0, 0.5),), correlation=0.7, jumps_per_year=0.0)
    fine = [replace(i, tick_size=Decimal("0.000001")) for i in (A, B)]
    one, two = synthetic_market(fine, "1h", 50_000, seed=2, model=model)
    moves = [np.diff(np.log(s.bars.floats("close"))) for s in (one, two)]
    assert np.corrcoef(*moves)[0, 1] == pytest.approx(0.7, abs=0.01)
    assert moves[0].std() * np.sqrt(365 * 24) == pytest.approx(0.5, rel=0.02)


def test_regimes_switch_jumps_fatten_tails_and_volume_follows_the_day() -> None:
    calm = MarketModel(regimes=(Regime("only", 0.0, 0.5),), jumps_per_year=0.0)
    jumpy = replace(calm, jumps_per_year=300.0)
    tails = [
        _kurtosis(synthetic_market([A], "1h", 20_000, seed=4, model=m)[0].bars)
        for m in (calm, jumpy)
    ]
    assert tails[0] == pytest.approx(3.0, abs=0.2)
    assert tails[1] > 5.0
    series = synthetic_market([A], "1h", 20_000, seed=4)[0]
    assert set(series.regime) == {0, 1, 2, 3}
    hour = series.bars.time // (3600 * 10**9) % 24
    value = series.bars.floats("volume") * series.bars.floats("close")
    assert value[hour == 0].mean() > 1.5 * value[hour == 12].mean()


@pytest.mark.parametrize(
    ("instruments", "frame", "count"),
    [
        ([A, replace(B, calendar="weekdays")], "1m", 10),
        ([A], "1w", 10),
        ([A], "1m", 0),
        ([], "1m", 9),
    ],
)
def test_impossible_markets_are_refused(
    instruments: list[Instrument], frame: str, count: int
) -> None:
    with pytest.raises(UsageError):
        synthetic_market(instruments, frame, count, seed=1)


def test_a_model_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError):
        MarketModel(correlation=1.5)
    with pytest.raises(UsageError):
        MarketModel(daily_volume=0)


def test_the_benchmark_walk_follows_its_rule() -> None:
    rng = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0008, 500)))
    walk = random_walk(500, seed=7)
    assert np.array_equal(walk.floats("close"), np.round(close, 6))
    assert walk.floats("open")[0] == 100.0
    assert (walk.high >= walk.low).all()
    with pytest.raises(UsageError):
        random_walk(0, seed=1)


def _digest(bars: Bars) -> str:
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()


def _kurtosis(bars: Bars) -> float:
    moves = np.diff(np.log(bars.floats("close")))
    centred = moves - moves.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2)
