"""What an exchange adapter owes on its streams: order, no holes, and the truth about its link."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.exchange import (
    AccountLink,
    BarClosed,
    FeedState,
    OrderReport,
    Print,
    Quote,
    Subscription,
    TradeReport,
)
from tradectl_sdk.testing.checks import CheckSkippedError, require
from tradectl_sdk.testing.exchange_orders import is_it, trades_of
from tradectl_sdk.testing.exchange_stage import Fault
from tradectl_sdk.testing.exchange_suite import is_time, played

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.exchange import OrderRef
    from tradectl_sdk.testing.exchange_scene import Scene

FEW = 3  # bars that are waited for


@played
async def the_account_stream_tells_of_orders(scene: Scene) -> None:
    """The link comes up first; then an order is told as taken, as filled, and its trades."""
    _needs_account_stream(scene)
    since = await scene.exchange.venue_time()
    async with scene.listening(scene.exchange.account_events()) as heard:
        await link_is(scene, heard, up=True)
        require(isinstance(heard[0], AccountLink), f"the first event was {heard[0]}")
        ref = await scene.placed(await scene.taking())
        lots = scene.stage.lots
        told = await scene.until(
            lambda: _trades_told(heard, ref, lots), lambda: f"no trades were told, only {heard}"
        )
        await scene.until(
            lambda: _status_told(heard, ref, OrderStatus.FILLED),
            lambda: f"the order was never told as FILLED, only {heard}",
        )
        asked = await trades_of(scene, ref, lots, since)
        require(
            {trade.trade_id for trade in told} == {trade.trade_id for trade in asked},
            "the stream and the list call the same trades by different ids",
        )


@played
async def the_account_stream_tells_each_trade_once(scene: Scene) -> None:
    """A trade is told once, with the same id and numbers on the stream and in the list."""
    _needs_account_stream(scene)
    since = await scene.exchange.venue_time()
    async with scene.listening(scene.exchange.account_events()) as heard:
        await link_is(scene, heard, up=True)
        ref = await scene.placed(await scene.taking())
        lots = scene.stage.lots
        await scene.until(lambda: _trades_told(heard, ref, lots), lambda: "no trades were told")
        told = [event for event in heard if isinstance(event, TradeReport) and is_it(event, ref)]
        require(len({trade.trade_id for trade in told}) == len(told), f"told twice: {told}")
        asked = {trade.trade_id: trade for trade in await trades_of(scene, ref, lots, since)}
        for trade in told:
            for name in ("side", "lots", "price", "fee", "fee_currency"):
                found, expected = getattr(trade, name), getattr(asked[trade.trade_id], name)
                require(found == expected, f"{name} was {found} told and {expected} asked for")


@played
async def the_account_stream_tells_of_cancellations(scene: Scene) -> None:
    """An order that was cancelled is told as CANCELED."""
    _needs_account_stream(scene)
    async with scene.listening(scene.exchange.account_events()) as heard:
        await link_is(scene, heard, up=True)
        ref = await scene.placed()
        await scene.cancel(ref)
        await scene.until(
            lambda: _status_told(heard, ref, OrderStatus.CANCELED),
            lambda: f"the order was never told as CANCELED, only {heard}",
        )


@played
async def bars_come_closed_in_order_and_once(scene: Scene) -> None:
    """Bars ascend by exactly their length, and the feed is declared live before the first."""
    async with scene.listening(scene.exchange.market_data([_bars(scene)])) as heard:
        await _bars_told(scene, heard, FEW)
        first = next(i for i, event in enumerate(heard) if isinstance(event, BarClosed))
        live = any(isinstance(event, FeedState) and event.live for event in heard[:first])
        require(live, "a bar came before the feed was declared live")
        _gapless(scene, heard)


@played
async def ticks_do_not_go_back_in_time(scene: Scene) -> None:
    """Trades and quotes carry times that do not go back, and prices above zero."""
    kinds = sorted(scene.card.market_data - {"bars"})
    if not kinds:
        raise CheckSkippedError("its card names neither trades nor quotes")
    for kind in kinds:
        wanted = Subscription(instrument=scene.stage.instrument, kind=kind)
        async with scene.listening(scene.exchange.market_data([wanted])) as heard:
            ticks = await scene.until(
                lambda heard=heard: _ticks(heard),  # type: ignore[misc]
                lambda kind=kind: f"no {kind} came",  # type: ignore[misc]
            )
            times = [tick.time for tick in ticks]
            require(times == sorted(times), f"times of {kind} went back")
            for time in times:
                is_time(time, f"time of {kind}")


@played
async def the_feed_says_when_it_is_not_live(scene: Scene) -> None:
    """After a cut the feed is declared not live, then live, and no bar is lost or comes twice."""
    wanted = [_bars(scene)]
    if Fault.STREAMS_CUT not in scene.stage.faults:
        raise CheckSkippedError(f"its stage cannot cause {Fault.STREAMS_CUT}")
    async with scene.listening(scene.exchange.market_data(wanted)) as heard:
        await _bars_told(scene, heard, 1)
        before = len(heard)
        await scene.cause(Fault.STREAMS_CUT)
        await scene.stage.advance()
        await scene.until(lambda: _relived(heard[before:]), lambda: _never(heard[before:]))
        await _bars_told(scene, heard, FEW + 1)
        _gapless(scene, heard)


@played
async def the_link_says_when_it_is_down(scene: Scene) -> None:
    """After a cut the account's link is told down, then up, and trades flow again."""
    _needs_account_stream(scene)
    async with scene.listening(scene.exchange.account_events()) as heard:
        await link_is(scene, heard, up=True)
        before = len(heard)
        await scene.cause(Fault.STREAMS_CUT)
        await link_is(scene, heard, up=False, since=before)
        down = next(i for i, e in enumerate(heard) if i >= before and _is_down(e))
        await link_is(scene, heard, up=True, since=down)
        ref = await scene.placed(await scene.taking())
        await scene.until(
            lambda: _trades_told(heard, ref, scene.stage.lots),
            lambda: "no trades were told after the link came up again",
        )


