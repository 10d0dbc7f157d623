"""What the paper venue tells, as events of Binance's account stream, with faults on the way."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.money import from_money
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.exchange import OrderReport, TradeReport

from tradectl_sandbox import reports
from tradectl_sandbox.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tradectl_sdk.exchange import AccountEvent
    from tradectl_sdk.paper import PaperCore

    from tradectl_sandbox.clock import Clock
    from tradectl_sandbox.faults import Faults
    from tradectl_sandbox.listing import Listings

FILLS = {int(OrderStatus.PARTIALLY_FILLED), int(OrderStatus.FILLED)}


class AccountStream:
    """Reads what the venue tells and passes it on.

    Args:
        core: The venue.
        listings: What trades.
        clock: The exchange's clock.
        faults: What goes wrong.
        send: Takes an event to everybody who listens.
    """

    def __init__(
        self,
        core: PaperCore,
        listings: Listings,
        clock: Clock,
        faults: Faults,
        send: Callable[[dict[str, Any]], None],
    ) -> None:
        self._core = core
        self._listings = listings
        self._clock = clock
        self._faults = faults
        self._send = send
        self._announced = _last_number(core)
        self._balances: dict[str, tuple[int, int]] = self._present()
        self._swapped: list[dict[str, Any]] = []
        self._late: set[asyncio.Task[None]] = set()

    def tell(self) -> None:
        """Pass on what has happened since this was called last."""
        events = self._core.told()
        if not events:
            return
        for event in self._in_words(events):
            self._pass_on(event)
        self._tell_balances()

    async def close(self) -> None:
        """Tell what is still late, at once."""
        for task in list(self._late):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    # Words -----------------------------------------------------------------------------------

    def _in_words(self, events: list[AccountEvent]) -> list[dict[str, Any]]:
        values = self._values_before(events)
        said, trade = [], None
        for event in events:
            if isinstance(event, TradeReport):
                trade = event
                values[event.venue_id] += self._listings.of(event.instrument).value(
                    event.price, event.lots
                )
            elif isinstance(event, OrderReport) and self._is_news(event, trade):
                said.append(self._word(event, trade, values[event.venue_id]))
                trade = None
        return said

    def _values_before(self, events: list[AccountEvent]) -> dict[str, Decimal]:
        """What each order had traded before these events, in the quote currency."""
        values: dict[str, Decimal] = {}
        for event in events:
            if isinstance(event, OrderReport | TradeReport) and event.venue_id not in values:
                order = self._core.ledger.by_number(int(event.venue_id))
                values[event.venue_id] = from_money(order.value if order else 0)
        for event in events:
            if isinstance(event, TradeReport):
                listing = self._listings.of(event.instrument)
                values[event.venue_id] -= listing.value(event.price, event.lots)
        return defaultdict(lambda: from_money(0), values)

    def _is_news(self, report: OrderReport, trade: TradeReport | None) -> bool:
        """Whether Binance would tell of it: not of a new quantity that a fill elsewhere made."""
        if trade is not None or report.status not in {OrderStatus.ACCEPTED, *FILLS}:
            return True
        number = int(report.venue_id)
        if report.status in FILLS or number <= self._announced:
            return False
        self._announced = number
        return True

    def _word(
        self, report: OrderReport, trade: TradeReport | None, value: Decimal
    ) -> dict[str, Any]:
        order = self._core.ledger.by_number(int(report.venue_id))
        if order is None:
            raise LookupError(f"order {report.venue_id} is told of and not in the ledger")
        listing = self._listings.of(report.instrument)
        now = self._clock.milliseconds
        return reports.execution_report(listing, order, report, now=now, trade=trade, value=value)

    # Faults ----------------------------------------------------------------------------------

    def _pass_on(self, event: dict[str, Any]) -> None:
        symbol, is_fill = event["s"], event["x"] == "TRADE"
        if is_fill and self._faults.take(FaultKind.SWAP_FILLS, symbol):
            self._swapped.append(event)
            return
        if is_fill and (late := self._faults.take(FaultKind.LATE_FILL, symbol)):
            task = asyncio.get_running_loop().create_task(self._send_late(event, late.seconds))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return
        self._send(event)
        if is_fill and self._faults.take(FaultKind.DUPLICATE_FILL, symbol):
            self._send(event)
        swapped, self._swapped = self._swapped, []
        for one in swapped:
            self._send(one)

    async def _send_late(self, event: dict[str, Any], seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            self._send(event)

    # Balances --------------------------------------------------------------------------------

    def _present(self) -> dict[str, tuple[int, int]]:
        return {one.currency: (one.free, one.held) for one in self._core.balances()}

    def _tell_balances(self) -> None:
        before, self._balances = self._balances, self._present()
        changed = [
            one for one in self._core.balances() if before.get(one.currency) != (one.free, one.held)
        ]
        if changed:
            self._send(reports.account_position(changed, self._clock.milliseconds))


def _last_number(core: PaperCore) -> int:
    state = core.ledger.state()
    return state.orders if state else 0
