"""The gateway's market side: data in, published messages out, silence noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.bus.messages.market import Bars, Feed
from tradectl_sdk.exchange import BarClosed, FeedState, Print
from tradectl_sdk.nodes.gateway.bars import BarGroups
from tradectl_sdk.nodes.gateway.feeds import Feeds
from tradectl_sdk.nodes.gateway.inputs import LOG, MARKET, Note
from tradectl_sdk.nodes.gateway.ticks import Tape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.exchange import MarketEvent
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.nodes.gateway.inputs import GatewayRules


class MarketSide:
    """What becomes of market data.

    An exchange's data are live from the first datum on, unless it says otherwise. That is told,
    since whoever listens may know from the gateway's earlier life that they are not.

    ``executions`` is in every call how far the account stream has got; it is part of every message.
    """

    def __init__(self, rules: GatewayRules) -> None:
        self._groups = BarGroups(rules.streams, rules.grace)
        self._feeds = Feeds(rules.streams, rules.silence)
        self._tape = Tape()
        self._strangers: set[tuple[str, int]] = set()
        self._names = tuple(dict.fromkeys(one.instrument for one in rules.streams))
        self._distrusted: set[str] = set()
        self._begun: set[str] = set()  # instruments of which this stream has told something

    @property
    def held(self) -> int:
        """How many bars wait for others of their instant."""
        return self._groups.held

    @property
    def stale(self) -> frozenset[str]:
        """Instruments that have fallen silent, or whose data are not to be trusted."""
        return self._feeds.stale | self._distrusted

    @property
    def deadline(self) -> int | None:
        """When time itself makes something happen, or None."""
        times = [time for time in (self._groups.deadline, self._feeds.deadline) if time is not None]
        return min(times, default=None)

    def start(self, now: int) -> None:
        """Begin to expect data."""
        self._feeds.start(now)

    def take(self, now: int, datum: MarketEvent, executions: Cursor, effects: Effects) -> None:
        """Take what the exchange told."""
        if isinstance(datum, FeedState):
            self.flush(executions, effects)
            self._take_state(datum, executions, effects)
        elif isinstance(datum, BarClosed):
            self._take_bar(now, datum, executions, effects)
        else:
            self._hear(now, datum.instrument, executions, effects)
            if isinstance(datum, Print):
                self._tape.add_print(datum)
            else:
                self._tape.add_quote(datum)

    def lose(self, text: str, executions: Cursor, effects: Effects) -> None:
        """The stream has ended; nothing is to be trusted until the next one tells something."""
        self.flush(executions, effects)
        self._take_state(FeedState(live=False, text=text), executions, effects)
        self._begun.clear()

    def pass_time(self, now: int, executions: Cursor, effects: Effects) -> None:
        """Publish bars that have waited long enough, and tell who has fallen silent."""
        self._publish_bars(self._groups.expire(now), executions, effects)
        for state in self._feeds.expire(now):
            _publish_feed(state, executions, effects)

    def flush(self, executions: Cursor, effects: Effects) -> None:
        """Publish the trades and quotes that were collected."""
        effects.messages.extend((MARKET, message) for message in self._tape.take(executions))

    def _take_bar(self, now: int, bar: BarClosed, executions: Cursor, effects: Effects) -> None:
        if not self._groups.knows(bar):
            self._wonder(bar, effects)
            return
        self._hear(now, bar.instrument, executions, effects)
        if not self._groups.is_news(bar):
            _note(effects, "info", f"a bar of {bar.instrument} came again and was left out")
            return
        self._publish_bars(self._groups.add(now, bar), executions, effects)

    def _take_state(self, state: FeedState, executions: Cursor, effects: Effects) -> None:
        """Pass on whether data can be trusted.

        That none can is told of each instrument, so that each can be trusted again by itself.
        """
        meant = (state.instrument,) if state.instrument else self._names
        self._begun.update(meant)
        if state.live:
            self._distrusted.difference_update(meant)
            _publish_feed(state, executions, effects)
            return
        self._distrusted.update(meant)
        for name in meant:
            one = msgspec.structs.replace(state, instrument=name)
            _publish_feed(one, executions, effects)

    def _wonder(self, bar: BarClosed, effects: Effects) -> None:
        stream = (bar.instrument, bar.length)
        if stream not in self._strangers:
            self._strangers.add(stream)
            _note(effects, "warning", f"bars of {bar.instrument} came unasked")

    def _publish_bars(self, groups: Iterable[Bars], executions: Cursor, effects: Effects) -> None:
        for group in groups:
            self.flush(executions, effects)
            told = msgspec.structs.replace(group, executions=executions)
            effects.messages.append((MARKET, told))
            if group.late:
                _note(effects, "warning", f"a bar of {group.bars[0].instrument} came late")

    def _hear(self, now: int, instrument: str, executions: Cursor, effects: Effects) -> None:
        alive = self._feeds.heard(now, instrument)
        if instrument not in self._begun:
            self._take_state(FeedState(instrument=instrument, live=True), executions, effects)
        elif alive is not None:
            _publish_feed(alive, executions, effects)


def _publish_feed(state: FeedState, executions: Cursor, effects: Effects) -> None:
    effects.messages.append((MARKET, Feed(executions=executions, state=state)))
    whose = state.instrument or "all instruments"
    word = "live" if state.live else "not to be trusted"
    level = "info" if state.live else "warning"
    _note(effects, level, f"data of {whose} are {word}: {state.text}".rstrip(": "))


def _note(effects: Effects, level: str, text: str) -> None:
    effects.messages.append((LOG, Note(level=level, text=text)))
