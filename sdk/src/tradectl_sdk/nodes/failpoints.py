"""Places where a test makes a real process die or fail; nothing at all unless asked for.

``TRADECTL_FAILPOINT=name:kill`` kills the process with SIGKILL when it comes to that place,
``name:kill:3`` the third time; ``name:raise`` raises :class:`FailpointError` there. Several are
separated by commas. Names are in :data:`NAMES`; one that is not is refused when the process starts,
so that no test passes because of a typo.

``name:kill:3:/path`` happens in one life only, however often the process is started again with the
same environment: the file is removed when it happens, and without it nothing does.
"""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from tradectl_sdk.errors import UsageError

VARIABLE = "TRADECTL_FAILPOINT"

EXECUTOR = (
    "executor.batch.stepped",  # records of a batch are made, nothing is on disk
    "executor.intent.committed",  # an order's intent is on disk, nothing has left
    "executor.intent.sent",  # it has been handed to the channel
    "executor.answer.stepped",  # an answer has been understood, nothing is on disk
    "executor.fill.applied",  # a fill changed the state, nothing is on disk
    "executor.fill.committed",  # it is on disk, the host has not been told
    "executor.cancel_all.begun",  # the kill switch is latched in memory, some orders are ending
    "executor.cancel_all.committed",  # all that is on disk, no cancel has left
    "executor.reconcile.begun",  # the venue's account has come, nothing was compared
    "executor.reconcile.compared",  # it has been compared, nothing is on disk
    "executor.checkpoint.begun",  # before a checkpoint's transaction
    "executor.checkpoint.written",  # inside it
    "executor.checkpoint.committed",  # after it
)
GATEWAY = (
    "gateway.order.begun",  # an order, cancel or change is about to be sent to the exchange
    "gateway.order.answered",  # the exchange has answered, the executor has not been told
    "gateway.order.told",  # its answer has been handed to the channel
    "gateway.account.begun",  # the exchange told of an order or a trade, nobody has been told
    "gateway.account.told",  # that has been handed to the channel
    "gateway.fetched",  # the account has been fetched, the executor has not been told
    "gateway.bars.begun",  # bars are about to be published
    "gateway.bars.published",  # they have been
)
HOST = (
    "host.decision.made",  # the strategy has decided, nothing is recorded
    "host.decision.recorded",  # it is recorded, nothing has been sent
    "host.decision.sent",  # it has been handed to the channel
    "host.fill.heard",  # a fill has come, the strategy has not been told
)
NAMES = frozenset((*EXECUTOR, *GATEWAY, *HOST))


class FailpointError(RuntimeError):
    """A failure that was asked for."""


class _Armed:
    """What is to happen at one place."""

    def __init__(self, action: str, countdown: int, once: str) -> None:
        self.action = action
        self.countdown = countdown
        self.once = once


def _parse(text: str) -> dict[str, _Armed]:
    armed = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, action, nth, once = (*part.split(":", 3), "", "", "")[:4]
        if name not in NAMES or action not in {"kill", "raise"} or not (nth or "1").isdigit():
            raise UsageError(
                f"{VARIABLE} was {part!r}, expected NAME:kill or NAME:raise, with :N for the Nth "
                "and another :FILE for one life",
                hint=f"names are {', '.join(sorted(NAMES))}",
            )
        armed[name] = _Armed(action, int(nth or "1"), once)
    return armed


_armed = _parse(os.environ.get(VARIABLE, ""))


def arm(text: str) -> None:
    """Set what fails from now on, as the environment variable would; empty for nothing."""
    _armed.clear()
    _armed.update(_parse(text))


def failpoint(name: str) -> None:
    """Die or fail here if that was asked for."""
    if _armed and name in _armed:
        _meet(name)


def _meet(name: str) -> None:
    armed = _armed[name]
    armed.countdown -= 1
    if armed.countdown == 0 and (not armed.once or _used_up(armed.once)):
        _fail(name, armed.action)


def _used_up(once: str) -> bool:
    """Take the right to fail, which only one life can."""
    try:
        os.unlink(once)  # noqa: PTH108 - no import more than the nodes need
    except FileNotFoundError:
        return False
    return True


def _fail(name: str, action: str) -> NoReturn:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise FailpointError(f"failpoint {name}")
