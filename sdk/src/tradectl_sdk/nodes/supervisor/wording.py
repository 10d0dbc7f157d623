"""What the records of a journal mean to a person, as notices.

Fills, refusals, orders of unknown fate, the kill switch and a failed strategy are told. What is
merely written down, and what a notice has just said already, is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.reasons import REASONS
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.notify import Level, Notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.state import State

DENY = int(OrderEvent.DENY)
SWITCHES = {"active": Level.INFO, "reducing": Level.WARNING, "halted": Level.CRITICAL}
_TOLD_EVENTS = {
    int(OrderEvent.REJECT): "was rejected by the venue",
    int(OrderEvent.SUBMIT_UNKNOWN): "may or may not have reached the venue; it is being found out",
    int(OrderEvent.NOT_FOUND): "is not at the venue, as was proven",
    int(OrderEvent.EXPIRE): "has expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The session that notices are of."""

    session: str
    strategy: str
    live: bool

    def notice(
        self, name: str, time: int, level: Level, kind: str, title: str, text: str = ""
    ) -> Notice:
        """Make a notice whose id is unique in the session."""
        return Notice(
            id=f"{self.session}/{name}",
            time=time,
            level=level,
            kind=kind,
            session=self.session,
            strategy=self.strategy,
            live=self.live,
            title=title,
            text=text,
        )


def notice_of(told: Told, seq: int, record: of.Record, state: State) -> Notice | None:
    """Return what a record means to a person, None for nothing.

    Args:
        told: The session.
        seq: The record's number.
        record: The record.
        state: The state after it, or later.
    """
    word = _WORDINGS.get(type(record))
    found = word(record, state) if word is not None else None
    if found is None:
        return None
    level, kind, title, text = found
    return told.notice(f"journal/{seq}", record.time, level, kind, title, text)


_Words = tuple[Level, str, str, str]


def _fill(record: of.Booked, state: State) -> _Words:
    verb = "bought" if record.side > 0 else "sold"
    one = state.ledger.instruments.get(record.instrument)
    if one is None:
        return Level.INFO, "fill", f"{verb} {record.lots} lots of {record.instrument}", ""
    quantity = plain(one.lots_to_quantity(record.lots))
    price = plain(one.ticks_to_price(record.price))
    fee = f"{plain(from_money(record.fee))} {record.fee_currency or one.quote}"
    held = plain(one.lots_to_quantity(state.ledger.position(record.instrument)))
    late = "; the order had ended" if record.late else ""
    return (
        Level.WARNING if record.late else Level.INFO,
        "fill",
        f"{verb} {quantity} {record.instrument} at {price}",
        f"fee {fee}, position {held}{late}",
    )


def _placed(record: of.Placed, state: State) -> _Words | None:
    if record.event != DENY:
        return None
    reason = REASONS.get(record.reason)
    order = state.book.orders.get(record.key)
    what = _described(order, state) if order is not None else record.instrument
    why = reason.summary if reason is not None else f"reason {record.reason}"
    return Level.WARNING, "order", f"an order was denied: {what}", why


def _moved(record: of.Moved, state: State) -> _Words | None:
    said = _TOLD_EVENTS.get(record.event)
    if said is None:
        return None
    order = state.book.orders.get(record.key)
    what = _described(order, state) if order is not None else f"order {record.key}"
    level = Level.INFO if record.event == int(OrderEvent.EXPIRE) else Level.WARNING
    return level, "order", f"{what} {said}", record.text


def _switched(record: of.Switched, _: State) -> _Words:
    level = SWITCHES.get(record.state, Level.CRITICAL)
    by = f" by {record.by}" if record.by else ""
    return level, "switch", f"the kill switch is {record.state.upper()}{by}", record.text


def _failed(record: of.Failed, _: State) -> _Words:
    return Level.CRITICAL, "switch", f"the strategy failed: {record.text}", ""


def _noticed(record: of.Noticed, _: State) -> _Words:
    return Level.WARNING, "order", f"something odd ({record.what})", record.text


def _compared(record: of.Compared, _: State) -> _Words | None:
    if not record.differences:
        return None
    what = "our account and the venue's differ"
    title = f"{what}: taken over" if record.applied else f"{what}: orders that add risk wait"
    return Level.WARNING, "order", title, "\n".join(record.differences)


_WORDINGS: dict[type, Callable[..., _Words | None]] = {
    of.Booked: _fill,
    of.Placed: _placed,
    of.Moved: _moved,
    of.Switched: _switched,
    of.Failed: _failed,
    of.Noticed: _noticed,
    of.Compared: _compared,
}


def _described(order: Order, state: State) -> str:
    verb = "buy" if order.side > 0 else "sell"
    one = state.ledger.instruments.get(order.instrument)
    lots = order.lots or order.asked
    quantity = plain(one.lots_to_quantity(lots)) if one is not None else f"{lots} lots of"
    return f"{verb} {quantity} {order.instrument}"
