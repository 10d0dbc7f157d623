"""Sums of money are exact or refused, never wrapped around."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.records import FILL_DTYPE
from tradectl_sdk.errors import UsageError
from tradectl_sdk.runs import extract_trades
from tradectl_sdk.runs.values import exact_sum

WORDS = st.integers(-(2**63), 2**63 - 1)
ONE = Instrument(symbol="X", venue="T", tick_size=Decimal("0.01"), lot_size=Decimal(1))


@given(st.lists(WORDS, max_size=50))
def test_a_sum_is_what_python_says_it_is(values):
    assert exact_sum(np.array(values, np.int64)) == sum(values)


def bought(*lots: int) -> np.ndarray:
    fills = np.zeros(len(lots), FILL_DTYPE)
    fills["side"], fills["price"], fills["quantity"] = 1, 1000, lots
    return fills


def test_a_trade_that_cannot_be_counted_is_refused():
    large = 2 * 10**9  # worth twenty billion
    assert extract_trades(bought(large), [ONE])["quantity"].tolist() == [large]
    with pytest.raises(UsageError, match="a trade is worth more than 69,175,290,276"):
        extract_trades(bought(*[large] * 4), [ONE])
    with pytest.raises(UsageError, match="a trade is worth more"):
        extract_trades(bought(large), [ONE], marks=np.array([10_000]))
