"""The exchange itself, without its network: market, account, and what they do together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError
from tradectl_sdk.exchange import OrderRef, Print, Quote
from tradectl_sdk.paper import Matching, MemoryLedger, PaperCore, PaperSettings, SqliteLedger

from tradectl_sandbox import book
from tradectl_sandbox.account_stream import AccountStream
from tradectl_sandbox.board import Board
from tradectl_sandbox.clock import Clock
from tradectl_sandbox.desk import Desk
from tradectl_sandbox.faults import Fault, FaultKind, Faults
from tradectl_sandbox.hub import Hub
from tradectl_sandbox.limits import Limits
from tradectl_sandbox.listing import Listings
from tradectl_sandbox.lists import OrderLists
from tradectl_sandbox.security import Security
from tradectl_sandbox.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradectl_sdk.paper import OrderRecord

    from tradectl_sandbox.listing import Listing
    from tradectl_sandbox.settings import SandboxSettings
    from tradectl_sandbox.tape import Moment

SECOND = 1_000_000_000


class House:
    """Everything but sockets.

    Attributes:
        settings: What it was made of.
        listings: What trades.
        boards: The public side of each market.
        core: The account.
        clock: The exchange's clock.
        faults: What goes wrong.
        hub: Who listens.
        limits: How much may be asked.
        security: Who may ask.
        desk: Where orders are placed.
        lists: Where order lists are.
        listen_keys: Keys of account streams in the older form, and when they end.
    """

    def __init__(self, settings: SandboxSettings, wall: Callable[[], int] = time.time_ns) -> None:
        series = settings.series
        if not series or len({one.timeframe for one in series}) != 1:
            raise UsageError("the sandbox needs series of one timeframe, expected at least one")
        if any(settings.history >= len(one) for one in series):
            raise UsageError(
                f"history was {settings.history} bars, expected fewer than the series has"
            )
        self.settings = settings
        self.listings = Listings(series)
        self._ledger = SqliteLedger(settings.ledger) if settings.ledger else MemoryLedger()
        shift = _shift(settings, wall())
        opened = int(series[0].time[settings.history]) + shift
        state = self._ledger.state()
        beginning = max(opened, state.time) if state else opened
        present = wall() if not settings.as_recorded and settings.speed == 1.0 else 0
        self.clock = Clock(max(beginning, present), settings.speed, wall)
        self.faults = Faults()
        self.hub = Hub(self.faults)
        self.limits = Limits(settings.weight_limit, settings.order_limit)
        self.security = Security(settings.keys, self.clock)
        self.listen_keys: dict[str, int] = {}
        self.core = PaperCore(
            [one.instrument for one in self.listings.all], self._ledger, _paper(settings)
        )
        self.desk = Desk(self.core, self.listings, self.clock)
        self.lists = OrderLists(self.desk, self.listings, lambda: self.clock.now)
        self._stream = AccountStream(
            self.core, self.listings, self.clock, self.faults, self._tell_account
        )
        self.boards = [
            Board(listing, bars, shift)
            for listing, bars in zip(self.listings.all, series, strict=True)
        ]
        self._tape = Tape(series, shift, settings.prints_per_bar)
        self._moments = self._begin()
        self._next: Moment | None = next(self._moments, None)

    # The market ------------------------------------------------------------------------------

    @property
    def next_time(self) -> int | None:
        """When something happens next, None when nothing will."""
        return self._next.time if self._next else None

    def step(self) -> Moment | None:
        """Let the next thing happen, and move the clock there; None at the end."""
        moment = self._next
        if moment is None:
            return None
        self.clock.advance(moment.time)
        self._happen(moment)
        self._next = next(self._moments, None)
        return moment

    def step_until(self, moment: int) -> int:
        """Let all happen up to a time, and move the clock there; return how much it was."""
        count = 0
        while self.next_time is not None and self.next_time <= moment:
            self.step()
            count += 1
        self.clock.advance(moment)
        return count

    def tell(self) -> None:
        """Pass on what the account has to tell."""
        self._stream.tell()

    def _begin(self) -> Iterator[Moment]:
        """Let pass what is history by now, and return what is not."""
        now = self.clock.now
        for board, bars in zip(self.boards, self.settings.series, strict=True):
            board.klines.start(self._closed_by(bars.time, now))
        length = self._tape.length
        moments = self._tape.after(now - 2 * length)
        for moment in moments:
            if moment.time > now or (moment.time == now and not moment.closes):
                return _before(moment, moments)
            self._happen(moment, history=True)
        return iter(())

    def _closed_by(self, times: object, now: int) -> int:
        import numpy as np

        shift = self.boards[0].shift
        return int(np.searchsorted(np.asarray(times) + shift + self._tape.length, now, "right"))

    def _happen(self, moment: Moment, *, history: bool = False) -> None:
        board = self.boards[moment.place]
        said = board.close(moment) if moment.closes else board.trade(moment)
        if not moment.closes:
            self._match(moment, board.listing, history=history)
            self._stream.tell()
        if not history:
            name = board.listing.name.lower()
            for ending, make in said.items():
                self.hub.publish(f"{name}@{ending}", make)

    def _match(self, moment: Moment, listing: Listing, *, history: bool) -> None:
        instrument = str(listing.instrument.id)
        bid, ask = book.quote(moment.price)
        self.core.quote(
            Quote(instrument=instrument, time=moment.time, bid=bid, bid_lots=1, ask=ask, ask_lots=1)
        )
        if history and self.core.last_price(instrument):
            return  # the account has been there before; while nobody was, nothing was filled
        trade = Print(
            instrument=instrument, time=moment.time, price=moment.price, lots=max(moment.lots, 1)
        )
        self.core.print(trade, moment.time)

    # Faults ----------------------------------------------------------------------------------

    def arm(self, kind: FaultKind | str, **occasion: float | str) -> Fault:
        """Let something go wrong; see :meth:`.faults.Faults.arm`."""
        fault = self.faults.arm(kind, **occasion)  # type: ignore[arg-type]
        if fault.kind is FaultKind.DROP_STREAMS:
            self.hub.drop()
        elif fault.kind is FaultKind.BOOK_GAP:
            for board in self.boards:
                if fault.symbol in {"", board.listing.name}:
                    board.skipped += fault.times
        elif fault.kind is FaultKind.CLOCK_JUMP:
            self.clock.jump = int(fault.seconds * SECOND)
        return fault

    def spoil(self, listing: Listing, order: OrderRecord) -> None:
        """Fill half of a new order and end the rest, if that fault is armed."""
        if not self.faults.take(FaultKind.PARTIAL_THEN_EXPIRE, listing.name):
            return
        ref = OrderRef(instrument=str(listing.instrument.id), venue_id=str(order.number))
        self.core.fill(ref, max(order.ticket.lots // 2, 1), self.clock.now)
        self.core.expire(ref, self.clock.now)

    # The end ---------------------------------------------------------------------------------

    async def close(self) -> None:
        """Write down where things stand."""
        await self._stream.close()
        self.core.save(self.clock.now)
        if isinstance(self._ledger, SqliteLedger):
            self._ledger.close()

    def _tell_account(self, event: dict[str, object]) -> None:
        self.hub.tell_account(event, set(self.listen_keys))


def _paper(settings: SandboxSettings) -> PaperSettings:
    return PaperSettings(
        assumptions=settings.assumptions,
        balances=settings.balances,
        matching=Matching.PRINTS,
        reserves=True,
        ids_are_reusable=settings.ids_are_reusable,
    )


def _shift(settings: SandboxSettings, now: int) -> int:
    """Nanoseconds by which the series are moved: so that the bar after the history opens now."""
    if settings.as_recorded:
        return 0
    first = settings.series[0]
    length = first.timeframe.nanoseconds
    opened = int(first.time[settings.history])
    return now // length * length - opened // length * length


def _before(first: Moment, rest: Iterator[Moment]) -> Iterator[Moment]:
    yield first
    yield from rest
