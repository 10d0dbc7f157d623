from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import noised_prices

CLOSE = 10_000 + np.cumsum(np.random.default_rng(1).integers(-60, 61, 500))
BARS = np.stack([CLOSE - 10, CLOSE + 50, CLOSE - 50, CLOSE])


@settings(max_examples=15, deadline=None)
@example(noise=5e-324, seed=0)
@given(noise=st.floats(0, 3), seed=st.integers(0, 9))
def test_bars_stay_bars(noise: float, seed: int) -> None:
    opened, high, low, close = noised_prices(
        BARS, noise=noise, generator=np.random.default_rng(seed)
    )
    assert (high >= np.maximum(opened, close)).all()
    assert (low <= np.minimum(opened, close)).all()
    assert (low >= 1).all()


def test_no_noise_is_the_same_bars() -> None:
    same = noised_prices(BARS, noise=0.0, generator=np.random.default_rng(0))
    assert np.array_equal(same, BARS)


def test_the_noise_is_as_large_as_asked_and_does_not_add_up() -> None:
    moved = noised_prices(BARS, noise=0.2, generator=np.random.default_rng(0))
    apart = moved[3] - BARS[3]
    assert apart.std() == pytest.approx(20, rel=0.1)  # a fifth of the range of 100 ticks
    assert abs(apart[250:].mean() - apart[:250].mean()) < 5


def test_bars_without_a_range_and_negative_noise_are_refused() -> None:
    flat = np.tile(CLOSE, (4, 1))
    with pytest.raises(UsageError, match="one price only"):
        noised_prices(flat, noise=0.1, generator=np.random.default_rng(0))
    with pytest.raises(UsageError, match="noise was -1"):
        noised_prices(BARS, noise=-1.0, generator=np.random.default_rng(0))
