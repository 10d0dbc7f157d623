"""Letting a node run before the ordinary programs of its machine.

A node sleeps until something comes, and then the scheduler decides when it may run. On a machine
with other work that can take milliseconds, many times what a node needs. Real-time tasks run at
once.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Final

from tradectl_sdk.errors import UsageError

# Above every ordinary program, below interrupts that the kernel handles in threads (50).
PRIORITY: Final = 10


def run_first() -> None:
    """Give this process, and the threads it will have, a real-time priority (``SCHED_RR``).

    To be called before there are other threads. Tasks of one priority share a processor in turns,
    and the kernel leaves a twentieth of each to everybody else.

    Raises:
        UsageError: If this machine or this user may not.
    """
    if objection := _asked_for():
        raise UsageError(objection, hint=HINT)


def objection_to_first() -> str:
    """Return why :func:`run_first` would be refused, or nothing; this process stays as it is."""
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(_asked_for()), name="precedence")
    thread.start()
    thread.join()
    return found[0]


def run_as_others() -> None:
    """Make the calling thread an ordinary one again: what it does can wait."""
    if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_RR:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


HINT: Final = (
    f'allow it, as with "LimitRTPRIO={PRIORITY}" in a service of systemd, '
    "or leave session.realtime false"
)


def _asked_for() -> str:
    """Ask for the calling thread; return why it was refused, or nothing."""
    if sys.platform != "linux":
        return f"{sys.platform} has no real-time priorities that tradectl knows"
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    except OSError as error:
        return f"this user may not have real-time priority {PRIORITY}: {error.strerror}"
    return ""
