"""Closed bars on their way into the feed, with the longer bars that are made of them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tradectl_sdk.engine.streaming import StreamBar, StreamingFeed
from tradectl_sdk.nodes.host.longer import Longer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tradectl_sdk.engine.growing import GrowingColumn
    from tradectl_sdk.engine.live import LiveEngine
    from tradectl_sdk.engine.market import Market
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.nodes.host.handing import Forecasts
    from tradectl_sdk.nodes.host.longer import LongerBar


def instants(bars: Iterable[BarClosed]) -> Iterator[tuple[BarClosed, ...]]:
    """Group bars by when they closed, oldest first."""
    ordered = sorted(bars, key=lambda bar: bar.time)
    return (tuple(group) for _, group in groupby(ordered, key=lambda bar: bar.time))


class Tape:
    """Puts bars where the engine reads them.

    Args:
        engine: The engine, whose feed grows.
        instruments: The session's instruments.
        signals: The columns of each signal, one for each instrument, that grow with the feed.

    Attributes:
        last: When the latest bar of each instrument closed, 0 before the first.
    """

    def __init__(
        self,
        engine: LiveEngine,
        instruments: Sequence[str],
        signals: Iterable[Sequence[GrowingColumn]] = (),
    ) -> None:
        feed = engine.feed
        if not isinstance(feed, StreamingFeed):
            raise TypeError("a session needs a feed that grows")
        self._feed = feed
        self._market: Market = engine.desk.market
        streams = range(feed.streams)
        self._driving = {
            (instruments[feed.instrument[k]], feed.length[k]): k for k in streams if feed.drives[k]
        }
        self._longer = {k: Longer(feed.length[k]) for k in streams if not feed.drives[k]}
        self.last = [0] * len(instruments)
        self._signals = tuple(signals)

    def put(self, now: int, bars: Sequence[BarClosed], forecasts: Forecasts = ()) -> list[int]:
        """Put the bars that closed at one instant; return the streams to advance, in order.

        Bars of no stream of the session, or older than what was read, are passed over.

        Args:
            now: When they closed.
            bars: The bars.
            forecasts: The value of each signal beside each of them.
        """
        fresh: dict[int, BarClosed] = {}
        beside: dict[int, tuple[float, ...]] = {}
        for place, bar in enumerate(bars):
            stream = self._driving.get((bar.instrument, bar.length))
            if stream is None or stream in fresh:
                continue
            if bar.time > self.last[self._feed.instrument[stream]]:
                fresh[stream] = bar
                beside[stream] = forecasts[place] if forecasts else ()
        grown = [
            stream
            for stream, longer in self._longer.items()
            for made in self._made(stream, longer, now, fresh)
            if self._append(stream, made.end, made)
        ]
        for stream in sorted(fresh):
            bar = fresh[stream]
            self._append(stream, bar.time, bar)
            for columns, value in zip(self._signals, beside[stream], strict=True):
                columns[self._feed.instrument[stream]].append(value)
            self.last[self._feed.instrument[stream]] = bar.time
            grown.append(stream)
        return grown

    def _made(
        self, stream: int, longer: Longer, now: int, fresh: dict[int, BarClosed]
    ) -> Iterator[LongerBar]:
        """Yield the longer bars of a stream that are over by now."""
        instrument = self._feed.instrument[stream]
        own = self._feed.streams - self._market.count + instrument
        if own in fresh:
            ended = longer.add(fresh[own])
            if ended is not None:
                yield ended
        ended = longer.over(now)
        if ended is not None:
            yield ended

    def _append(self, stream: int, time: int, bar: BarClosed | LongerBar) -> bool:
        market, instrument = self._market, self._feed.instrument[stream]
        ticks = (bar.open, bar.high, bar.low, bar.close)
        price = market.to_price
        self._feed.append(
            stream,
            StreamBar(
                time=time,
                ticks=ticks,
                lots=bar.volume,
                prices=(
                    price(instrument, bar.open),
                    price(instrument, bar.high),
                    price(instrument, bar.low),
                    price(instrument, bar.close),
                ),
                volume=market.to_quantity(instrument, bar.volume),
            ),
        )
        return True
