"""Places where a test makes a real process die or fail; nothing at all unless asked for.

``TRADECTL_FAILPOINT=name:kill`` kills the process with SIGKILL when it comes to that place,
``name:kill:3`` the third time; ``name:raise`` raises :class:`FailpointError` there. Several are
separated by commas. Names are in :data:`NAMES`; one that is not is refused when the process starts,
so that no test passes because of a typo.
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
# Other nodes add theirs here.
NAMES = frozenset(EXECUTOR)


class FailpointError(RuntimeError):
    """A failure that was asked for."""


class _Armed:
    """What is to happen at one place."""

    def __init__(self, action: str, countdown: int) -> None:
        self.action = action
        self.countdown = countdown


def _parse(text: str) -> dict[str, _Armed]:
    armed = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, action, nth = [*part.split(":"), "1"][:3] if ":" in part else (part, "", "")
        if name not in NAMES or action not in {"kill", "raise"} or not nth.isdigit():
            raise UsageError(
                f"{VARIABLE} was {part!r}, expected NAME:kill or NAME:raise, with :N for the Nth",
                hint=f"names are {', '.join(sorted(NAMES))}",
            )
        armed[name] = _Armed(action, int(nth))
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
    if armed.countdown == 0:
        _fail(name, armed.action)


def _fail(name: str, action: str) -> NoReturn:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise FailpointError(f"failpoint {name}")
