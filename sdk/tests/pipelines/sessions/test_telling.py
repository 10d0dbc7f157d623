"""People are told of a session as it goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from session_scene import session
from tradectl_sdk.errors import NotDeliveredError
from tradectl_sdk.notify import Level, Notice, Notifier, Sender
from tradectl_sdk.pipelines.sessions.in_process import InProcessSession
from tradectl_sdk.pipelines.sessions.telling import telling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Pager(Notifier):
    """Remembers what it was told."""

    interval = 0.0

    def __init__(self, *, broken: bool = False) -> None:
        self.told: list[Notice] = []
        self._broken = broken

    def send(self, notices: Sequence[Notice]) -> None:
        if self._broken:
            raise NotDeliveredError("nobody there")
        self.told += notices


def play(opened, pager: Pager, look=lambda: {"state": "finished"}) -> list[str]:
    async def run() -> None:
        sender = Sender(name="pager", notifier=pager)
        async with telling(opened, look, senders=(sender,), poll=0.05):
            await asyncio.wait_for(InProcessSession(opened).run(), 120)

    asyncio.run(run())
    return [one.title for one in pager.told]


def test_a_session_is_told_from_its_start_to_its_end_fills_included(tmp_path: Path) -> None:
    opened = session(tmp_path, start="2017-01-01", end="2017-09-01", fast=5, slow=20)
    titles = play(opened, Pager())
    assert titles[0] == "the session starts"
    assert titles[-1] == "the session is finished"
    assert any(title.startswith("bought ") for title in titles)
    assert any(title.startswith("sold ") for title in titles)
    assert len(titles) == len(set(titles)) or len(titles) > 4


def test_a_pager_that_does_not_work_holds_no_session_up(tmp_path: Path) -> None:
    opened = session(tmp_path, start="2017-06-01", end="2017-09-01", fast=5, slow=20)
    assert play(opened, Pager(broken=True)) == []


def test_nodes_that_die_and_bad_ends_are_told_as_urgent_as_they_are(tmp_path: Path) -> None:
    opened = session(tmp_path, start="2017-06-01", end="2017-07-01")
    pager = Pager()
    seen = {
        "state": "halted",
        "text": "the executor died too often",
        "nodes": {"executor": {"restarts": 2, "text": "signal 9"}},
    }
    titles = play(opened, pager, lambda: seen)
    levels = {one.title: one.level for one in pager.told}
    assert titles.count("the executor died and is started again (2)") == 1
    assert levels["the session is halted"] is Level.CRITICAL


@pytest.mark.parametrize("given", [(), None])
def test_where_nobody_is_to_be_told_nothing_is_made(tmp_path: Path, given) -> None:
    opened = session(tmp_path)

    async def run() -> None:
        async with telling(opened, senders=given):
            pass

    asyncio.run(run())
    assert not (opened.folder.path / "told").exists()
