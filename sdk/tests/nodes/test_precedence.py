"""A node runs before ordinary programs where it may, and says why where it may not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.nodes import precedence

linux = pytest.mark.skipif(sys.platform != "linux", reason="real-time priorities are Linux's")
allowed = pytest.mark.skipif(
    sys.platform != "linux" or bool(precedence.objection_to_first()),
    reason="this user may not have a real-time priority",
)
PROGRAM = """
import os, threading
from tradectl_sdk.nodes import precedence

found = {}

def note(name):
    found[name] = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority

def fit():
    precedence.run_as_others()
    note("a thread that can wait")

precedence.run_first()
note("main")
for work in (lambda: note("a later thread"), fit):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
note("main afterwards")
print(found)
"""


@allowed
def test_a_process_and_its_threads_run_first_but_for_those_that_can_wait():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    first = (os.SCHED_RR, precedence.PRIORITY)
    assert done.stdout.strip() == str(
        {
            "main": first,
            "a later thread": first,
            "a thread that can wait": (os.SCHED_OTHER, 0),
            "main afterwards": first,
        }
    )


@linux
def test_asking_whether_it_may_leaves_the_process_as_it_is():
    precedence.objection_to_first()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    assert threading.active_count() == len(threading.enumerate())


@linux
def test_an_ordinary_thread_stays_one():
    precedence.run_as_others()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@linux
def test_a_refusal_says_how_it_can_be_allowed(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with pytest.raises(UsageError, match="may not have real-time priority 10: Operation") as found:
        precedence.run_first()
    assert "LimitRTPRIO=10" in found.value.hint
    assert precedence.objection_to_first() == found.value.message


def test_another_system_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert precedence.objection_to_first() == (
        "darwin has no real-time priorities that tradectl knows"
    )
    precedence.run_as_others()
