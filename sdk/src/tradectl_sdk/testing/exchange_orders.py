"""What an exchange adapter owes about orders: each answer means one thing, nothing is guessed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    Balance,
    KeyPermissions,
    OrderRef,
    OrderReport,
    Refused,
    TradeReport,
)
from tradectl_sdk.testing.checks import CheckSkippedError, require
from tradectl_sdk.testing.exchange_suite import is_time, played

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.testing.exchange_scene import Scene


@played
async def takes_an_order_and_finds_it_by_our_id(scene: Scene) -> None:
    """An order rests, is found by the id we chose, and is told as it was sent."""
    ticket = await scene.ticket()
    ref = await scene.placed(ticket)
    by_ours = OrderRef(instrument=ref.instrument, client_id=ref.client_id)
    report = await scene.reaches(by_ours if queryable(scene) else ref, OrderStatus.ACCEPTED)
    for name in ("client_id", "instrument", "side", "lots", "limit"):
        if name == "client_id" and scene.card.client_ids is None:
            continue
        found, sent = getattr(report, name), getattr(ticket, name)
        require(found == sent, f"{name} was {found!r}, expected {sent!r}")
    require(report.venue_id, "the report has no venue_id")
    is_time(report.time, "time of the report")


@played
async def lists_working_orders(scene: Scene) -> None:
    """A working order is listed among the open ones, once."""
    ref = await scene.placed()
    await scene.reaches(ref, OrderStatus.ACCEPTED)
    found = [report for report in await scene.exchange.open_orders() if is_it(report, ref)]
    require(len(found) == 1, f"the order was listed {len(found)} times, expected once")


@played
async def another_adapter_sees_the_same(scene: Scene) -> None:
    """It keeps no orders: a second adapter on the account knows what the first one sent."""
    ref = await scene.placed()
    other = await scene.connect()
    report = await other.query(ref)
    require(isinstance(report, OrderReport), "a second adapter does not know the order")


@played
async def refuses_what_cannot_be_an_order(scene: Scene) -> None:
    """Quantities and prices that are not above zero or between two steps are refused as values."""
    wrong: list[dict[str, Any]] = [
        {"lots": 0},
        {"lots": -scene.stage.lots},
        {"lots": scene.stage.lots + 0.5},
        {"lots": float("nan")},
        {"limit": 0},
        {"limit": -1},
        {"limit": 100.25},
        {"side": 0},
        {"instrument": "NO-SUCH-THING.NOWHERE"},
    ]
    for changes in wrong:
        ticket = await scene.ticket(**changes)
        outcome = await scene.submit_one(ticket)
        require(isinstance(outcome, Refused), f"{changes} was {outcome}, expected Refused")
        require(outcome.code, f"{changes} was refused without a code")  # type: ignore[union-attr]
        await _leaves_nothing(scene, ticket.client_id)


@played
async def refuses_what_its_card_does_not_name(scene: Scene) -> None:
    """Types and times in force that the card does not name are refused, never replaced."""
    for kind in set(OrderType) - scene.card.order_types:
        ticket = await scene.ticket(type=int(kind), trigger=await scene.stage.taking_price())
        outcome = await scene.submit_one(ticket)
        require(isinstance(outcome, Refused), f"{kind.name} was {outcome}, expected Refused")
    for tif in set(TimeInForce) - scene.card.times_in_force:
        outcome = await scene.submit_one(await scene.ticket(time_in_force=int(tif)))
        require(isinstance(outcome, Refused), f"{tif.name} was {outcome}, expected Refused")


@played
async def one_id_is_one_order(scene: Scene) -> None:
    """A second order under the id of a working one makes no second order."""
    if scene.card.client_ids is None:
        raise CheckSkippedError("the venue takes no ids of ours")
    ticket = await scene.ticket()
    ref = await scene.placed(ticket)
    outcome = await scene.submit_one(ticket)
    found = [report for report in await scene.exchange.open_orders() if is_it(report, ref)]
    require(len(found) == 1, f"{len(found)} orders under one id, the second was {outcome}")


@played
async def cancels_an_order(scene: Scene) -> None:
    """A cancelled order ends as CANCELED and is no longer listed as open."""
    ref = await scene.placed()
    outcome = await scene.cancel(ref)
    require(isinstance(outcome, Accepted), f"cancel was {outcome}, expected Accepted")
    await scene.reaches(ref, OrderStatus.CANCELED)
    listed = [report for report in await scene.exchange.open_orders() if is_it(report, ref)]
    require(not listed, "a cancelled order is listed as open")


@played
async def cancelling_what_has_ended_is_refused(scene: Scene) -> None:
    """Cancelling a filled order, and a cancelled one, is Refused: a value, no exception."""
    filled = await scene.placed(await scene.taking())
    await scene.reaches(filled, OrderStatus.FILLED)
    cancelled = await scene.placed()
    await scene.cancel(cancelled)
    await scene.reaches(cancelled, OrderStatus.CANCELED)
    for what, ref in (("a filled", filled), ("a cancelled", cancelled)):
        outcome = await scene.cancel(ref)
        require(isinstance(outcome, Refused), f"cancel of {what} order was {outcome}")


@played
async def an_unknown_order_is_absent(scene: Scene) -> None:
    """The venue knows no such order: Absent when asked for, Refused when cancelled."""
    ref = OrderRef(instrument=scene.stage.instrument, client_id=scene.client_id())
    if not queryable(scene):
        raise CheckSkippedError("orders are not found by ids of ours")
    found = await scene.query(ref)
    require(isinstance(found, Absent), f"an order that never was is {found}, expected Absent")
    outcome = await scene.cancel(ref)
    require(isinstance(outcome, Refused), f"cancelling it was {outcome}, expected Refused")


@played
async def tells_fills_as_trades(scene: Scene) -> None:
    """A filled order's trades add up to it, carry ids of their own and its id, oldest first."""
    since = await scene.exchange.venue_time()
    ref = await scene.placed(await scene.taking())
    report = await scene.reaches(ref, OrderStatus.FILLED)
    require(report.filled == report.lots, f"FILLED with {report.filled} of {report.lots} lots")
    trades = await trades_of(scene, ref, report.lots, since)
    ids = [trade.trade_id for trade in trades]
    require(all(ids) and len(ids) == len(set(ids)), f"trade ids were {ids}")
    for trade in trades:
        require(trade.side == Side.BUY, f"side of a trade was {trade.side}, expected 1")
        require(trade.price > 0 and trade.lots > 0, f"price or lots of {trade} are not above 0")
        is_time(trade.time, "time of a trade")
    again = await trades_of(scene, ref, report.lots, since)
    require(trades == again, "the same trades were told differently the second time")


