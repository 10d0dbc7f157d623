"""What a supervisor, a person or a tool asks of a node over its control socket, and the answers.

Every node of a session answers :class:`AskStatus`, :class:`Adopt` and :class:`StopNode`; the others
are for one role. Whoever cannot do what it is asked says :class:`Declined`, with the exit status
that the command line is to end with.
"""

from __future__ import annotations

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.exchange.values import BarClosed


class AskStatus(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="status?"):
    """How is it?"""


class Adopt(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="adopt"):
    """The connection that says this is the supervisor's; when it breaks, the node is an orphan.

    Attributes:
        supervisor: Process id of the supervisor.
    """

    supervisor: int


class StopNode(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="stop"):
    """Stop in good order; orders at the venue stay as they are."""


class SetSwitch(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="switch"):
    """To the executor: move the kill switch. Only a person may set it back to ``active``.

    Attributes:
        state: ``active``, ``reducing`` or ``halted``.
        by: Who asks: a person's login name, or empty for a machine.
        text: Why.
    """

    state: str
    by: str = ""
    text: str = ""


class CancelEverything(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="panic"):
    """To the executor: halt, cancel every working order and, if asked, close every position.

    Attributes:
        flatten: Whether positions are closed with market orders once nothing works any more.
        by: Who asks.
    """

    flatten: bool = False
    by: str = ""


class Reconcile(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="reconcile"):
    """To the executor: compare with the venue now.

    Attributes:
        apply: Whether what differs is taken over from the venue.
    """

    apply: bool = False


class FetchBars(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="bars?"):
    """To the gateway: closed bars that open in [since, until), one page of them, oldest first."""

    instrument: str
    length: int
    since: int
    until: int


class FetchInstruments(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="terms?"):
    """To the gateway: what is known of instruments, as JSON of their fields."""

    instruments: tuple[str, ...]


class AskPrices(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="prices?"):
    """To the executor: what has each instrument traded at last?"""


ToNode = (
    AskStatus
    | Adopt
    | StopNode
    | SetSwitch
    | CancelEverything
    | Reconcile
    | FetchBars
    | FetchInstruments
    | AskPrices
)


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that a node has sent to another one and dealt with from it, in both present lives.

    What a channel says itself, such as that the peer has changed, does not count.
    """

    peer: str
    sent: int
    handled: int


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="status"):
    """How a node is.

    Attributes:
        name: ``gateway``, ``executor`` or ``host``.
        state: ``starting``, ``ready``, ``reconciling``, ``waiting``, ``halted``, ``failed`` or
            ``stopping``.
        text: Why, in one line, where that is not plain.
        started: When its life began, UTC nanoseconds.
        time: When this was said.
        data: How far market data were dealt with; of the gateway, how far they were published.
        executions: How far the account stream was dealt with, or told by the gateway.
        busy: Requests or events that are still under way.
        traffic: With each node it speaks to.
        figures: What else there is to say, by name.
    """

    name: str
    pid: int
    epoch: int
    state: str
    text: str = ""
    started: int = 0
    time: int = 0
    data: Cursor = Cursor(0, 0)
    executions: Cursor = Cursor(0, 0)
    busy: int = 0
    traffic: tuple[Traffic, ...] = ()
    figures: dict[str, int | float | str] = {}


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="done"):
    """It has been done, or is on its way and cannot fail any more.

    Attributes:
        lines: What was done, for people.
        left: What is still to come, such as orders whose cancellation is not confirmed.
    """

    lines: tuple[str, ...] = ()
    left: int = 0


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="declined"):
    """It was not done.

    Attributes:
        status: The exit status that fits.
        text: Why, as one sentence.
        hint: What mends it.
    """

    status: int
    text: str
    hint: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on which we and the venue disagree.

    Attributes:
        subject: The order, instrument or currency.
        ours: What we think.
        theirs: What the venue says.
        remedy: What applying would do.
    """

    subject: str
    ours: str
    theirs: str
    remedy: str = ""


class Reconciled(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="reconciled"):
    """The outcome of a comparison; no differences means that the two agree."""

    differences: tuple[Difference, ...] = ()
    applied: bool = False
    time: int = 0


class BarsFetched(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="bars"):
    """A page of closed bars; an empty one means there are none at all."""

    bars: tuple[BarClosed, ...]


class InstrumentsFetched(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="terms"):
    """Terms of instruments, one JSON object each, in the order asked for."""

    terms: tuple[bytes, ...]


class LastPrices(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="prices"):
    """Last price of each instrument in ticks, as the executor has heard; none where it has not."""

    ticks: dict[str, int]


FromNode = NodeStatus | Done | Declined | Reconciled | BarsFetched | InstrumentsFetched | LastPrices
