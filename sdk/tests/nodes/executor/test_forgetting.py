"""Memory holds what is going on, and no more."""

from __future__ import annotations

from floor import SECOND, Floor, place, replayed, setup
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.setup import Bounds

FEW = setup(bounds=Bounds(max_clock_offset=None, most_ended=10, most_trades=10))


def test_memory_does_not_grow_with_the_number_of_orders():
    floor = Floor(FEW).open()
    most = 0
    for number in range(1, 2_001):
        floor.place(place(number, side=1 if number % 2 else -1))
        floor.fill(number, 10)
        most = max(most, len(floor.state.book.orders) + len(floor.state.trades))
        floor.to_gateway.clear()
    assert most < 1_200
    assert len(floor.written(of.Placed)) == 2_000
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
