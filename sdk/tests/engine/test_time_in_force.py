"""How long orders live, to the nanosecond."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk.domain.orders import OrderStatus, TimeInForce
from tradectl_sdk.engine import Assumptions, Mode, Plan, run
from workbench import DAY, FREE, START, Look, Scripted, columns, flat, instrument, once, play

HOUR = DAY // 24


def on_days(days, bars, script, *, one=None, length=DAY):
    """Run a script over bars that end so many days after the start (a Wednesday)."""
    one = one or instrument(calendar="weekdays")
    series = columns(bars, one, 0, length)
    series = replace(series, time=START + np.rint(DAY * np.array(days)).astype(np.int64))
    plan = Plan(
        instruments=[one],
        columns=[series],
        make_strategy=lambda: Scripted(script),
        assumptions=Assumptions(**FREE),
    )
    return Look(run(plan, Mode.INTERPRETED))


def good_till(offset, **terms):
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1, time_in_force=TimeInForce.GTD, until=ctx.time + offset, **terms)

    return script


DIP = [*flat(10), (10, 10, 4, 10), (10, 10, 4, 10)]


@pytest.mark.parametrize(
    ("offset", "filled"), [(1, 0), (DAY - 1, 0), (DAY, 1), (DAY + 1, 1), (2 * DAY, 1)]
)
def test_inside_a_bar_an_order_fills_only_if_it_lives_to_its_end(offset, filled):
    look = play(DIP[:2], good_till(offset, limit=5.0))
    assert len(look.fills) == filled
    assert look.statuses == [OrderStatus.FILLED if filled else OrderStatus.EXPIRED]


def test_an_order_that_ends_inside_a_bar_may_still_fill_at_its_open():
    assert play([*flat(10), (4, 4, 4, 4)], good_till(1, limit=5.0)).fills == [(1, 4.0)]
    assert play(flat(10, 11), good_till(1)).fills == [(1, 11.0)]


def test_an_order_is_over_when_the_bar_that_ends_with_it_is_told():
    seen = []

    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1, limit=5.0, time_in_force=TimeInForce.DAY)
        seen.append(ctx.open_orders)

    look = play(flat(10, 10, 10), script)
    assert seen == [1, 0, 0]
    assert look.outcome.orders["closed"].tolist() == [START + 2 * DAY]


def test_no_fill_is_later_than_the_expiry_of_its_order():
    look = play(DIP, good_till(DAY + DAY // 2, limit=5.0))
    fill, order = look.outcome.fills[0], look.outcome.orders[0]
    assert fill["time"] <= order["expires"]


day = once(0, lambda ctx: ctx.buy(1, limit=5.0, time_in_force=TimeInForce.DAY))


@pytest.mark.parametrize("decided", [3, 4, 5])  # ends of Friday, Saturday and Sunday
def test_a_day_order_of_a_weekend_is_good_for_monday(decided):
    bars = [*flat(10), (10, 10, 4, 10)]
    look = on_days([decided, 6], bars, day)
    assert look.fills == [(1, 5.0)]
    assert look.outcome.orders["expires"].tolist() == [START + 6 * DAY]
    gone = on_days([decided, 6, 7], [*flat(10, 10), (10, 10, 4, 10)], day)
    assert gone.statuses == [OrderStatus.EXPIRED]


def test_a_market_that_never_closes_has_days_on_weekends_too():
    look = on_days([3, 6], [*flat(10), (10, 10, 4, 10)], day, one=instrument())
    assert look.fills == []
    assert look.outcome.orders["expires"].tolist() == [START + 4 * DAY]


@pytest.mark.parametrize(
    ("hours", "expires"), [(20, 21), (21, 45), (22, 45), (69, 69 + 72), (70, 69 + 72)]
)
def test_a_day_ends_at_the_close_of_the_session(hours, expires):
    # From Friday 21:00, 69 hours after the start of Wednesday, the day is Monday's.
    one = instrument(calendar="weekdays", session_close=21 * 60)
    look = on_days([hours / 24, 30], flat(10, 10), day, one=one, length=HOUR)
    assert look.outcome.orders["expires"].tolist() == [START + expires * HOUR]


def test_a_market_order_good_for_the_day_keeps_what_volume_left_until_its_end():
    bars = [(10, 10, 10, 10, 100)] * 3
    script = once(0, lambda ctx: ctx.buy(25, time_in_force=TimeInForce.DAY))
    look = play(bars, script, volume_share=Decimal("0.1"))
    assert look.fills == [(10, 10.0)]
    assert look.statuses == [OrderStatus.EXPIRED]
