"""What a strategy wants, on its way from its host to the executor.

A host numbers its orders from 1 in each of its lives; (strategy, epoch, number) names an order for
ever, and the client id at the venue derives from it.
"""

from __future__ import annotations

import msgspec


class Cursor(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A place in a stream: the life of its sender, and the number of the message in it."""

    epoch: int
    seq: int


class Place(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="place"):
    """Place an order, with the fields of the order table.

    Attributes:
        number: The host's number of it.
        group: Number of the first order of its group, 0 for none.
        parent: Number of the order whose fills activate it, 0 for none.
    """

    number: int
    instrument: str
    side: int
    type: int
    time_in_force: int = 0
    flags: int = 0
    lots: int
    limit: int = 0
    trigger: int = 0
    trail: int = 0
    expires: int = 0
    group: int = 0
    parent: int = 0


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="cancel"):
    """Cancel an order; ``epoch`` is the host's life it was placed in, 0 for the present one."""

    number: int
    epoch: int = 0


class Modify(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="modify"):
    """Change an order; 0 leaves a field as it is."""

    number: int
    epoch: int = 0
    lots: int = 0
    limit: int = 0
    trigger: int = 0


class Tie(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="tie"):
    """Let two working orders cancel each other.

    Attributes:
        epoch: Life of the host in which the first was placed, 0 for the present one.
        second_epoch: The same for the second.
    """

    first: int
    second: int
    epoch: int = 0
    second_epoch: int = 0


Command = Place | Cancel | Modify | Tie


class Intents(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="intents"):
    """All that a strategy decided at one instant, in the order it decided it.

    Attributes:
        strategy: Name of the strategy instance.
        epoch: Life of the host.
        decided: Time of the datum decided on, UTC nanoseconds.
        data: How far the host had read market data; the executor reads that far before it judges.
        commands: What is wanted. A bracket's exits follow their entry.
        number: Counts the Intents of the host's life from 1. One that is repeated, because nobody
            said it was heard, has its number again.
    """

    strategy: str
    epoch: int
    decided: int
    data: Cursor
    commands: tuple[Command, ...]
    number: int = 0


class StrategyFailed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="failed"):
    """The strategy raised, or hangs; the executor follows its policy, halt by default."""

    strategy: str
    epoch: int
    text: str
    traceback: str = ""


FromHost = Intents | StrategyFailed
