"""What the account can pay for, to the last money unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from desk import Desk
from tradectl_risk.account import CashAccount, MarginAccount
from tradectl_sdk.engine import DenyReason

HALF = 500_000


def cash_rule(desk: Desk, slippage_bps: float = 0, *, resize: bool = False) -> CashAccount:
    return CashAccount(desk.costs(slippage_bps), resize=resize)


def margin_rule(desk: Desk, share: int = HALF, *, resize: bool = False) -> MarginAccount:
    return MarginAccount(desk.costs(), share, resize=resize)


def test_cash_may_be_spent_to_the_last_and_no_further():
    desk = Desk(cash="1000")
    assert desk.buy(cash_rule(desk), 10) == 10
    assert desk.buy(cash_rule(desk), 11) == 0
    poorer = Desk(cash="999.99999999")
    assert poorer.buy(cash_rule(poorer), 10) == 0


def test_what_is_missing_has_its_reason():
    desk = Desk(cash="1000")
    rule = cash_rule(desk)
    desk.buy(rule, 11)
    assert rule.reason == DenyReason.CASH
    desk.sell(rule, 1)
    assert rule.reason == DenyReason.SHORT


def test_fee_and_slippage_need_cash_too():
    fee = {"taker_fee": Decimal("0.001")}
    assert Desk(cash="1001", **fee).buy(cash_rule(Desk(**fee)), 10) == 10
    assert Desk(cash="1000.99", **fee).buy(cash_rule(Desk(**fee)), 10) == 0
    assert Desk(cash="1001").buy(cash_rule(Desk(), 10), 10) == 10
    assert Desk(cash="1000.99").buy(cash_rule(Desk(), 10), 10) == 0


def test_a_rebate_is_not_spent_beforehand():
    rebate = {"taker_fee": Decimal("-0.001")}
    assert Desk(cash="999.99", **rebate).buy(cash_rule(Desk(**rebate)), 10) == 0


def test_a_limit_buy_needs_its_limit_and_never_slips():
    desk = Desk(cash="900")
    assert desk.buy(cash_rule(desk, 100), 10, limit=9_000) == 10
    assert desk.buy(cash_rule(desk, 100), 10, limit=9_001) == 0
    assert desk.buy(cash_rule(desk, 100), 10, trigger=9_000) == 0


@pytest.mark.parametrize("where", [0, 1])
def test_open_buys_keep_their_cash_in_every_instrument(where):
    desk = Desk(cash="1000").open(buys=4, instrument=where)
    assert desk.buy(cash_rule(desk), 6) == 6
    assert desk.buy(cash_rule(desk), 7) == 0


def test_no_more_is_sold_than_is_held_and_not_yet_offered():
    desk = Desk(held=10).open(sells=4)
    assert desk.sell(cash_rule(desk), 6) == 6
    assert desk.sell(cash_rule(desk), 7) == 0
    assert desk.sell(cash_rule(desk), 10, reduce_only=True) == 10


def test_an_order_can_be_cut_down_to_what_is_affordable():
    desk = Desk(cash="1000", held=3)
    assert desk.buy(cash_rule(desk, resize=True), 500) == 10
    assert desk.sell(cash_rule(desk, resize=True), 500) == 3
    nothing = Desk(cash="99.99")
    assert nothing.buy(cash_rule(nothing, resize=True), 500) == 0


@pytest.mark.parametrize("side", [1, -1])
def test_equity_must_cover_its_share_of_the_position(side):
    desk = Desk(cash="1000", margin=True)
    assert desk.ask(margin_rule(desk), 20, side=side) == 20
    assert desk.ask(margin_rule(desk), 21, side=side) == 0
    assert desk.ask(margin_rule(desk, 1_000_000), 10, side=side) == 10
    assert desk.ask(margin_rule(desk, 1_000_000), 11, side=side) == 0
    assert desk.ask(margin_rule(desk, resize=True), 10**9, side=side) == 20


def test_margin_counts_every_instrument_and_the_worse_side_of_its_open_orders():
    desk = Desk(cash="2000", margin=True, other=-10).open(buys=2, sells=5)
    desk.open(buys=30, sells=0, instrument=1)
    # B: short 10, or long 20 once 30 are bought; equity 2000 - 1000 covers 20 in all.
    assert desk.buy(margin_rule(desk), 3) == 3
    assert desk.buy(margin_rule(desk), 4) == 0
    desk.open(buys=10, sells=0, instrument=1)
    assert desk.buy(margin_rule(desk), 8) == 8
    assert desk.buy(margin_rule(desk), 9) == 0
    assert desk.sell(margin_rule(desk), 5) == 5
    assert desk.sell(margin_rule(desk), 6) == 0


def test_an_account_below_its_margin_may_still_trade_back():
    desk = Desk(cash="-950", margin=True, held=10)
    assert desk.buy(margin_rule(desk), 1) == 0
    assert desk.sell(margin_rule(desk), 10) == 10
    assert desk.sell(margin_rule(desk), 21) == 0
    assert margin_rule(desk).reason == DenyReason.MARGIN


def test_values_beyond_exact_arithmetic_are_refused_not_wrapped():
    desk = Desk(cash="90000000000", margin=True)
    assert desk.buy(margin_rule(desk), 10**12) == 0
    assert desk.buy(cash_rule(desk), 10**12) == 0
