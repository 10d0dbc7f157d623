"""The port behind which a venue stands: simulated in a backtest, elsewhere in a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tradectl_sdk.engine.booking import Booking
    from tradectl_sdk.engine.gate import ApprovedOrder
    from tradectl_sdk.engine.orders import Orders


class VenuePort(Protocol):
    """What desk and context ask of a venue; both sides speak of orders by their rows.

    Attributes:
        booking: The tables of orders, fills and the account, as far as they are known here.
        orders: Its orders.
    """

    booking: Booking
    orders: Orders

    def submit(self, approved: ApprovedOrder, now: int) -> int:
        """Take an approved order and return its row."""

    def cancel(self, row: int, now: int) -> bool:
        """Cancel an order; say whether it was working or held."""

    def modify(self, row: int, approved: ApprovedOrder, now: int) -> None:
        """Give an order the terms that were approved: what is left to fill, and its prices."""

    def tie(self, first: int, second: int) -> None:
        """Let two working orders of one instrument cancel each other."""