@played
async def streams_end_when_it_is_closed(scene: Scene) -> None:
    """Closing the adapter ends its streams instead of leaving readers waiting."""
    exchange = await scene.connect()
    wanted = Subscription(instrument=scene.stage.instrument, kind="bars", length=_length(scene))
    streams: list[Any] = [exchange.market_data([wanted])]
    if scene.card.account_stream:
        streams.append(exchange.account_events())
    readers = [asyncio.create_task(_drain(stream)) for stream in streams]
    await asyncio.sleep(0.1)
    await exchange.close()
    done, waiting = await asyncio.wait(readers, timeout=scene.stage.patience)
    for reader in waiting:
        reader.cancel()
    require(not waiting, f"{len(waiting)} of {len(readers)} streams went on after close")
    for reader in done:
        error = reader.exception()
        require(error is None, f"a stream raised {error!r} when it was closed")


# What checks share -----------------------------------------------------------------------------


async def link_is(scene: Scene, heard: Sequence[Any], *, up: bool, since: int = 0) -> None:
    """Wait until the state of the account's link is told."""

    async def look() -> bool | None:
        links = [event for event in heard[since:] if isinstance(event, AccountLink)]
        return True if any(link.up is up for link in links) else None

    await scene.until(look, lambda: f"the link was never told {'up' if up else 'down'}")


def _is_down(event: object) -> bool:
    return isinstance(event, AccountLink) and not event.up


async def _drain(stream: Any) -> None:
    async for _ in stream:
        pass


def _needs_account_stream(scene: Scene) -> None:
    if not scene.card.account_stream:
        raise CheckSkippedError("its card says that the account is polled")


def _length(scene: Scene) -> int:
    return scene.stage.bar_length or 60_000_000_000


def _bars(scene: Scene) -> Subscription:
    if "bars" not in scene.card.market_data or not scene.stage.bar_length:
        raise CheckSkippedError("there is no stream of bars")
    length = scene.stage.bar_length
    return Subscription(instrument=scene.stage.instrument, kind="bars", length=length)


async def _bars_told(scene: Scene, heard: Sequence[Any], count: int) -> None:
    async def look() -> bool | None:
        bars = [event for event in heard if isinstance(event, BarClosed)]
        return True if len(bars) >= count else None

    await scene.until(look, lambda: f"fewer than {count} bars came: {list(heard)}")


def _gapless(scene: Scene, heard: Sequence[Any]) -> None:
    times = [event.time for event in heard if isinstance(event, BarClosed)]
    steps = {later - earlier for earlier, later in itertools.pairwise(times)}
    require(steps <= {scene.stage.bar_length}, f"bars were {sorted(steps)} ns apart")


async def _relived(heard: Sequence[Any]) -> bool | None:
    states = [event.live for event in heard if isinstance(event, FeedState)]
    return True if False in states and True in states[states.index(False) :] else None


def _never(heard: Sequence[Any]) -> str:
    states = [event for event in heard if isinstance(event, FeedState)]
    return f"after a cut the feed said {states}, expected not live, then live"


async def _trades_told(
    heard: Sequence[Any], ref: OrderRef, lots: int
) -> Sequence[TradeReport] | None:
    own = [event for event in heard if isinstance(event, TradeReport) and is_it(event, ref)]
    return own if sum(trade.lots for trade in own) >= lots else None


async def _status_told(heard: Sequence[Any], ref: OrderRef, status: OrderStatus) -> bool | None:
    reports = [event for event in heard if isinstance(event, OrderReport) and is_it(event, ref)]
    return True if any(report.status == status for report in reports) else None


async def _ticks(heard: Sequence[Any]) -> Sequence[Print | Quote] | None:
    found = [event for event in heard if isinstance(event, Print | Quote)]
    return found if len(found) >= FEW else None
