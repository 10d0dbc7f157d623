"""The parts of the probe that need no interpreter of their own."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from tradectl_sdk.testing.import_probe import Recorder, probe

if TYPE_CHECKING:
    import pytest

    from conftest import FakeSite


def test_the_recorder_sorts_audit_events() -> None:
    recorder = Recorder()

    recorder.audit("socket.connect", (None, ("host", 1)))
    recorder.audit("os.system", ("true",))
    recorder.audit("open", ("read", "r", os.O_RDONLY | os.O_CLOEXEC))
    recorder.audit("open", ("written", "w", os.O_WRONLY | os.O_CREAT))
    recorder.audit("import", ("module",))

    assert (recorder.sockets, recorder.processes) == (["socket.connect"], ["os.system"])
    assert recorder.files == ["written"]


def test_a_closed_recorder_takes_no_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)
    recorder = Recorder()
    recorder.watch_threads()
    thread = threading.Thread(target=int, name="noted")
    thread.start()
    thread.join()
    recorder.watching = False
    recorder.audit("socket.connect", ())
    late = threading.Thread(target=int, name="late")
    late.start()
    late.join()

    assert recorder.threads == ["noted"]
    assert recorder.sockets == []


def request(module: str, attribute: str = "plugin") -> dict[str, object]:
    return {"module": module, "attribute": attribute, "hooks": ["tradectl_strategies"]}


def test_a_probe_describes_the_records(site: FakeSite) -> None:
    site.strategies("acme", "b", "a")
    module = site.plugins().info("acme").reference.partition(":")[0]

    answer = probe(request(module), Recorder())

    assert answer["error"] == ""
    assert module in answer["modules"]
    assert answer["records"] == [
        ["tradectl_strategies", "a", "One", "nowhere:Nothing", []],
        ["tradectl_strategies", "b", "One", "nowhere:Nothing", []],
    ]


def test_a_probe_tells_what_was_raised(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME", "0")
    site.module("fake_raises", "import os; del os.environ['ACME']; raise ValueError('x')")
    site.module("fake_empty", "")

    answer = probe(request("fake_raises"), Recorder())

    assert (answer["error"], answer["records"]) == ("ValueError: x", [])
    assert answer["environment"] == ["ACME"]
    assert probe(request("fake_empty"), Recorder())["records"] == [
        ["AttributeError: module 'fake_empty' has no attribute 'plugin'"]
    ]
    assert "fake_empty" in sys.modules
