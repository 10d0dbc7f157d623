"""Fills that the venue counts and does not list.

Where a report says that more of an order was filled than trades have told, and the list of trades,
fetched twice since, does not hold the rest, the rest is inferred: at the order's limit, or the last
price where it has none. The id of an inferred fill follows from the order and the count, so that
the same fill is never inferred twice. When the venue's own trade comes after all, it takes the
place of the inferred one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.exchange.values import TradeReport
from tradectl_sdk.nodes.executor.reports import digest

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.orders import AccountFetched
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.reports import Reports
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.state import State


class Inference:
    """Remembers which fills the lists did not hold, and infers them the second time."""

    def __init__(self, setup: Setup, state: State, recorder: Recorder, reports: Reports) -> None:
        self._tolerates_lists = setup.card.trades_since
        self._state = state
        self._recorder = recorder
        self._reports = reports
        self._missing: dict[tuple[int, int], int] = {}

    def infer(self, message: AccountFetched) -> bool:
        """Look at what a whole list of trades left open; say whether it is to be asked again."""
        missing = {
            (order.key, order.revision): order.leg_seen
            for order in self._state.book.orders.values()
            if order.leg_seen > order.leg_filled and order.sent_venue >= message.since
        }
        for (key, revision), seen in missing.items():
            again = self._missing.get((key, revision)) == seen
            if again or not self._tolerates_lists:
                self._book(self._state.book.orders[key], message.venue_time)
        self._missing = missing
        return any(not self._state.book.orders[key].settled for key, _ in missing)

    def _book(self, order: Order, venue_time: int) -> None:
        lots = order.leg_seen - order.leg_filled
        prices = self._state.ledger.prices
        price = order.leg_limit or prices.last(prices.index[order.instrument])
        trade = TradeReport(
            trade_id=f"inferred:{order.client_id}:{order.leg_seen}",
            instrument=order.instrument,
            client_id=order.client_id,
            venue_id=order.venue_id,
            side=order.side,
            lots=lots,
            price=price,
            time=venue_time,
        )
        self._recorder.notice(
            "inferred", order.key, f"{lots} lots that the venue counts and does not list"
        )
        self._reports.book(order, order.revision, trade, digest(trade), inferred=True)
