"""The flagship on bars made by hand: what it buys, what it leaves, where it gets out."""

from __future__ import annotations

import pytest
from handmade import Row, decisions, play, row
from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.engine import Mode, Outcome
from tradectl_strategies.support_resistance import SupportResistance

# Swings alone, so that the levels are those drawn below: support near 100, resistance near 110.
SWINGS: dict[str, object] = {
    "pivots": False,
    "profile": False,
    "swing_bars": 2,
    "atr_bars": 3,
    "volume_bars": 3,
}


def wave() -> list[Row]:
    """Down to 100 and up to 110, three times, a bar two wide; closes in the middle."""
    middles = [105, 107, 109, 107, 105, 103, 101, 103] * 3
    return [row(middle - 1.0, middle + 1.0, middle) for middle in middles]


REST = row(104.0, 106.0, 105.0)
BOUNCE = row(100.1, 103.0, 102.8)
BREAK = row(108.0, 112.2, 112.0, 2e6)
FAINT_BREAK = row(108.0, 112.2, 112.0, 0.5e6)
BEYOND = row(111.5, 113.5, 113.0)
RETEST = row(110.1, 112.5, 111.5)
BACK = row(107.0, 111.0, 108.0)
APPROACH = row(107.0, 109.0, 108.5)


def make(rows: list[Row], *, mode: Mode = Mode.INTERPRETED, **parameters: object) -> Outcome:
    given: dict[str, object] = SWINGS | {"warmup": 5} | parameters
    return play(SupportResistance, rows, mode=mode, **given)


def test_a_bounce_off_support_is_bought_with_stop_and_target() -> None:
    rows = [*wave(), REST, row(101.5, 104.5, 102.0), BOUNCE, REST]
    outcome = make(rows)
    assert decisions(outcome) == [(len(rows) - 2, 1)]
    entry, target, stop = outcome.orders
    assert (target["type"], stop["type"]) == (OrderType.LIMIT, OrderType.STOP)
    assert 9_600 < stop["trigger"] < 10_000
    risk = 10_280 - stop["trigger"]
    assert target["limit"] - 10_280 >= 2 * risk
    # The stop costs one per cent of the equity.
    assert entry["quantity"] * risk / 100 == pytest.approx(1_000, rel=0.01)


@pytest.mark.parametrize(
    "bar",
    [
        row(101.0, 103.0, 102.8),  # stays above the level
        row(98.5, 103.0, 102.8),  # goes through it
        row(100.1, 103.0, 100.6),  # closes near its low
    ],
)
def test_what_is_no_bounce_is_left_alone(bar: Row) -> None:
    assert decisions(make([*wave(), REST, row(101.5, 104.5, 102.0), bar, REST])) == []


def test_a_bounce_off_resistance_is_sold_only_when_shorts_are_wanted() -> None:
    rows = [*wave(), REST, APPROACH, row(107.0, 109.9, 107.2), REST]
    assert decisions(make(rows)) == []
    outcome = make(rows, trade_shorts=True)
    assert decisions(outcome) == [(len(rows) - 2, -1)]
    assert outcome.orders["trigger"][2] > 11_000
    assert outcome.orders["limit"][1] < 10_720


def test_a_break_that_held_is_bought_on_its_retest() -> None:
    rows = [*wave(), REST, APPROACH, BREAK, BEYOND, BEYOND, RETEST, BEYOND]
    outcome = make(rows, trade_bounces=False)
    assert decisions(outcome) == [(len(rows) - 2, 1)]
    assert outcome.orders["trigger"][2] < 11_000


def test_a_false_break_is_not_bought_even_when_it_is_tested_later() -> None:
    rows = [*wave(), REST, APPROACH, BREAK, BACK, APPROACH, RETEST, REST]
    outcome = make(rows, trade_bounces=False)
    assert decisions(outcome) == []
    assert outcome.strategies[0].upward.false_breaks == 1


def test_a_break_without_volume_is_not_bought() -> None:
    rows = [*wave(), REST, APPROACH, FAINT_BREAK, BEYOND, BEYOND, RETEST, BEYOND]
    assert decisions(make(rows, trade_bounces=False)) == []
    assert decisions(make(rows, trade_bounces=False, break_volume=0.0)) != []


def test_signals_and_sources_can_be_switched_off() -> None:
    rows = [*wave(), REST, row(101.5, 104.5, 102.0), BOUNCE, REST]
    assert decisions(make(rows, trade_bounces=False)) == []
    assert decisions(make(rows, swings=False)) == []


def test_pivots_and_profile_are_levels_too() -> None:
    rows = [row(100.0, 110.0, 105.0) for _ in range(7)]  # a week: pivots 105, 100, 110, ...
    rows += [row(101.0, 103.0, 102.0), row(101.0, 103.0, 102.5), REST]
    assert decisions(make(rows, swings=False)) == []
    assert decisions(make(rows, swings=False, pivots=True)) == [(8, 1)]
    rows = [row(100.0, 100.5, 100.2, 9e6) if k % 2 else row(104.0, 105.0, 104.5) for k in range(20)]
    rows += [row(103.0, 105.0, 104.0), row(100.2, 104.0, 103.9), REST]
    outcome = make(rows, swings=False, profile=True, profile_bars=10, reach=1.0)
    assert decisions(outcome)[-1] == (21, 1)


def test_one_position_at_a_time() -> None:
    dip = [row(101.5, 104.5, 102.0), BOUNCE]
    outcome = make([*wave(), REST, *dip, *dip, *dip, REST])
    assert len(decisions(outcome)) == 1


def test_orders_wait_for_the_warm_up() -> None:
    rows = [*wave(), REST, row(101.5, 104.5, 102.0), BOUNCE, REST]
    assert len(make(rows).orders) == 3
    assert len(make(rows, warmup=50).orders) == 0  # not even denied ones


@pytest.mark.parametrize(
    ("sources", "known"),
    [
        ({"swings": True, "swing_lifetime": 30}, 30 + 2 * 2),
        ({"profile": True, "swings": False, "profile_bars": 40}, 40),
        ({"pivots": True, "swings": False, "pivot_days": 9}, 18),
        ({"swings": False}, 0),
    ],
)
def test_the_warm_up_is_what_its_levels_and_ranges_remember(
    sources: dict[str, object], known: int
) -> None:
    range_, proof = 1 + 3 + 18, 2 + 20  # an average of three ranges fades in 18 bars
    outcome = make([REST] * 3, **sources, warmup=None)
    assert outcome.strategies[0].warmup == range_ + known + proof


def test_machine_code_agrees_on_every_hand_made_case() -> None:
    rows = [*wave(), REST, APPROACH, BREAK, BEYOND, BEYOND, RETEST, BEYOND, *wave(), BOUNCE, REST]
    one = make(rows, trade_shorts=True)
    other = make(rows, mode=Mode.COMPILED, trade_shorts=True)
    assert len(one.orders) > 3
    assert one.orders.tobytes() == other.orders.tobytes()
    assert one.equity.tobytes() == other.equity.tobytes()