@played
async def lists_orders_that_ended(scene: Scene) -> None:
    """Orders that ended since a time are listed with how they ended."""
    if not scene.card.closed_orders:
        raise CheckSkippedError("its card says that it cannot")
    since = await scene.exchange.venue_time()
    ref = await scene.placed()
    await scene.cancel(ref)
    await scene.reaches(ref, OrderStatus.CANCELED)

    async def listed() -> OrderReport | None:
        found = await scene.exchange.closed_orders(ref.instrument, since)
        return next((report for report in found if is_it(report, ref)), None)

    report = await scene.until(listed, lambda: "a cancelled order was not listed as closed")
    status = OrderStatus(report.status)
    require(status is OrderStatus.CANCELED, f"it was listed as {status.name}")


@played
async def an_order_that_may_not_rest_does_not(scene: Scene) -> None:
    """IOC and FOK orders that cannot fill end by themselves, without a fill."""
    for tif in sorted({TimeInForce.IOC, TimeInForce.FOK} & scene.card.times_in_force):
        ticket = await scene.ticket(time_in_force=int(tif))
        if isinstance(await scene.submit_one(ticket), Refused):
            continue  # some venues refuse at once what cannot fill
        ref = OrderRef(instrument=ticket.instrument, client_id=ticket.client_id)
        ended = (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
        report = await scene.reaches(ref, *ended)
        require(report.filled == 0, f"{tif.name} order far from the market was filled")


@played
async def tells_what_the_account_holds(scene: Scene) -> None:
    """Balances are listed once per currency, as whole units; the key's rights are told."""
    balances = await scene.exchange.balances()
    require(balances, "an account that can trade holds nothing")
    names = [balance.currency for balance in balances]
    require(len(names) == len(set(names)), f"a currency is listed twice: {names}")
    for balance in balances:
        whole = type(balance.free) is int and type(balance.held) is int
        require(isinstance(balance, Balance) and whole, f"{balance} is not in whole units")
    rights = await scene.exchange.permissions()
    require(isinstance(rights, KeyPermissions), f"permissions gave {rights!r}")


@played
async def answers_many_questions_at_once(scene: Scene) -> None:
    """Orders, cancels and questions may be under way together; each gets its own answer."""
    tickets = [await scene.ticket() for _ in range(4)]
    outcomes = await asyncio.gather(*(scene.submit_one(ticket) for ticket in tickets))
    require(all(isinstance(o, Accepted) for o in outcomes), f"outcomes were {outcomes}")
    refs = [OrderRef(instrument=t.instrument, client_id=t.client_id) for t in tickets]
    if not queryable(scene):
        raise CheckSkippedError("orders are not found by ids of ours")
    found = await asyncio.gather(*(scene.query(ref) for ref in refs), scene.exchange.venue_time())
    told = [report.client_id for report in found[:-1]]  # type: ignore[union-attr]
    require(told == [ref.client_id for ref in refs], "answers were mixed up")
    await asyncio.gather(*(scene.cancel(ref) for ref in refs))
    for ref in refs:
        await scene.reaches(ref, OrderStatus.CANCELED)


# What checks share -----------------------------------------------------------------------------


async def trades_of(scene: Scene, ref: OrderRef, lots: int, since: int) -> Sequence[TradeReport]:
    """Wait until the trades of an order are told whole."""

    async def look() -> Sequence[TradeReport] | None:
        told = await scene.exchange.trades(ref.instrument, since)
        require(
            [trade.time for trade in told] == sorted(trade.time for trade in told),
            "trades were not told oldest first",
        )
        own = [trade for trade in told if is_it(trade, ref)]
        return own if sum(trade.lots for trade in own) == lots else None

    return await scene.until(look, lambda: "the trades of an order did not add up to it")


def is_it(report: OrderReport | TradeReport, ref: OrderRef) -> bool:
    """Say whether a report is about an order."""
    if ref.client_id and report.client_id:
        return report.client_id == ref.client_id
    return bool(ref.venue_id) and report.venue_id == ref.venue_id


def queryable(scene: Scene) -> bool:
    """Say whether the venue finds orders by our ids."""
    form = scene.card.client_ids
    return form is not None and form.queryable


async def _leaves_nothing(scene: Scene, client_id: str) -> None:
    listed = [report.client_id for report in await scene.exchange.open_orders()]
    require(not client_id or client_id not in listed, "a refused order is listed as open")
