"""Exact amounts at the edges of the engine."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.domain.money import (
    MAX_INT64,
    MONEY_UNITS,
    as_decimal,
    from_money,
    plain,
    to_money,
)
from tradectl_sdk.errors import UsageError

units = st.integers(-MAX_INT64, MAX_INT64)
decimals = st.decimals(
    allow_nan=False, allow_infinity=False, places=12, min_value=-(10**9), max_value=10**9
)


@given(units)
def test_money_units_survive_the_way_out_and_back(amount):
    assert to_money(from_money(amount)) == amount


@given(decimals)
def test_an_amount_is_off_by_half_a_unit_at_most(amount):
    assert abs(from_money(to_money(amount)) - amount) * MONEY_UNITS * 2 <= 1


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0.000000005", 0),
        ("0.000000015", 2),
        ("-0.000000005", 0),
        ("-0.000000015", -2),
        (0.1, 10**7),
    ],
)
def test_halves_go_to_the_even_unit(amount, expected):
    assert to_money(amount) == expected


def test_an_amount_must_fit_64_bits():
    largest = from_money(MAX_INT64)
    assert to_money(largest) == MAX_INT64
    assert to_money(-largest) == -MAX_INT64
    for beyond in (largest + Decimal("1e-8"), -largest - Decimal("1e-8")):
        with pytest.raises(UsageError, match="expected at most 92233720368"):
            to_money(beyond)


@pytest.mark.parametrize(
    "value", ["", "ten", "1,5", float("nan"), float("inf"), "-Infinity", "sNaN"]
)
def test_only_finite_numbers_are_numbers(value):
    with pytest.raises(UsageError, match=r"price was .* expected a finite number"):
        as_decimal(value, "price")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_taken_by_its_shortest_text(value):
    assert as_decimal(value) == Decimal(repr(value))


@given(decimals)
def test_plain_text_has_no_exponent_and_loses_nothing(number):
    text = plain(number)
    assert "E" not in text
    assert Decimal(text) == number
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("number", "text"), [("1E+2", "100"), ("1.500", "1.5"), ("0E-8", "0"), ("1E-8", "0.00000001")]
)
def test_plain_text_as_people_write_it(number, text):
    assert plain(Decimal(number)) == text
