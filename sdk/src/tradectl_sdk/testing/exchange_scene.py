"""What a check of an exchange adapter has in its hands: an open adapter, ways to trade and wait.

Everything a check does has a deadline, so that an adapter that hangs fails instead of waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tradectl_sdk.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    OrderRef,
    OrderReport,
    Refused,
    Ticket,
    Unclear,
)
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, require

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager

    from pydantic import BaseModel

    from tradectl_sdk.exchange import Card, Exchange
    from tradectl_sdk.testing.exchange_stage import ExchangeStage, Fault

T = TypeVar("T")

DEADLINE: Final = 60.0  # seconds for a whole check
CALL: Final = 20.0  # seconds for one call of the adapter
PAUSE: Final = 0.02  # seconds between two looks at the venue

_numbers = itertools.count(1)


@dataclass(slots=True)
class Scene:
    """One open adapter on a stage.

    Attributes:
        stage: The venue.
        exchange: The adapter, open.
        shown: Everything it logged.
    """

    stage: ExchangeStage
    exchange: Exchange
    shown: list[str] = field(default_factory=list)
    _opened: list[Exchange] = field(default_factory=list)

    @property
    def card(self) -> Card:
        """What the adapter says it can do."""
        return self.exchange.card

    async def connect(self) -> Exchange:
        """Open one more adapter on the account; it is closed at the end."""
        exchange = self.stage.connect()
        self._opened.append(exchange)
        await asyncio.wait_for(exchange.open(), CALL)
        return exchange

    async def close(self) -> None:
        """Heal the venue and close all adapters."""
        await self.stage.heal()
        for exchange in self._opened:
            await asyncio.wait_for(exchange.close(), CALL)

    async def cause(self, fault: Fault) -> None:
        """Let something go wrong.

        Raises:
            CheckSkippedError: When the stage cannot cause it.
        """
        if fault not in self.stage.faults:
            raise CheckSkippedError(f"its stage cannot cause {fault}")
        await self.stage.cause(fault)

    def client_id(self) -> str:
        """Return an id that was never used, of the form the card allows."""
        form = self.card.client_ids
        if form is None:
            return ""
        # Random, because the account of a stage may outlive the process
        import secrets

        size = min(form.length, 20)
        return "".join(secrets.choice(form.alphabet) for _ in range(size))

    async def ticket(self, **changes: Any) -> Ticket:
        """Return a limit order that rests, with changes."""
        price = changes.pop("limit", None)
        ticket: dict[str, Any] = {
            "client_id": self.client_id(),
            "instrument": self.stage.instrument,
            "side": int(Side.BUY),
            "type": int(OrderType.LIMIT),
            "time_in_force": int(TimeInForce.GTC),
            "lots": self.stage.lots,
            "limit": await self.stage.resting_price() if price is None else price,
            "decided": await self.exchange.venue_time(),
        }
        return Ticket(**(ticket | changes))

    async def taking(self, **changes: Any) -> Ticket:
        """Return a limit order that fills at once, with changes."""
        return await self.ticket(**({"limit": await self.stage.taking_price()} | changes))

    async def submit(self, *tickets: Ticket) -> list[Accepted | Refused | Unclear]:
        """Send orders and hold the adapter to one outcome per ticket, whatever happens."""
        found = await self.value(self.exchange.submit(tickets), "submit")
        outcomes = list(found)
        require(
            len(outcomes) == len(tickets),
            f"submit of {len(tickets)} tickets gave {len(outcomes)} outcomes",
        )
        for outcome in outcomes:
            _is_outcome(outcome, "submit")
        return outcomes

    async def submit_one(self, ticket: Ticket) -> Accepted | Refused | Unclear:
        """Send one order."""
        (outcome,) = await self.submit(ticket)
        return outcome

    async def cancel(self, ref: OrderRef) -> Accepted | Refused | Unclear:
        """Cancel, and hold the adapter to answering with a value."""
        outcome = await self.value(self.exchange.cancel(ref), "cancel")
        _is_outcome(outcome, "cancel")
        return outcome

    async def value(self, call: Awaitable[T], what: str) -> T:
        """Await a call whose answer must be a value and never an exception."""
        try:
            return await asyncio.wait_for(call, CALL)
        except CheckFailedError:
            raise
        except TimeoutError:
            raise CheckFailedError(f"{what} gave no answer in {CALL:.0f} s") from None
        except Exception as error:
            raise CheckFailedError(
                f"{what} raised {type(error).__name__}: {error}, expected an outcome as a value"
            ) from error

    async def placed(self, ticket: Ticket | None = None) -> OrderRef:
        """Place an order that the venue takes, and say how to name it."""
        ticket = ticket or await self.ticket()
        outcome = await self.submit_one(ticket)
        require(isinstance(outcome, Accepted), f"a sound order was not accepted: {outcome}")
        known = outcome.report if isinstance(outcome, Accepted) else None
        return OrderRef(
            instrument=ticket.instrument,
            client_id=ticket.client_id,
            venue_id=known.venue_id if known else "",
        )

    async def query(self, ref: OrderRef) -> OrderReport | Absent:
        """Ask for an order."""
        return await asyncio.wait_for(self.exchange.query(ref), CALL)

    async def reaches(self, ref: OrderRef, *statuses: OrderStatus) -> OrderReport:
        """Wait until an order has one of these statuses."""
        seen: list[str] = []

        async def look() -> OrderReport | None:
            report = await self.query(ref)
            seen.append(_name(report))
            done = isinstance(report, OrderReport) and report.status in statuses
            return report if isinstance(report, OrderReport) and done else None

        wanted = " or ".join(status.name for status in statuses)
        return await self.until(look, lambda: f"the order was {seen[-1]}, expected {wanted}")

    async def until(
        self, look: Callable[[], Awaitable[T | None]], complaint: Callable[[], str]
    ) -> T:
        """Look again and again until there is something, letting the venue go on in between."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.stage.patience
        while True:
            if (found := await look()) is not None:
                return found
            if loop.time() > end:
                raise CheckFailedError(f"{complaint()} within {self.stage.patience:g} s")
            await self.stage.advance()
            await asyncio.sleep(PAUSE)

    @contextlib.asynccontextmanager
    async def listening(self, events: AsyncIterator[T]) -> AsyncIterator[list[T]]:
        """Collect what a stream yields while the block runs; what it raises fails the check."""
        heard: list[T] = []
        task = asyncio.create_task(_listen(events, heard))
        try:
            yield heard
            if task.done() and (error := task.exception()) is not None:
                raise CheckFailedError(f"a stream raised {type(error).__name__}: {error}")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _listen(events: AsyncIterator[T], heard: list[T]) -> None:
    async for event in events:
        heard.append(event)  # noqa: PERF401 - it is read while it grows


