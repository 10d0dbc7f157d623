"""What an exchange adapter owes when things go wrong: no guess, no repetition, no secret told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.errors import ExchangeError, RateLimitedError
from tradectl_sdk.exchange import Absent, Accepted, OrderRef, OrderReport, Refused, Unclear
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, require
from tradectl_sdk.testing.exchange_orders import is_it, queryable
from tradectl_sdk.testing.exchange_scene import CALL
from tradectl_sdk.testing.exchange_stage import Fault
from tradectl_sdk.testing.exchange_suite import played

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradectl_sdk.testing.exchange_scene import Scene


@played
async def a_lost_answer_is_unclear(scene: Scene) -> None:
    """An order whose answer is lost is Unclear, and is found by its id afterwards, once."""
    ticket = await scene.ticket()
    await scene.cause(Fault.ANSWER_LOST)
    outcome = await scene.submit_one(ticket)
    require(
        isinstance(outcome, Unclear) and outcome.sent,
        f"an order whose answer was lost was {outcome}, expected Unclear that was sent",
    )
    await scene.stage.heal()
    if not queryable(scene):
        raise CheckSkippedError("orders are not found by ids of ours")
    ref = OrderRef(instrument=ticket.instrument, client_id=ticket.client_id)
    await scene.reaches(ref, OrderStatus.ACCEPTED)
    listed = [report for report in await scene.exchange.open_orders() if is_it(report, ref)]
    require(len(listed) == 1, f"the order is there {len(listed)} times: it was sent again")


@played
async def a_failed_transport_makes_orders_unclear(scene: Scene) -> None:
    """Where nothing gets through, orders and cancels are Unclear; what was not sent never comes."""
    working = await scene.placed()
    ticket = await scene.ticket()
    await scene.cause(Fault.UNREACHABLE)
    sent = await scene.submit_one(ticket)
    cancelled = await scene.cancel(working)
    await scene.stage.heal()
    for what, outcome in (("submit", sent), ("cancel", cancelled)):
        require(isinstance(outcome, Unclear), f"{what} without a network was {outcome}")
    if isinstance(sent, Unclear) and not sent.sent and queryable(scene):
        ref = OrderRef(instrument=ticket.instrument, client_id=ticket.client_id)
        found = await scene.query(ref)
        require(isinstance(found, Absent), f"said it was not sent, and there is {found}")


@played
async def a_failed_question_is_an_error(scene: Scene) -> None:
    """Where nothing gets through, questions raise ExchangeError: never Absent, never empty."""
    ref = await scene.placed()
    since = await scene.exchange.venue_time()
    await scene.cause(Fault.UNREACHABLE)
    for name, ask in _questions(scene, ref, since).items():
        await _raises(ExchangeError, name, ask)
    await scene.stage.heal()
    report = await scene.query(ref)
    require(isinstance(report, OrderReport), "after the network came back the order was gone")


@played
async def too_many_requests_are_told_as_such(scene: Scene) -> None:
    """A rate limit is RateLimitedError with a time to wait; an order is Refused or Unclear."""
    ref = await scene.placed()
    ticket = await scene.ticket()
    await scene.cause(Fault.RATE_LIMIT)
    error = await _raises(RateLimitedError, "query", lambda: scene.exchange.query(ref))
    require(error.retry_after > 0, "RateLimitedError said no time to wait, expected retry_after")
    outcome = await scene.submit_one(ticket)
    known = isinstance(outcome, Refused | Unclear)
    require(known, f"an order over the limit was {outcome}, expected Refused or Unclear")
    await scene.stage.heal()
    if isinstance(outcome, Refused) and queryable(scene):
        # What was refused may be tried again only if it really is not there
        again = OrderRef(instrument=ticket.instrument, client_id=ticket.client_id)
        found = await _patiently(lambda: scene.query(again))
        require(isinstance(found, Absent), f"a refused order was there all the same: {found}")


@played
async def goes_on_after_an_outage(scene: Scene) -> None:
    """After the network came back, orders go through and streams flow, without a new adapter."""
    await scene.cause(Fault.UNREACHABLE)
    await _raises(ExchangeError, "venue_time", scene.exchange.venue_time)
    await scene.stage.heal()
    ticket = await _patiently(scene.ticket)
    outcome = await scene.submit_one(ticket)
    require(isinstance(outcome, Accepted), f"an order after an outage was {outcome}")


@played
async def tells_no_secret(scene: Scene) -> None:
    """Neither its text, nor its log at the finest level, nor its errors show a key."""
    words = [repr(scene.exchange), str(scene.exchange), repr(vars_of(scene.exchange))]
    ref = await scene.placed()
    await scene.cancel(ref)
    words += [repr(await scene.exchange.balances()), repr(await scene.exchange.permissions())]
    for fault in (Fault.UNREACHABLE, Fault.RATE_LIMIT, Fault.ANSWER_LOST):
        if fault in scene.stage.faults:
            await scene.cause(fault)
            words.append(repr(await scene.submit_one(await _spare_ticket(scene))))
            words += await _errors(scene, ref)
            await scene.stage.heal()
    shown = "\n".join([*words, *scene.shown])
    for secret in scene.stage.secrets:
        found = secret in shown
        where = shown[max(0, shown.find(secret) - 60) : shown.find(secret)] if found else ""
        require(not found, f"a secret was shown, after {where!r}")


@played
async def a_closed_adapter_says_so(scene: Scene) -> None:
    """After close questions raise ExchangeError and orders are not sent, instead of waiting."""
    exchange = await scene.connect()
    ticket = await scene.ticket()
    await exchange.close()
    ref = OrderRef(instrument=ticket.instrument, client_id=ticket.client_id or "x")
    await _raises(ExchangeError, "query after close", lambda: exchange.query(ref))
    (outcome,) = await scene.value(exchange.submit([ticket]), "submit after close")
    unsent = isinstance(outcome, Unclear) and not outcome.sent
    require(unsent, f"submit after close was {outcome}, expected Unclear with sent=False")


# What checks share -----------------------------------------------------------------------------


def vars_of(thing: object) -> dict[str, object]:
    """Return an object's attributes, as a debugger or a crash report shows them."""
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    found = {name: getattr(thing, name, None) for name in slots if isinstance(name, str)}
    return found | getattr(thing, "__dict__", {})


