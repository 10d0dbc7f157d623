"""From the frames of a recording to what a replay and a comparison need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.nodes.host import records as of
from tradectl_sdk.pipelines.parity.forecasts import Recorded
from tradectl_sdk.pipelines.parity.orders import OrderStories
from tradectl_sdk.runs.parity import Account

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradectl_sdk.bus.messages.events import AccountSnapshot
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.pipelines.parity.orders import Worth


@dataclass(slots=True)
class Story:
    """A session as its recording tells it.

    Attributes:
        instruments: Ids of what was traded.
        orders: What became of every order.
        start: The account at the very start, None when there was none.
        lives: How many lives the host had.
        bars: Bars of each instrument by when they closed, each once.
        forecasts: What stood beside them.
        told: Instants that the strategy was told in time, in the order it was.
        late: Instants whose bars came too late to act on.
        downs: Between which instants the host was down.
        valued: Equity at the end of each instant.
        notices: What else happened, in words.
        failed: Why it failed; empty when it did not.
        ended: Whether it stopped in good order.
    """

    instruments: Sequence[str]
    orders: OrderStories
    start: AccountSnapshot | None = None
    lives: int = 0
    bars: dict[str, dict[int, BarClosed]] = field(default_factory=dict)
    forecasts: Recorded = field(default_factory=Recorded)
    told: list[int] = field(default_factory=list)
    late: set[int] = field(default_factory=set)
    downs: list[tuple[int, int]] = field(default_factory=list)
    valued: dict[int, float] = field(default_factory=dict)
    notices: list[of.Noticed] = field(default_factory=list)
    failed: str = ""
    ended: bool = False
    _down: int = 0

    @property
    def warmed(self) -> int:
        """Instants before the first that could be acted on."""
        first = self.told[0] if self.told else None
        instants = {time for bars in self.bars.values() for time in bars}
        return sum(first is None or time < first for time in instants)

    @property
    def account(self) -> Account:
        """What the account was worth over time."""
        times = sorted(self.valued)
        equity = np.array([self.valued[time] for time in times], np.float64)
        return Account(time=np.array(times, np.int64), equity=equity)

    # One frame after the other ---------------------------------------------------------------

    def hear(self, frame: Any) -> None:
        """Take in the next frame."""
        match frame:
            case of.Began():
                self._begin(frame)
            case of.Found():
                self.start = self.start or frame.snapshot
                self.orders.found(frame.snapshot)
            case of.Warmed():
                self._keep(frame)
            case of.Saw():
                self._see(frame)
            case of.Valued():
                self.valued[frame.at] = frame.equity
            case of.Noticed():
                self.notices.append(frame)
            case of.Failed():
                self.failed = frame.text
            case of.Ended():
                self.ended = True
            case _:
                self.orders.hear(frame)

    def _begin(self, frame: of.Began) -> None:
        self.lives += 1
        self.failed, self.ended = "", False
        self.orders.begin(frame.epoch)
        if self.told:
            self._down = self.told[-1]

    def _keep(self, frame: of.Warmed | of.Saw) -> None:
        for bar in frame.bars:
            self.bars.setdefault(bar.instrument, {}).setdefault(bar.time, bar)
        self.forecasts.keep(frame)

    def _see(self, frame: of.Saw) -> None:
        self._keep(frame)
        now = frame.bars[0].time
        if frame.late:
            self.late.add(now)
            return
        if self._down:
            self.downs.append((self._down, now))
            self._down = 0
        self.told.append(now)


def read_story(frames: Iterable[Any], instruments: Sequence[str], worth: Worth) -> Story:
    """Read a whole recording.

    Args:
        frames: Its frames, oldest first.
        instruments: Ids of what was traded, in order.
        worth: What lots of an instrument are worth at a price.
    """
    story = Story(instruments=instruments, orders=OrderStories(instruments, worth))
    for frame in frames:
        story.hear(frame)
    story.orders.finish()
    return story
