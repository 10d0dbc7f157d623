"""What the usual case is spared changes no result: the long way round says the same."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tradectl_sdk.domain.money import MOST_AT_ONCE, MOST_MONEY
from tradectl_sdk.engine import Account, BasisPoints, Market, ShareOfValue
from workbench import instrument

FEW = settings(max_examples=60, deadline=None)
powers = st.integers(0, 61).flatmap(lambda n: st.integers(0, 2**n))
signed = st.builds(lambda n, up: n if up else -n, powers, st.booleans())


@FEW
@given(powers.map(lambda n: n + 1), powers.map(lambda n: n + 1), st.sampled_from(range(13)))
def test_a_value_is_rounded_half_up_whichever_formula_works_it_out(ticks, lots, digits):
    one = instrument(tick_size=Decimal(1).scaleb(-digits), lot_size=Decimal("0.0000001"))
    market = Market.standing_at([one], [1])
    scale = one.value_scale
    if not market.fits(0, ticks, lots):
        return

    exact = (2 * ticks * lots * scale.numerator + scale.denominator) // (2 * scale.denominator)
    assert market.value(0, ticks, lots) == exact
    if market.is_plain(0, ticks, lots):
        assert market.plain_value(0, ticks, lots) == exact
        assert market.plain_value(0, ticks, max(lots // 3, 1)) == market.value(
            0, ticks, max(lots // 3, 1)
        )


@FEW
@given(powers, st.sampled_from(["0", "0.001", "0.00025", "-0.0001", "0.999999999"]))
def test_a_fee_is_rounded_up_however_large_the_value(value, rate):
    fees = ShareOfValue([instrument(taker_fee=Decimal(rate), maker_fee=Decimal("0.0001"))])

    exact = -(-value * int(Decimal(rate) * 10**9) // 10**9)
    assert fees.fee(0, 1, value, False, 0) == exact


@FEW
@given(signed, signed, powers, signed, st.sampled_from([1, -1]))
@example(1 - 2**61, 0, 2**61, 2, 1)
@example(0, 1 - 2**61, 0, -(2**61), 1)
def test_an_account_bears_what_its_bounds_say(cash, fees, value, fee, side):
    account = Account(Market.standing_at([instrument()], [1]), 2 * cash, margin=True)
    account.fees = 2 * fees

    left = account.cash - (side * value + fee)
    whole = -MOST_MONEY < left < MOST_MONEY and abs(account.fees + fee) < MOST_MONEY
    assert account.bears(side, value, fee) == (whole and abs(fee) < MOST_AT_ONCE)


def test_no_slippage_is_none_whatever_the_price():
    assert BasisPoints(0).slip(0, 10**15 + 1, 1, 0) == 0
    assert BasisPoints(1).slip(0, 10**15 + 1, 1, 0) == 10**11 + 1
