"""The gateway without I/O: what may be sent, what was answered, and what is told to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.bus.link import PeerBack, PeerChanged, PeerLost
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    AmendOrder,
    Answered,
    CancelOrder,
    ClockOffset,
    FetchAccount,
    QueryAnswered,
    QueryOrder,
    Submit,
)
from tradectl_sdk.exchange import (
    AccountLink,
    BarClosed,
    FeedState,
    OrderReport,
    Print,
    Quote,
    Refused,
    TradeReport,
    Unclear,
)
from tradectl_sdk.nodes.effects import Effects
from tradectl_sdk.nodes.gateway.inputs import (
    EXECUTOR,
    LOG,
    Call,
    ClockUnknown,
    DataLost,
    MeasureClock,
    Note,
    Opened,
    Performed,
    Wake,
)
from tradectl_sdk.nodes.gateway.market import MarketSide
from tradectl_sdk.nodes.gateway.requests import Requests, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.messages.orders import ToGateway
    from tradectl_sdk.exchange import AccountEvent, MarketEvent
    from tradectl_sdk.nodes.gateway.inputs import GatewayRules

STALE_EPOCH = "stale_epoch"
CLOCK_OFFSET = "clock_offset"
NOT_CONNECTED = "not_connected"


class GatewayCore:
    """One account at one venue.

    Ports of its messages: ``executor``, ``market`` and, for lines of the log, ``log``. Step it with
    whatever happens, then call :meth:`settle` before what it asked for is done, so that ticks
    which came together leave together.

    Args:
        epoch: The gateway's life, larger than any before.
        rules: How it behaves.

    Attributes:
        executor: The executor's life, 0 before one was met.
        clock: How far the venue's clock is ahead of ours, None until measured.
    """

    def __init__(self, epoch: int, rules: GatewayRules) -> None:
        self.epoch = epoch
        self.executor = 0
        self.clock: ClockOffset | None = None
        self._rules = rules
        self._opened = False
        self._measures_clock = False
        self._link = AccountLink(up=False, text="not connected yet")
        self._account_seq = 0
        self._requests = Requests(self._rules.most_answers)
        self._calls: dict[int, tuple[int, int] | None] = {}  # epoch and request; None for ours
        self._call = 0
        self._market = MarketSide(rules)
        self._next_measurement: int | None = None
        self._now = 0
        self._steps: dict[type, Callable[[Any, Effects], None]] = {
            Opened: self._open,
            PeerChanged: self._meet,
            PeerLost: self._miss,
            PeerBack: self._hear_again,
            Submit: self._change,
            CancelOrder: self._change,
            AmendOrder: self._change,
            QueryOrder: self._ask,
            FetchAccount: self._ask,
            Performed: self._conclude,
            OrderReport: self._tell_account,
            TradeReport: self._tell_account,
            AccountLink: self._tell_link,
            BarClosed: self._take_datum,
            Print: self._take_datum,
            Quote: self._take_datum,
            FeedState: self._take_datum,
            DataLost: self._lose_data,
            Wake: lambda _, __: None,
        }

    @property
    def executions(self) -> Cursor:
        """How far the account stream has got."""
        return Cursor(self.epoch, self._account_seq)

    @property
    def under_way(self) -> int:
        """How many calls the exchange has not answered."""
        return len(self._calls)

    @property
    def remembered(self) -> int:
        """How many answers could be given again without asking the exchange."""
        return self._requests.remembered

    @property
    def held(self) -> int:
        """How many bars wait for others of their instant."""
        return self._market.held

    @property
    def stale(self) -> frozenset[str]:
        """Instruments that have fallen silent, or whose data are not to be trusted."""
        return self._market.stale

    @property
    def link(self) -> AccountLink:
        """The latest that is known of the private stream."""
        return self._link

    @property
    def clock_is_off(self) -> bool:
        """Whether the clocks are certainly farther apart than allowed."""
        clock = self.clock
        return clock is not None and (
            abs(clock.offset) - clock.uncertainty > self._rules.clock_limit
        )

    def step(self, now: int, event: Any) -> Effects:
        """Take one event.

        Args:
            now: Nanoseconds; never less than before.
            event: A message of the executor, PeerChanged, PeerLost or PeerBack of it, whatever the
                exchange told or answered, Opened, or Wake.
        """
        effects = Effects()
        self._now = now
        self._steps[type(event)](event, effects)
        self._pass_time(effects)
        return effects

    def settle(self) -> Effects:
        """Say what was collected over the steps since the last settling."""
        effects = Effects()
        self._market.flush(self.executions, effects)
        return effects

    # The exchange ----------------------------------------------------------------------------

    def _open(self, event: Opened, effects: Effects) -> None:
        self._opened = True
        self._market.start(self._now)
        # A simulated venue lives in the time of its data.
        self._measures_clock = not event.card.simulated
        if self._measures_clock:
            self._measure(effects)

    def _measure(self, effects: Effects) -> None:
        self._next_measurement = self._now + self._rules.clock_interval
        self._ask_exchange(MeasureClock(), None, effects)

    def _ask_exchange(
        self, what: ToGateway | MeasureClock, who: tuple[int, int] | None, effects: Effects
    ) -> None:
        self._call += 1
        self._calls[self._call] = who
        effects.calls.append(Call(number=self._call, what=what))

    def _conclude(self, event: Performed, effects: Effects) -> None:
        who = self._calls.pop(event.number)
        result = event.result
        if isinstance(result, ClockOffset):
            self._set_clock(result, effects)
        elif isinstance(result, ClockUnknown):
            _note(effects, "warning", f"the venue's clock was not measured: {result.text}")
        elif who is not None and who[0] == self.executor:
            if isinstance(result, AccountFetched):
                result = msgspec.structs.replace(result, executions=self.executions)
            self._requests.finish(result)
            effects.messages.append((EXECUTOR, result))
        # An earlier life's request: its successor finds out by itself what became of the orders.

    def _set_clock(self, measured: ClockOffset, effects: Effects) -> None:
        was_off = self.clock_is_off
        self.clock = measured
        effects.messages.append((EXECUTOR, measured))
        if self.clock_is_off and not was_off:
            _note(
                effects,
                "error",
                f"the venue's clock is {measured.offset / 1e9:+.3f} s from ours, the limit is "
                f"{self._rules.clock_limit / 1e9:g} s: nothing but cancels is sent",
            )
        elif was_off and not self.clock_is_off:
            _note(effects, "info", "the clocks agree again: orders are sent")

    # The executor ----------------------------------------------------------------------------

    def _meet(self, event: PeerChanged, effects: Effects) -> None:
        if event.epoch < self.executor:
            _note(
                effects,
                "error",
                f"an executor of an earlier life ({event.epoch}, present is {self.executor}) "
                "is still there; nothing of it is sent",
            )
            return
        self.executor = event.epoch
        self._requests = Requests(self._rules.most_answers)
        self._tell_account(self._link, effects)
        if self.clock is not None:
            effects.messages.append((EXECUTOR, self.clock))

    def _miss(self, event: PeerLost, effects: Effects) -> None:
        _note(effects, "warning", f"the executor is not heard: {event.text}")

    def _hear_again(self, _event: PeerBack, effects: Effects) -> None:
        _note(effects, "info", "the executor is heard again; nothing that was said is missing")

    def _change(self, event: Submit | CancelOrder | AmendOrder, effects: Effects) -> None:
        """Send what changes something at the venue, unless there is a reason not to."""
        count = len(event.tickets) if isinstance(event, Submit) else 1
        if event.epoch < self.executor:
            refusal = Refused(
                code=STALE_EPOCH,
                text=f"the executor's life was {event.epoch}, expected {self.executor}",
            )
            answer = Answered(request=event.request, outcomes=(refusal,) * count)
            effects.messages.append((EXECUTOR, answer))
            return
        if not self._is_new(event, count, effects):
            return
        refused = self._reason_against(event)
        if refused is not None:
            answer = Answered(request=event.request, outcomes=(refused,) * count)
            self._requests.finish(answer)
            effects.messages.append((EXECUTOR, answer))
            return
        self._requests.begin(event.request)
        self._ask_exchange(event, (event.epoch, event.request), effects)

    def _reason_against(self, event: Submit | CancelOrder | AmendOrder) -> Refused | None:
        if not self._opened:
            return Refused(code=NOT_CONNECTED, text="the exchange is not connected yet")
        if isinstance(event, CancelOrder):  # whatever else is wrong, an order can be withdrawn
            return None
        if self.clock_is_off and self.clock is not None:
            return Refused(
                code=CLOCK_OFFSET,
                text=f"the venue's clock is {self.clock.offset / 1e9:+.3f} s from ours",
            )
        return None

    def _is_new(
        self, event: Submit | CancelOrder | AmendOrder, count: int, effects: Effects
    ) -> bool:
        """Meet a life first seen by its request, and answer a repeated request from memory."""
        self._notice_life(event.epoch)
        standing = self._requests.standing(event.request)
        if standing is Standing.ANSWERED:
            effects.messages.append((EXECUTOR, self._requests.answer(event.request)))
        elif standing is Standing.FORGOTTEN:
            text = f"request {event.request} was answered too long ago to remember how"
            answer = Answered(request=event.request, outcomes=(Unclear(text=text),) * count)
            effects.messages.append((EXECUTOR, answer))
        return standing is Standing.NEW

    def _notice_life(self, epoch: int) -> None:
        if epoch > self.executor:
            self.executor = epoch
            self._requests = Requests(self._rules.most_answers)

    def _ask(self, event: QueryOrder | FetchAccount, effects: Effects) -> None:
        """Ask the exchange; questions change nothing, so an old one may be asked anew."""
        if event.epoch < self.executor:
            return
        self._notice_life(event.epoch)
        standing = self._requests.standing(event.request)
        if standing is Standing.ANSWERED:
            effects.messages.append((EXECUTOR, self._requests.answer(event.request)))
        elif standing is not Standing.UNDER_WAY:
            self._requests.begin(event.request)
            if self._opened:
                self._ask_exchange(event, (event.epoch, event.request), effects)
            else:
                self._fail(event, effects)

    def _fail(self, event: QueryOrder | FetchAccount, effects: Effects) -> None:
        text = "the exchange is not connected yet"
        answer: QueryAnswered | AccountFetched
        if isinstance(event, QueryOrder):
            answer = QueryAnswered(request=event.request, order=event.order, failed=text)
        else:
            answer = AccountFetched(
                request=event.request,
                venue_time=0,
                since=event.since,
                failures=(text,),
                executions=self.executions,
            )
        self._requests.finish(answer)
        effects.messages.append((EXECUTOR, answer))

    # The account stream ----------------------------------------------------------------------

    def _tell_account(self, event: AccountEvent, effects: Effects) -> None:
        self._account_seq += 1
        if self.executor:  # an executor that is yet to come starts from the venue's account
            effects.messages.append((EXECUTOR, event))

    def _tell_link(self, event: AccountLink, effects: Effects) -> None:
        self._link = event
        self._tell_account(event, effects)
        state = "up" if event.up else "down"
        level = "info" if event.up else "warning"
        _note(effects, level, f"the account stream is {state}: {event.text}".rstrip(": "))

    # Market data and time --------------------------------------------------------------------

    def _take_datum(self, datum: MarketEvent, effects: Effects) -> None:
        self._market.take(self._now, datum, self.executions, effects)

    def _lose_data(self, event: DataLost, effects: Effects) -> None:
        self._market.lose(event.text, self.executions, effects)

    def _pass_time(self, effects: Effects) -> None:
        self._market.pass_time(self._now, self.executions, effects)
        due = self._next_measurement
        if due is not None and self._now >= due:
            self._measure(effects)
        for time in (self._market.deadline, self._next_measurement):
            if time is not None:
                effects.wake_at(time)


def _note(effects: Effects, level: str, text: str) -> None:
    effects.messages.append((LOG, Note(level=level, text=text)))
