"""Lengths of bars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.domain.timeframe import SECOND, Timeframe
from tradectl_sdk.errors import UsageError

counts, unit = st.integers(1, 99_999), st.sampled_from("smhdw")


@given(counts, unit)
def test_text_and_length_survive_the_round_trip(count, letter):
    frame = Timeframe.parse(f"{count}{letter}")
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[letter]
    assert frame.nanoseconds == count * seconds * SECOND
    assert Timeframe.parse(str(frame)) == frame
    assert len(str(frame)) <= len(f"{count}{letter}")


@pytest.mark.parametrize(
    ("text", "short"), [("60s", "1m"), ("90m", "90m"), ("24h", "1d"), ("7d", "1w"), ("36h", "36h")]
)
def test_text_is_in_the_largest_unit_that_divides_it(text, short):
    assert str(Timeframe.parse(text)) == short


@pytest.mark.parametrize(
    "text", ["", "m", "0m", "-1m", "1", "1M", "1mo", " 1m", "1m ", "1.5h", "100000s", "01m", "١m"]
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="timeframe was") as caught:
        Timeframe.parse(text)
    assert "15m" in caught.value.hint


def test_a_timeframe_is_its_own_parse_and_has_an_order():
    frame = Timeframe.parse("4h")
    assert Timeframe.parse(frame) is frame
    assert Timeframe.parse("1m") < frame < Timeframe.parse("1d")
