"""The journal of a study, and the disk it is on."""

from __future__ import annotations

import os
import threading

import pytest
from tradectl_sdk.pipelines.optimizing.journal import JournalFile


@pytest.fixture
def disk(monkeypatch):
    """A disk that keeps nothing until it is let."""
    let, asked = threading.Event(), []

    def fsync(number):
        asked.append(os.fstat(number).st_size)
        assert let.wait(60)

    monkeypatch.setattr(os, "fsync", fsync)
    return let, asked


def test_nobody_waits_for_the_disk_but_who_closes(tmp_path, disk):
    let, asked = disk
    journal = JournalFile(tmp_path / "journal")
    for number in range(3):
        journal.add({"number": number})
        journal.flush()
    assert len((tmp_path / "journal").read_bytes().splitlines()) == 3
    closing = threading.Thread(target=journal.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    let.set()
    closing.join(60)
    assert not closing.is_alive()
    assert asked[-1] == (tmp_path / "journal").stat().st_size
    assert len(asked) == 2


@pytest.mark.parametrize("last", ["flush", "close"])
def test_a_disk_that_fails_is_told_of(tmp_path, monkeypatch, last):
    def fsync(number):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    journal = JournalFile(tmp_path / "journal")
    journal.add({"number": 0})
    journal.flush()
    journal._forcing.join()
    with pytest.raises(OSError, match="Input/output error"):
        getattr(journal, last)()
    with pytest.raises(OSError, match="Input/output error"):
        journal.close()
