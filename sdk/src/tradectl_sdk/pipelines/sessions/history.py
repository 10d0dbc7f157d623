"""Bars before a session, or from its own past, that a strategy is warmed up with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tradectl_sdk.bus.link import PeerBack, PeerChanged, PeerLost
from tradectl_sdk.bus.messages.control import BarsFetched, Declined, FetchBars
from tradectl_sdk.errors import DeadlineError
from tradectl_sdk.nodes.host.recording import read_frames
from tradectl_sdk.nodes.host.records import Saw, Warmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.bus import Channel
    from tradectl_sdk.bus.messages.control import FromNode
    from tradectl_sdk.exchange import BarClosed

PATIENCE = 30.0  # seconds for one page
START = 120.0  # seconds until a gateway that starts has to have answered
RETRY = 0.5  # seconds between two questions meanwhile
MOST_REMEMBERED = 200_000  # bars of a session's past


class HistoryChannel:
    """Asks a gateway for bars, one question at a time.

    Args:
        channel: The host's channel to the gateway.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._turn = asyncio.Lock()
        self._owed = 0  # answers to questions that nobody waits for any more
        self._met = False  # whether a gateway was there before

    async def __call__(self, question: FetchBars) -> FromNode:
        """Ask and wait for the answer.

        Raises:
            OSError: If the gateway did not answer in time, or died meanwhile.
        """
        async with self._turn:
            self._channel.send(question)
            self._owed += 1
            async with asyncio.timeout(PATIENCE):
                while True:
                    answer: Any = await self._channel.receive()
                    if isinstance(answer, PeerChanged):
                        if self._met:
                            self._owed = 0
                            raise ConnectionResetError("the gateway was started again")
                        self._met = True
                    elif not isinstance(answer, PeerLost | PeerBack):
                        self._owed -= 1
                        if not self._owed:
                            return cast("FromNode", answer)

    async def close(self) -> None:
        """Say good-bye."""
        await self._channel.close()


async def bars_before(
    ask: HistoryChannel,
    instruments: Sequence[str],
    length: int,
    count: int,
    now: Callable[[], int],
) -> tuple[BarClosed, ...]:
    """Return so many bars of each instrument that closed last, by time.

    Raises:
        DeadlineError: If the gateway cannot give them.
    """
    found: list[BarClosed] = []
    until = now() // length * length
    for name in instruments:
        since = until - count * length
        while since < until:
            question = FetchBars(instrument=name, length=length, since=since, until=until)
            page = await _page(ask, question)
            if not page:
                break
            found += page
            since = page[-1].time
    return _in_order(found, instruments)


async def _page(ask: HistoryChannel, question: FetchBars) -> Sequence[BarClosed]:
    """Return a page, asking again while the gateway starts."""
    problem = "it did not answer"
    try:
        async with asyncio.timeout(START):
            while True:
                try:
                    answer = await ask(question)
                except OSError as error:
                    problem = str(error) or problem
                else:
                    if isinstance(answer, BarsFetched):
                        return answer.bars
                    problem = answer.text if isinstance(answer, Declined) else str(answer)
                await asyncio.sleep(RETRY)
    except TimeoutError as error:
        raise DeadlineError(
            f"bars of {question.instrument} before the session could not be had: {problem}",
            hint="--history 0 starts without any",
        ) from error


@dataclass(frozen=True, slots=True)
class Past:
    """What a strategy is warmed up with.

    Attributes:
        bars: By time, and by instrument within an instant.
        foreseen: What stands beside them, by instrument and when they closed: the value of each
            signal of the session's models.
    """

    bars: tuple[BarClosed, ...] = ()
    foreseen: Mapping[tuple[str, int], tuple[float, ...]] = field(default_factory=dict)


def remembered(record: Path, instruments: Sequence[str], *, whole: bool = False) -> Past:
    """Return the bars that a session's earlier lives met, so that its strategy is what it was.

    Args:
        record: The recording.
        instruments: Ids of what is traded, in order.
        whole: Whether all of them are wanted, as models do: they count bars from the first.
            Bars that were passed over are left out then.

    Raises:
        DataError: If the recording is damaged.
    """
    if not record.exists():
        return Past()
    latest: dict[tuple[str, int], BarClosed] = {}
    foreseen: dict[tuple[str, int], tuple[float, ...]] = {}
    for frame in read_frames(record):
        if isinstance(frame, Saw | Warmed):
            for bar in frame.bars:
                latest[bar.instrument, bar.time] = bar
            for bar, values in zip(frame.bars, frame.forecasts, strict=False):
                foreseen.setdefault((bar.instrument, bar.time), values)
    if not whole:
        return Past(_in_order(latest.values(), instruments)[-MOST_REMEMBERED:])
    taken = [bar for key, bar in latest.items() if foreseen.get(key)]
    return Past(_in_order(taken, instruments), foreseen)


def _in_order(bars: Iterable[BarClosed], instruments: Sequence[str]) -> tuple[BarClosed, ...]:
    places = {name: place for place, name in enumerate(instruments)}
    return tuple(sorted(bars, key=lambda bar: (bar.time, places.get(bar.instrument, 0))))