def _is_outcome(outcome: object, what: str) -> None:
    kinds = (Accepted, Refused, Unclear)
    require(
        isinstance(outcome, kinds),
        f"{what} gave {outcome!r}, expected Accepted, Refused or Unclear",
    )


def _name(report: OrderReport | Absent) -> str:
    return "absent" if isinstance(report, Absent) else OrderStatus(report.status).name


class _Ear(logging.Handler):
    """Keeps what is logged, the way a careless program would print it."""

    def __init__(self, shown: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._shown = shown
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self._shown.append(self.format(record))


@contextlib.contextmanager
def _listening(shown: list[str]) -> Iterator[None]:
    """Keep whatever is logged meanwhile; afterwards logging is as it was."""
    root, ear = logging.getLogger(), _Ear(shown)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(ear)
        root.setLevel(level)


@dataclass(frozen=True, slots=True)
class ExchangeSubject:
    """An adapter under test.

    Attributes:
        rehearsal: Lends a stage; None when there is none.
        make: Makes an adapter without keys, not opened; None when its settings are needed.
    """

    rehearsal: Callable[[], AbstractAsyncContextManager[ExchangeStage]] | None
    make: Callable[[], Exchange] | None = None

    def play(self, act: Callable[[Scene], Coroutine[Any, Any, None]]) -> None:
        """Open an adapter on a fresh stage, and run a check with it.

        Raises:
            CheckSkippedError: When there is no stage.
        """
        if self.rehearsal is None:
            raise CheckSkippedError("it has no rehearsal, a venue to try it at")
        asyncio.run(asyncio.wait_for(self._play(self.rehearsal, act), DEADLINE))

    async def _play(
        self,
        rehearsal: Callable[[], AbstractAsyncContextManager[ExchangeStage]],
        act: Callable[[Scene], Coroutine[Any, Any, None]],
    ) -> None:
        shown = list[str]()
        async with rehearsal() as stage:
            scene = Scene(stage, stage.connect(), shown)
            scene._opened.append(scene.exchange)  # noqa: SLF001 - our own
            with _listening(shown):
                try:
                    await asyncio.wait_for(scene.exchange.open(), CALL)
                    await act(scene)
                finally:
                    await scene.close()


def maker(
    factory: Callable[..., Exchange] | None, settings: type[BaseModel] | None
) -> Callable[[], Exchange] | None:
    """Return what makes an adapter without keys; None when its settings have no defaults."""
    if factory is None:
        return None
    from pydantic import ValidationError

    try:
        defaults = settings() if settings is not None else None
    except ValidationError:
        return None
    return lambda: factory(defaults, None)
