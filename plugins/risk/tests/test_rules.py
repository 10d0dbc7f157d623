"""Each limit at its boundary: exactly at it passes, one beyond does not."""

from __future__ import annotations

import copy

import pytest
from desk import HOUR, LAST, NOW, Desk
from tradectl_risk.flow import OrderRate, PriceCollar
from tradectl_risk.loss import DailyLoss
from tradectl_risk.orders import OrderNotional, OrderSize
from tradectl_risk.positions import GrossExposure, PositionNotional, PositionSize
from tradectl_sdk.domain.money import to_money
from tradectl_sdk.engine import DenyReason

DAY = 24 * HOUR
MIDNIGHT = NOW // DAY * DAY


def money(amount: int) -> int:
    return to_money(amount)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (OrderSize([7, 1]), DenyReason.ORDER_SIZE),
        (OrderNotional([money(700), 1]), DenyReason.NOTIONAL),
        (PositionSize([7, 1]), DenyReason.POSITION),
        (PositionNotional([money(700), 1]), DenyReason.POSITION),
        (GrossExposure(money(700)), DenyReason.POSITION),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_seven_lots_are_within_the_limit_and_eight_are_not(rule, reason, side):
    desk, rule = Desk(margin=True), copy.copy(rule)
    assert desk.ask(rule, 7, side=side) == 7
    assert desk.ask(rule, 8, side=side) == 0
    assert desk.ask(rule, 800, side=side, reduce_only=True) == 800
    assert rule.reason == reason
    rule.resize = True
    assert desk.ask(rule, 800, side=side) == 7


def test_a_notional_is_that_of_the_order_s_own_price():
    desk = Desk()
    rule = OrderNotional([money(700), 0])
    assert desk.buy(rule, 8, limit=8_750) == 8
    assert desk.buy(rule, 8, limit=8_751) == 0
    assert desk.buy(rule, 7, trigger=10_001) == 0


@pytest.mark.parametrize("rule", [PositionSize([10, 1]), PositionNotional([money(1000), 1])])
def test_a_position_counts_what_is_held_and_what_is_open(rule):
    desk = Desk(held=4).open(buys=3, sells=5)
    assert desk.buy(rule, 3) == 3
    assert desk.buy(rule, 4) == 0
    assert desk.sell(rule, 9) == 9
    assert desk.sell(rule, 10) == 0


@pytest.mark.parametrize(
    "rule", [PositionSize([5, 1]), PositionNotional([money(500), 1]), GrossExposure(money(500))]
)
def test_a_position_beyond_its_limit_may_only_come_back(rule):
    desk = Desk(held=8)
    assert desk.buy(rule, 1) == 0
    assert desk.sell(rule, 8) == 8
    assert desk.sell(rule, 8, trigger=9_900) == 8
    assert desk.sell(rule, 13) == 13
    assert desk.sell(rule, 17) == 0


def test_a_market_order_may_turn_a_position_and_a_resting_one_may_not_count_on_it():
    desk = Desk(held=10)
    rule = PositionSize([10, 1])
    assert desk.sell(rule, 20) == 20
    assert desk.sell(rule, 21) == 0
    assert desk.sell(rule, 10, trigger=9_000) == 10
    assert desk.sell(rule, 11, trigger=9_000) == 0


def test_a_position_is_valued_at_the_higher_of_its_order_s_and_the_last_price():
    desk = Desk()
    rule = PositionNotional([money(500), 0])
    assert desk.buy(rule, 5, limit=8_000) == 5
    assert desk.buy(rule, 6, limit=8_000) == 0
    assert desk.buy(rule, 5, trigger=10_001) == 0


def test_exposure_adds_up_long_and_short():
    desk = Desk(held=2, other=-3).open(buys=1)
    rule = GrossExposure(money(1000))
    assert desk.buy(rule, 4) == 4
    assert desk.buy(rule, 5) == 0
    assert desk.buy(rule, 4, trigger=10_001) == 0
    assert desk.buy(rule, 5, limit=8_000) == 0


def test_at_most_so_many_orders_in_any_interval():
    desk = Desk()
    rule = OrderRate(2, HOUR)
    asked = [desk.buy(rule, 1, now=NOW + at) for at in (0, 1, 2, HOUR - 1, HOUR, HOUR, HOUR + 1)]
    assert asked == [1, 1, 0, 0, 1, 0, 1]
    assert rule.reason == DenyReason.ORDER_RATE


