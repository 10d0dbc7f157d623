"""The grid of an instrument."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.domain.instrument import Instrument, parse_instrument_id
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.errors import UsageError

steps = st.sampled_from(
    [Decimal(text) for text in ("1", "0.25", "0.005", "0.01", "1e-8", "5", "100", "0.3")]
)


def make(**changes) -> Instrument:
    grid = {"tick_size": Decimal("0.25"), "lot_size": Decimal("0.001")}
    return Instrument(symbol="ES", venue="TEST", **(grid | changes))


@given(steps, st.integers(0, 10**12))
def test_ticks_and_lots_survive_the_way_to_decimals_and_back(step, count):
    one = make(tick_size=step, lot_size=step)
    assert one.price_to_ticks(one.ticks_to_price(count)) == count
    assert one.nearest_ticks(one.ticks_to_price(count)) == count
    assert one.quantity_to_lots(one.lots_to_quantity(count)) == count


@given(steps, st.decimals(min_value=0, max_value=10**6, places=9))
def test_a_price_is_rounded_to_the_nearest_tick_and_a_quantity_down(step, number):
    one = make(tick_size=step, lot_size=step)
    assert abs(one.ticks_to_price(one.nearest_ticks(number)) - number) * 2 <= step
    assert 0 <= number - one.lots_to_quantity(one.quantity_to_lots(number)) < step


@given(steps, steps, st.sampled_from([Decimal(1), Decimal(50), Decimal("0.1")]))
def test_the_value_of_a_tick_on_a_lot_is_exact(tick, lot, multiplier):
    one = make(tick_size=tick, lot_size=lot, multiplier=multiplier)
    assert one.value_scale == Fraction(tick) * Fraction(lot) * Fraction(multiplier) * MONEY_UNITS


def test_halves_go_to_the_even_tick_and_less_than_a_lot_is_none():
    one = make()
    assert [one.nearest_ticks(text) for text in ("0.125", "0.375")] == [0, 2]
    assert one.quantity_to_lots("-0.0019") == -1
    assert one.quantity_to_lots(0.0009) == 0


@pytest.mark.parametrize("price", ["0.1", 0.3, Decimal("0.2500001")])
def test_a_price_between_two_ticks_is_refused(price):
    with pytest.raises(UsageError, match=r"price of ES.TEST was .* expected a multiple of 0.25"):
        make().price_to_ticks(price)


@pytest.mark.parametrize("convert", ["price_to_ticks", "nearest_ticks", "quantity_to_lots"])
@pytest.mark.parametrize("number", ["NaN", float("inf"), "x"])
def test_only_numbers_lie_on_the_grid(convert, number):
    with pytest.raises(UsageError, match="expected a finite number"):
        getattr(make(), convert)(number)


@pytest.mark.parametrize("name", ["tick_size", "lot_size", "multiplier"])
@pytest.mark.parametrize("value", [Decimal(0), Decimal(-1)])
def test_every_step_is_above_zero(name, value):
    with pytest.raises(UsageError, match=f"{name} of ES.TEST was .* expected more than 0"):
        make(**{name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tick_size": Decimal("NaN")}, "expected a finite number"),
        ({"calendar": "sundays"}, "expected 24/7 or weekdays"),
        ({"session_close": 1440}, "expected 0 to 1439 minutes"),
        ({"session_close": -1}, "expected 0 to 1439 minutes"),
    ],
)
def test_what_is_no_instrument_is_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        make(**changes)


@pytest.mark.parametrize("text", ["", "SPX", ".SAMPLE", "SPX.", "."])
def test_a_name_has_a_symbol_and_a_venue(text):
    with pytest.raises(UsageError, match=r"expected SYMBOL\.VENUE"):
        parse_instrument_id(text)


def test_a_symbol_may_hold_dots():
    assert parse_instrument_id("BRK.B.NYSE") == ("BRK.B", "NYSE")
    assert make().id == "ES.TEST"
