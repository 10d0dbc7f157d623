"""What every exchange adapter is held to, first its card and its reference data.

:mod:`.exchange_orders` adds orders, :mod:`.exchange_streams` what streams owe, and
:mod:`.exchange_faults` what is true when things go wrong; :data:`EXCHANGE` has all, in this order.
"""

from __future__ import annotations

import asyncio
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.domain.orders import OrderType, TimeInForce
from tradectl_sdk.exchange import Card
from tradectl_sdk.testing.checks import CheckSkippedError, Suite, require
from tradectl_sdk.testing.exchange_scene import CALL, ExchangeSubject, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from tradectl_sdk.exchange import BarClosed, Exchange

YEAR_2000: Final = 946_684_800_000_000_000
YEAR_2100: Final = 4_102_444_800_000_000_000
MARKET_DATA: Final = frozenset({"bars", "trades", "quotes"})
GROUPS: Final = frozenset({"oco", "bracket"})
PAGES: Final = 5  # pages of history that are read

EXCHANGE: Final[Suite[ExchangeSubject]] = Suite("exchange")


def played(
    act: Callable[[Scene], Coroutine[Any, Any, None]],
) -> Callable[[ExchangeSubject], None]:
    """Make a check of what is played on a stage, with a fresh and open adapter."""

    @wraps(act)
    def check(subject: ExchangeSubject) -> None:
        subject.play(act)

    return EXCHANGE.check()(check)


def _made(subject: ExchangeSubject) -> Exchange:
    if subject.make is None:
        raise CheckSkippedError("it cannot be made without settings")
    return subject.make()


# Without a venue -------------------------------------------------------------------------------


@EXCHANGE.check()
def has_a_sound_card(subject: ExchangeSubject) -> None:
    """Before it is opened it says what it can do, in words that tradectl knows."""
    card = _made(subject).card
    require(isinstance(card, Card), f"card was a {type(card).__name__}, expected a Card")
    require(card.order_types, "the card names no order type")
    for kind in card.order_types:
        require(isinstance(kind, OrderType), f"{kind!r} on the card is no OrderType")
    for tif in card.times_in_force:
        require(isinstance(tif, TimeInForce), f"{tif!r} on the card is no TimeInForce")
    for what, found, known in (
        ("market data", card.market_data, MARKET_DATA),
        ("group", card.groups, GROUPS),
    ):
        require(found <= known, f"{what} on the card was {set(found)}, expected of {set(known)}")


@EXCHANGE.check()
def leaves_room_in_its_budgets(subject: ExchangeSubject) -> None:
    """Its rate budgets are positive, and keep a share for cancels and reconciliation."""
    card = _made(subject).card
    require(card.rates, "the card has no rate budget")
    for rate in card.rates:
        require(rate.weight > 0 and rate.interval > 0, f"{rate} allows nothing")
        kept = rate.orders or 0 < rate.reserved < 1
        require(kept, f"{rate} keeps no share for cancels and reconciliation")


@EXCHANGE.check()
def closes_without_having_been_opened(subject: ExchangeSubject) -> None:
    """It may be made and closed, twice even, without anything happening."""
    exchange = _made(subject)

    async def close_twice() -> None:
        await asyncio.wait_for(exchange.close(), CALL)
        await asyncio.wait_for(exchange.close(), CALL)

    asyncio.run(close_twice())


WITHOUT_A_VENUE: Final = 3  # the checks up to here


# Reference data ----------------------------------------------------------------------------------


@played
async def closes_twice(scene: Scene) -> None:
    """Closing it a second time does nothing, and raises nothing."""
    exchange = await scene.connect()
    await asyncio.wait_for(exchange.close(), CALL)
    await asyncio.wait_for(exchange.close(), CALL)


@played
async def lists_its_instruments(scene: Scene) -> None:
    """Instruments have ids of their own, one venue in upper case, and the stage's is among them."""
    instruments = await scene.exchange.instruments()
    ids = [instrument.id for instrument in instruments]
    require(len(ids) == len(set(ids)), "an instrument is listed twice")
    require(scene.stage.instrument in ids, f"{scene.stage.instrument} is not listed")
    for instrument in instruments:
        require(instrument.venue.isupper(), f"venue of {instrument.id} is not in upper case")


@played
async def knows_the_venues_time(scene: Scene) -> None:
    """The venue's time is nanoseconds UTC and does not go back."""
    times = [await scene.exchange.venue_time() for _ in range(3)]
    for time in times:
        is_time(time, "venue_time")
    require(times == sorted(times), f"the venue's time went back: {times}")


@played
async def pages_history_without_holes_or_doubles(scene: Scene) -> None:
    """Pages of history ascend, join without a bar twice, and hold closed bars only."""
    length = _bar_length(scene)
    until = await scene.exchange.venue_time()
    since = (until // length - 500) * length
    seen: list[int] = []
    for _ in range(PAGES):
        page = await _page(scene, since, until)
        if not page:
            break
        for bar in page:
            _is_bar(scene, bar, since, until)
        seen += [bar.time for bar in page]
        since = page[-1].time
    require(seen, "there was no history at all")
    require(seen == sorted(set(seen)), "bars came twice or out of order")


@played
async def history_ends_where_it_was_asked_to(scene: Scene) -> None:
    """The bar that opens at ``since`` is contained, the one that opens at ``until`` is not."""
    length = _bar_length(scene)
    last = (await scene.exchange.venue_time()) // length * length
    page = await _page(scene, last - 10 * length, last - 4 * length)
    opened = [(bar.time - length - last) // length for bar in page]
    expected = [-10, -9, -8, -7, -6, -5]
    require(opened == expected, f"asked for bars {expected} before now, got {opened}")


@played
async def history_in_the_future_is_empty(scene: Scene) -> None:
    """Where there are no bars at all a page is empty, and nothing is raised."""
    length = _bar_length(scene)
    after = (await scene.exchange.venue_time()) + 1000 * length
    page = await _page(scene, after, after + 10 * length)
    require(not page, f"gave {len(page)} bars of the future")


# What checks share -----------------------------------------------------------------------------


def is_time(time: int, what: str) -> None:
    """Hold a time to nanoseconds since 1970, of this century."""
    sound = type(time) is int and YEAR_2000 < time < YEAR_2100
    require(sound, f"{what} was {time!r}, expected nanoseconds since 1970")


def _bar_length(scene: Scene) -> int:
    if not scene.stage.bar_length:
        raise CheckSkippedError("its stage has no history")
    return scene.stage.bar_length


async def _page(scene: Scene, since: int, until: int) -> Sequence[BarClosed]:
    call = scene.exchange.history(scene.stage.instrument, scene.stage.bar_length, since, until)
    return await asyncio.wait_for(call, CALL)


def _is_bar(scene: Scene, bar: BarClosed, since: int, until: int) -> None:
    length = scene.stage.bar_length
    require(bar.instrument == scene.stage.instrument, f"a bar of {bar.instrument} came")
    require(bar.length == length, f"a bar was {bar.length} ns long, expected {length}")
    inside = since <= bar.time - length < until
    require(inside, f"a bar opened at {bar.time - length}, expected in [{since}, {until})")
    require(bar.time <= until, f"a bar that closes at {bar.time} was not closed at {until}")
    prices = bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    require(prices and bar.low > 0 and bar.volume >= 0, f"{bar} is no bar")
