"""What a system refuses to a process that holds keys is said; what it grants, test_guards shows."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Any

import pytest
from tradectl_sdk.nodes.gateway import hardening

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that is asked")


class _Library:
    """The C library of a system that grants or refuses."""

    def __init__(self, answer: int) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def prctl(self, *words: int) -> int:
        self.asked.append(words)
        return self.answer


@pytest.mark.parametrize(("answer", "missing"), [(0, 0), (-1, 1)])
def test_what_a_system_refuses_is_said(
    answer: int, missing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, limits = _Library(answer), []
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    monkeypatch.setattr(resource, "setrlimit", lambda *words: limits.append(words))
    found = hardening.seal_process()
    assert len(found) == missing
    assert all("read the gateway's memory" in text for text in found)
    assert library.asked == [(4, 0, 0, 0, 0)]
    assert limits == [(resource.RLIMIT_CORE, (0, 0))]
