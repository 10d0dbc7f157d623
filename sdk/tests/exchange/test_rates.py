from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.exchange import RateBudget, RateLimiter

SECOND = 1_000_000_000


def limiter(weight: int = 10, *, reserved: float = 0.2, orders: int = 0) -> RateLimiter:
    budgets = [RateBudget(weight=weight, interval=SECOND, reserved=reserved)]
    if orders:
        budgets.append(RateBudget(weight=orders, interval=SECOND, reserved=0, orders=True))
    return RateLimiter(budgets)


def test_nothing_waits_while_there_is_room() -> None:
    rates = limiter()
    for now in range(8):
        assert rates.wait(now) == 0
        rates.spend(now)

    assert rates.wait(8) == SECOND - 8  # until the first has left the window


def test_the_reserved_share_is_for_cancels_and_reconciliation() -> None:
    rates = limiter()
    rates.spend(0, 8)

    assert rates.wait(1, 2, reserved=True) == 0
    assert rates.wait(1, 1) == SECOND - 1
    rates.spend(1, 2)
    assert rates.wait(2, reserved=True) == SECOND - 2


def test_a_heavy_request_waits_until_enough_has_left_the_window() -> None:
    rates = limiter()
    rates.spend(0, 3)
    rates.spend(100, 3)
    rates.spend(200, 2)

    assert rates.wait(300, 3) == SECOND - 300
    assert rates.wait(300, 5) == SECOND - 200


def test_what_is_heavier_than_the_budget_passes_alone() -> None:
    rates = limiter()

    assert rates.wait(0, 50) == 0
    rates.spend(0, 1)
    assert rates.wait(1, 50) == SECOND - 1


def test_orders_are_counted_beside_the_weight() -> None:
    rates = limiter(weight=100, orders=2)
    rates.spend(0, orders=1)
    rates.spend(0, orders=1)

    assert rates.wait(1, orders=1) == SECOND - 1
    assert rates.wait(1) == 0


def test_what_the_venue_says_was_used_counts_when_it_is_more() -> None:
    rates = limiter()
    rates.spend(0, 5)
    rates.learn(1, 3, SECOND)
    assert rates.wait(2, 3) == 0
    rates.learn(2, 8, SECOND)
    assert rates.wait(3, 1) > 0
    assert rates.wait(2 + SECOND, 8) == 0


def test_what_it_says_of_an_interval_that_is_no_budget_is_left_alone() -> None:
    rates = limiter()
    rates.learn(0, 1000, 60 * SECOND)

    assert rates.wait(0, 8) == 0


def test_a_ban_holds_for_everything_and_is_not_shortened() -> None:
    rates = limiter()
    rates.close_until(5 * SECOND)
    rates.close_until(SECOND)

    assert rates.wait(2 * SECOND, reserved=True) == 3 * SECOND
    assert rates.wait(5 * SECOND) == 0


def test_without_budgets_nothing_waits() -> None:
    assert RateLimiter(()).wait(0, 1000) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, SECOND // 2), st.integers(1, 4), st.booleans()),
        max_size=60,
    )
)
def test_no_window_ever_holds_more_than_the_budget(steps: list[tuple[int, int, bool]]) -> None:
    rates, now = limiter(reserved=0.3), 0
    sent: list[tuple[int, int, bool]] = []
    for pause, weight, reserved in steps:
        now += pause
        wait = rates.wait(now, weight, reserved=reserved)
        assert rates.wait(now + wait, weight, reserved=reserved) == 0  # it is as long as it says
        now += wait
        rates.spend(now, weight)
        sent.append((now, weight, reserved))
        running = [(w, r) for time, w, r in sent if time + SECOND > now]
        assert sum(w for w, _ in running) <= 10
