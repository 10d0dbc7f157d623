from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.data.bars import Bars, to_floats, to_steps
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError, UsageError

if TYPE_CHECKING:
    from tradectl_sdk.domain.instrument import Instrument

STEPS = st.sampled_from(["1", "5", "100", "0.5", "0.25", "0.01", "0.00001", "0.00000001", "1E+2"])


@given(st.lists(st.integers(-(2**44), 2**44), min_size=1), STEPS)
def test_steps_become_the_floats_nearest_to_their_exact_decimals(
    counts: list[int], step: str
) -> None:
    values = to_floats(np.array(counts, np.int64), Decimal(step))
    assert [float(v) for v in values] == [float(n * Decimal(step)) for n in counts]


@given(st.lists(st.integers(-(2**44), 2**44), min_size=1), STEPS)
def test_floats_come_back_as_the_same_steps(counts: list[int], step: str) -> None:
    steps = np.array(counts, np.int64)
    assert np.array_equal(to_steps(to_floats(steps, Decimal(step)), Decimal(step)), steps)


def test_columns_are_read_only(instrument: Instrument) -> None:
    bars = _from_floats(instrument, 100.25)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1


def test_a_price_between_two_ticks_is_refused_with_its_place(instrument: Instrument) -> None:
    with pytest.raises(DataError, match=r"close of BTC/USDT\.SIM at row 2 was 100\.255"):
        _from_floats(instrument, 100.25, 100.255)


def test_columns_of_other_lengths_are_refused(instrument: Instrument) -> None:
    one, two = np.ones(1, np.int64), np.ones(2, np.int64)
    with pytest.raises(UsageError, match=r"column low was int64\[2\], expected int64\[1\]"):
        Bars(
            instrument=instrument,
            timeframe=Timeframe.parse("1m"),
            time=one,
            open=one,
            high=one,
            low=two,
            close=one,
            volume=one,
        )


def test_a_bar_is_known_when_it_closes(instrument: Instrument) -> None:
    bars = _from_floats(instrument, 100.25, 101.0)
    assert list(bars.close_time - bars.time) == [60 * 10**9] * 2


def _from_floats(instrument: Instrument, *closes: float) -> Bars:
    flat = np.full(len(closes), 100.0)
    return Bars.from_floats(
        instrument,
        Timeframe.parse("1m"),
        time=60 * 10**9 * np.arange(len(closes), dtype=np.int64),
        open=flat,
        high=flat + 5,
        low=flat,
        close=np.array(closes),
        volume=flat,
    )