def _questions(scene: Scene, ref: OrderRef, since: int) -> dict[str, Callable[[], Awaitable[Any]]]:
    exchange, instrument = scene.exchange, scene.stage.instrument
    questions: dict[str, Callable[[], Awaitable[Any]]] = {
        "query": lambda: exchange.query(ref),
        "open_orders": exchange.open_orders,
        "trades": lambda: exchange.trades(instrument, since),
        "balances": exchange.balances,
        "venue_time": exchange.venue_time,
    }
    if scene.card.closed_orders:
        questions["closed_orders"] = lambda: exchange.closed_orders(instrument, since)
    if length := scene.stage.bar_length:
        questions["history"] = lambda: exchange.history(
            instrument, length, since - 10 * length, since
        )
    return questions


async def _raises(kind: type[Any], name: str, ask: Callable[[], Awaitable[Any]]) -> Any:
    try:
        answer = await asyncio.wait_for(ask(), CALL)
    except kind as error:
        return error
    except TimeoutError:
        raise CheckFailedError(f"{name} gave no answer in {CALL:.0f} s") from None
    except Exception as error:
        raise CheckFailedError(
            f"{name} raised {type(error).__name__}: {error}, expected {kind.__name__}"
        ) from error
    raise CheckFailedError(f"{name} gave {answer!r}, expected {kind.__name__}")


async def _errors(scene: Scene, ref: OrderRef) -> list[str]:
    """Return everything that the errors of all questions say."""
    words = []
    for ask in _questions(scene, ref, 0).values():
        try:
            await asyncio.wait_for(ask(), CALL)
        except Exception as error:  # noqa: BLE001 - what it says is what is looked at
            links: BaseException | None = error
            while links is not None:
                words.append(f"{links!r} {links}")
                links = links.__cause__ or links.__context__
    return words


async def _spare_ticket(scene: Scene) -> Any:
    """Return a ticket while nothing can be asked."""
    from tradectl_sdk.exchange import Ticket

    return Ticket(
        client_id=scene.client_id(),
        instrument=scene.stage.instrument,
        side=1,
        type=1,
        lots=scene.stage.lots,
        limit=await scene.stage.resting_price(),
        decided=0,
    )


async def _patiently(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until the adapter has forgotten that it was to wait."""
    for _ in range(50):
        try:
            return await ask()
        except ExchangeError:
            await asyncio.sleep(0.1)
    return await ask()