def test_closing_orders_pass_the_rate_and_count():
    desk = Desk(held=9)
    rule = OrderRate(2, HOUR)
    assert [desk.sell(rule, 1, reduce_only=True, now=NOW + at) for at in range(5)] == [1] * 5
    assert desk.buy(rule, 1, now=NOW + HOUR + 2) == 0
    assert desk.buy(rule, 1, now=NOW + HOUR + 3) == 1


def test_prices_stay_within_the_collar():
    desk = Desk()
    rule = PriceCollar([5_000, 1])  # 50 basis points: half of one per cent
    assert desk.buy(rule, 1) == 1
    for price, allowed in [(9_950, 1), (9_949, 0), (10_050, 1), (10_051, 0)]:
        assert desk.buy(rule, 1, limit=price) == allowed
        assert desk.buy(rule, 1, trigger=price) == allowed
        assert desk.buy(rule, 1, limit=LAST, trigger=price) == allowed
    assert desk.sell(rule, 1, limit=20_000, reduce_only=True) == 1
    assert rule.reason == DenyReason.COLLAR


def daily(**more: object) -> DailyLoss:
    return DailyLoss(100, 1000, **more)  # type: ignore[arg-type]


def test_the_loss_of_a_day_counts_from_the_equity_it_began_with():
    desk = Desk(cash="900.01", margin=True)
    rule = daily()
    assert desk.buy(rule, 1) == 1
    desk = Desk(cash="900", margin=True)
    assert desk.buy(rule, 1) == 0
    assert rule.reason == DenyReason.DAILY_LOSS


def test_once_reached_the_limit_holds_until_the_next_day():
    desk = Desk(cash="1000", margin=True)
    rule = daily()
    rule.observe(MIDNIGHT + HOUR, 900.0)
    rule.observe(MIDNIGHT + 2 * HOUR, 1000.0)
    assert desk.buy(rule, 1, now=MIDNIGHT + 2 * HOUR) == 0
    assert desk.buy(rule, 1, now=MIDNIGHT + DAY - 1) == 0
    assert desk.buy(rule, 1, now=MIDNIGHT + DAY) == 1


def test_a_loss_over_night_belongs_to_the_new_day():
    rule = daily()
    rule.observe(MIDNIGHT + HOUR, 1000.0)
    desk = Desk(cash="900", margin=True)
    assert desk.buy(rule, 1, now=MIDNIGHT + DAY + HOUR) == 0


def test_the_instant_a_day_ends_is_where_the_next_begins():
    rule = daily()
    rule.observe(MIDNIGHT + HOUR, 1000.0)
    rule.observe(MIDNIGHT + DAY, 900.0)
    desk = Desk(cash="801", margin=True)
    assert desk.buy(rule, 1, now=MIDNIGHT + DAY + HOUR) == 1


def test_days_may_begin_when_a_session_closes():
    rule = daily(offset=21 * HOUR)
    rule.observe(MIDNIGHT + 20 * HOUR, 900.0)
    desk = Desk(cash="900", margin=True)
    assert desk.buy(rule, 1, now=MIDNIGHT + 20 * HOUR) == 0
    assert desk.buy(rule, 1, now=MIDNIGHT + 21 * HOUR) == 1


@pytest.mark.parametrize("from_peak", [False, True])
def test_the_loss_may_count_from_the_day_s_highest_equity(from_peak):
    rule = daily(from_peak=from_peak)
    rule.observe(MIDNIGHT + HOUR, 1050.0)
    desk = Desk(cash="950", margin=True)
    assert desk.buy(rule, 1, now=MIDNIGHT + 2 * HOUR) == (0 if from_peak else 1)


def test_after_a_bad_day_positions_may_only_get_smaller():
    desk = Desk(cash="400", margin=True, held=5).open(sells=2)
    rule = daily()
    assert desk.buy(rule, 1) == 0
    assert desk.sell(rule, 3) == 3
    assert desk.sell(rule, 4) == 0
    rule.resize = True
    assert desk.sell(rule, 4) == 3
    assert desk.sell(rule, 9, reduce_only=True) == 9
