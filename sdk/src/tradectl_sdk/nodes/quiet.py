"""Has a session come to rest: does nobody work, and is nothing on its way between two nodes?

Counting what was sent and what was dealt with is not enough once: a message may overtake the
question. If two rounds of questions find all at rest with the same counts, then nothing was on its
way between the rounds (F. Mattern, Algorithms for distributed termination detection, 1987).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tradectl_sdk.bus.messages.control import NodeStatus

    Statuses = Mapping[str, NodeStatus]

_READY = frozenset({"ready", "halted", "reducing"})
_GONE = frozenset({"failed", "stopped"})


async def until_quiet(ask: Callable[[], Awaitable[Statuses]], *, pause: float = 0.0) -> None:
    """Wait until a session has come to rest, however long that takes.

    Args:
        ask: Asks the nodes how they are; those that do not answer are left out.
        pause: Seconds between two rounds of questions.
    """
    before: object = None
    while True:
        statuses = await ask()
        counts = _counts(statuses) if is_at_rest(statuses) else None
        if counts is not None and counts == before:
            return
        before = counts
        await asyncio.sleep(pause)


def is_at_rest(statuses: Statuses) -> bool:
    """Say whether one round of answers shows nobody at work and nothing on its way.

    A host whose strategy has failed works no more, and nobody waits for it.
    """
    if not statuses.keys() >= {"gateway", "executor", "host"}:
        return False
    if statuses["host"].state in _GONE:
        statuses = {name: one for name, one in statuses.items() if name != "host"}
    published = statuses["gateway"].data
    return (
        all(one.state in _READY and not one.busy for one in statuses.values())
        and published.seq > 0  # a stream begins with how live it is: who has that has joined it
        and all(one.data >= published for one in statuses.values())
        and all(_all_dealt_with(name, one, statuses) for name, one in statuses.items())
    )


def _all_dealt_with(name: str, status: NodeStatus, statuses: Statuses) -> bool:
    """Whether everything that a node sent has been dealt with by whom it was sent to."""
    for line in status.traffic:
        if line.peer in statuses:
            handled = {each.peer: each.handled for each in statuses[line.peer].traffic}
            if handled.get(name) != line.sent:
                return False
    return True


def _counts(statuses: Statuses) -> object:
    return sorted((name, one.epoch, one.data, one.traffic) for name, one in statuses.items())
