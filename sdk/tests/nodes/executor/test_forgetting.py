"""Memory holds what is going on, and no more."""

from __future__ import annotations

from floor import SECOND, Floor, place, replayed, setup
from tradectl_sdk.bus.messages.intents import Cancel
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.exchange.values import Refused, Unclear
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.setup import Bounds

FEW = setup(bounds=Bounds(max_clock_offset=None, most_ended=10, most_trades=10))


def test_memory_does_not_grow_with_the_number_of_orders():
    floor = Floor(FEW).open()
    most = 0
    for number in range(1, 1_001):
        floor.place(place(number, side=1 if number % 2 else -1))
        floor.fill(number, 10)
        most = max(most, len(floor.state.book.orders) + len(floor.state.trades))
        floor.to_gateway.clear()
    assert most < 1_200
    assert len(floor.written(of.Placed)) == 1_000
    assert replayed(floor.records).encoded() == floor.state.encoded()


def test_what_has_ended_long_ago_leaves_even_if_it_is_little():
    floor = Floor(FEW).open()
    floor.place(place(1))
    floor.fill(1, 10)
    floor.place(place(2, limit=9_000))
    for _ in range(30):
        floor.wait(31 * SECOND)
        floor.fetched(open_orders=(floor.report_of(2, 5),))
    assert [one.number for one in floor.state.book.orders.values()] == [2]
    assert floor.state.trades == {}
    assert floor.state.trades_floor > 0


def test_an_entry_stays_as_long_as_an_exit_of_it_works():
    floor = Floor(FEW).open()
    floor.place(place(1), place(2, -1, trigger=9_000, parent=1))
    floor.fill(1, 10)
    floor.answer()
    for _ in range(30):
        floor.wait(31 * SECOND)
        floor.fetched(open_orders=(floor.report_of(2, 5),))
    assert [one.number for one in floor.state.book.orders.values()] == [1, 2]


def test_an_order_whose_announced_fills_are_missing_stays():
    floor = Floor(FEW).open()
    floor.place(place(1))
    floor.report(1, 8, filled=10)
    order = floor.order(1)
    assert not order.settled
    for _ in range(30):
        floor.wait(31 * SECOND)
        floor.fetched(trades=None)
    assert 1 in floor.state.book.orders


QUICK = setup(
    bounds=Bounds(
        max_clock_offset=None, most_ended=10, most_trades=10, keep_ended=SECOND, keep_trades=SECOND
    )
)


def live_and_end(floor: Floor, first: int) -> None:
    """Let six orders live as differently as they can, and end."""
    floor.place(place(first))
    floor.fill(first, 10)
    floor.place(place(first + 1, -1, limit=11_000))
    floor.fill(first + 1, 4)
    floor.intend(Cancel(number=first + 1))
    floor.cancelled(first + 1)
    floor.place(place(first + 2, limit=9_000), accept=False)
    floor.answer(Refused(code="no", text="no"))
    floor.place(place(first + 3, limit=9_500), accept=False)
    floor.answer(Unclear(text="cut off"))
    working = floor.report_of(first + 3, OrderStatus.ACCEPTED)
    floor.report(first + 3, OrderStatus.CANCELED)
    floor.account(working)  # it was said before its end, and came after it
    floor.place(place(first + 4, -1), place(first + 5, trigger=12_000, parent=first + 4))
    floor.fill(first + 4, 6)
    floor.fill(first + 4, 4)
    floor.answer()  # the exit left when its entry was filled
    floor.intend(Cancel(number=first + 5))
    floor.cancelled(first + 5)


def test_when_all_is_over_nothing_is_left_of_it_however_much_it_was(kept):
    floor = Floor(QUICK).open()
    left = []
    for number in range(1, 901, 6):
        live_and_end(floor, number)
        if number % 300 == 1:
            floor.wait(2 * SECOND)
            assert floor.state.book.orders == {}
            left.append(kept(floor.core))
        floor.to_gateway = floor.to_gateway[-1:]
    assert len(floor.written(of.Placed)) == 900
    assert left[2] < left[1] + 30, left
