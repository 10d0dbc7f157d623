"""Bars before a session, and those a session's earlier lives met."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.bus.link import PeerBack, PeerChanged, PeerLost
from tradectl_sdk.bus.messages.control import BarsFetched, Declined, FetchBars
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.errors import DeadlineError
from tradectl_sdk.exchange import BarClosed
from tradectl_sdk.nodes.host.recording import Recorder
from tradectl_sdk.nodes.host.records import Began, Saw, Warmed
from tradectl_sdk.pipelines.sessions import history
from tradectl_sdk.pipelines.sessions.history import HistoryChannel, Past, bars_before, remembered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

QUESTION = FetchBars(instrument="A", length=10, since=0, until=100)
MET = PeerChanged(name="gateway", role="gateway", epoch=1)
AGAIN = PeerChanged(name="gateway", role="gateway", epoch=2)
LOST = PeerLost(name="gateway")
BACK = PeerBack(name="gateway", role="gateway", epoch=1)
NO = Declined(status=5, text="the exchange is away")


def bar(name: str, time: int) -> BarClosed:
    return BarClosed(
        instrument=name, length=10, time=time, open=1, high=1, low=1, close=time, volume=1
    )


class Line:
    """A channel whose other end says what a test wants."""

    def __init__(self, *said: Any) -> None:
        self.sent: list[Any] = []
        self._said = asyncio.Queue[Any]()
        for one in said:
            self._said.put_nowait(one)
        self.closed = False

    def send(self, message: Any) -> None:
        self.sent.append(message)

    async def receive(self) -> Any:
        return await self._said.get()

    async def close(self) -> None:
        self.closed = True


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())  # type: ignore[arg-type]


def test_an_answer_is_the_next_thing_that_is_no_notice() -> None:
    async def scene() -> None:
        page = BarsFetched(bars=(bar("A", 10),))
        line = Line(MET, LOST, BACK, page)
        ask = HistoryChannel(line)
        assert await ask(QUESTION) == page
        await ask.close()
        assert line.closed

    play(scene)


def test_a_gateway_in_another_life_has_not_heard_the_question() -> None:
    async def scene() -> None:
        line = Line(MET, AGAIN, NO)
        ask = HistoryChannel(line)
        with pytest.raises(ConnectionResetError):
            await ask(QUESTION)
        assert await ask(QUESTION) == NO

    play(scene)


def test_an_answer_that_comes_too_late_is_not_taken_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "PATIENCE", 0.05)

    async def scene() -> None:
        line = Line(MET)
        ask = HistoryChannel(line)
        with pytest.raises(TimeoutError):
            await ask(QUESTION)
        late, right = BarsFetched(bars=(bar("A", 10),)), BarsFetched(bars=(bar("B", 10),))
        line._said.put_nowait(late)
        line._said.put_nowait(right)
        assert await ask(QUESTION) == right

    play(scene)


def test_pages_are_asked_for_until_there_are_no_more_and_put_in_order() -> None:
    async def scene() -> None:
        line = Line(
            MET,
            BarsFetched(bars=(bar("B", 80), bar("B", 90))),
            BarsFetched(bars=(bar("B", 100),)),
            BarsFetched(bars=(bar("A", 90),)),
            BarsFetched(bars=()),
        )
        found = await bars_before(HistoryChannel(line), ["B", "A"], 10, 3, lambda: 104)
        assert [(one.instrument, one.time) for one in found] == [
            ("B", 80), ("B", 90), ("A", 90), ("B", 100),
        ]  # fmt: skip
        assert [(one.since, one.until) for one in line.sent] == [
            (70, 100), (90, 100), (70, 100), (90, 100),
        ]  # fmt: skip

    play(scene)


def test_a_gateway_that_starts_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "RETRY", 0.01)

    async def scene() -> None:
        line = Line(MET, NO, NO, BarsFetched(bars=()))
        assert await bars_before(HistoryChannel(line), ["A"], 10, 3, lambda: 104) == ()
        assert len(line.sent) == 3

    play(scene)


def test_a_gateway_that_cannot_give_them_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "RETRY", 0.01)
    monkeypatch.setattr(history, "START", 0.2)

    async def scene() -> None:
        line = Line(MET, *[NO] * 1000)
        with pytest.raises(DeadlineError, match="could not be had: the exchange is away"):
            await bars_before(HistoryChannel(line), ["A"], 10, 3, lambda: 104)

    play(scene)


def test_what_earlier_lives_met_is_remembered_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "session.record"
    assert remembered(path, ["A", "B"]) == Past()
    recorder = Recorder(path)
    began = Began(session="s", mode="paper", strategy="x", epoch=1, time=0, identity=b"{}")
    place = Cursor(1, 1)
    recorder.write(
        [
            began,
            Warmed(bars=(bar("B", 10), bar("A", 10))),
            Saw(at=place, bars=(bar("A", 20),), time=1),
            Saw(at=place, bars=(bar("A", 20), bar("B", 20)), time=2, late=True),
        ]
    )
    recorder.close()
    assert [(one.instrument, one.time) for one in remembered(path, ["A", "B"]).bars] == [
        ("A", 10), ("B", 10), ("A", 20), ("B", 20),
    ]  # fmt: skip
