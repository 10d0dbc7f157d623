"""What became of a strategy's orders, on its way from the executor to the host."""

from __future__ import annotations

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="order"):
    """An order moved, other than by a fill.

    Attributes:
        epoch: Life of the host that placed it.
        number: The host's number of it.
        status: OrderStatus now.
        pending: Pending bits now.
        reason: DenyReason or CloseReason, 0 for none.
        text: The venue's words, if any.
        heard: Number of the last Intents of the host's present life that had been read before.
            What is said of an order before a later command to it was read is out of date.
        at: The place in the gateway's account stream that told of it, None when nothing did.
            A host hands it to its strategy before the first datum that was known after it.
        trail: Trailing distance as in the order table, 0 for none or for an executor that does not
            say.
    """

    epoch: int
    number: int
    instrument: str
    status: int
    pending: int = 0
    lots: int
    limit: int = 0
    trigger: int = 0
    reason: int = 0
    text: str = ""
    time: int = 0
    heard: int = 0
    at: Cursor | None = None
    trail: int = 0


class Filled(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="fill"):
    """A fill of one of its orders, exactly once.

    Attributes:
        fee: Money units of the account currency.
        position: Signed lots held afterwards.
        cash: Money units held afterwards.
        status: OrderStatus of the order afterwards.
        at: The place in the gateway's account stream that told of it, None when nothing did.
    """

    epoch: int
    number: int
    trade_id: str
    instrument: str
    side: int
    lots: int
    price: int
    fee: int
    maker: bool = False
    time: int
    reason: int = 0
    reference: int = 0
    position: int
    cash: int
    status: int
    at: Cursor | None = None


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A working or held order, as a host needs it to go on."""

    epoch: int
    number: int
    instrument: str
    side: int
    type: int
    time_in_force: int
    flags: int
    lots: int
    filled: int
    limit: int
    trigger: int
    trail: int
    expires: int
    status: int
    pending: int
    group: int
    parent: int
    created: int


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A position of the account, signed lots."""

    instrument: str
    lots: int


class AccountSnapshot(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="account"):
    """Where a host starts or starts again: the whole truth at one place in the event stream.

    Attributes:
        at: The place; events up to it are contained.
        executions: How far the gateway's account stream is contained.
        cash: Money units.
        state: Kill switch: ``active``, ``reducing`` or ``halted``.
        heard: Number of the last Intents of the host's present life that have been read; a host
            repeats later ones, and numbers of orders that are known already are passed over.
        recent: Fills and endings of orders of the host's present life, the latest last, as many
            as are kept: a host takes note of those it has not heard of.
    """

    at: Cursor
    executions: Cursor
    cash: int
    holdings: tuple[Holding, ...] = ()
    orders: tuple[OpenOrder, ...] = ()
    state: str = "active"
    heard: int = 0
    recent: tuple[OrderChanged | Filled, ...] = ()


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="progress"):
    """All that the gateway told of the account up to here has been passed on.

    A host hands a datum to its strategy only when it has heard of every execution that the
    gateway had told before it.

    Attributes:
        heard: Number of the last Intents of the host's present life that have been read.
    """

    executions: Cursor
    heard: int = 0


class SwitchState(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="switch"):
    """The kill switch moved."""

    state: str
    text: str = ""


ToHost = OrderChanged | Filled | AccountSnapshot | Progress | SwitchState
