"""The kill switch: active, reducing, halted.

It is latched: it moves toward halted by itself, and back on a person's word only. It is written
down before anything is done about it, survives every restart, and after a halt the venue has to
show that nothing of ours works any more before that is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import CancelEverything, Declined, Done, SetSwitch
from tradectl_sdk.bus.messages.events import SwitchState
from tradectl_sdk.domain.money import plain, to_money
from tradectl_sdk.domain.orders import OrderFlag, OrderType
from tradectl_sdk.engine.bars import NEVER
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.errors import ExitStatus
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import REDUCE_ONLY
from tradectl_sdk.nodes.executor.state import ACTIVE, HALTED, REDUCING
from tradectl_sdk.nodes.failpoints import failpoint

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import StrategyFailed
    from tradectl_sdk.bus.messages.orders import AccountFetched
    from tradectl_sdk.nodes.executor.groups import Groups
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.reconciliation import Reconciler
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.standing import Standing
    from tradectl_sdk.nodes.executor.state import State

SEVERITY = {ACTIVE: 0, REDUCING: 1, HALTED: 2}
BY_SWITCH = int(CloseReason.SWITCH)
CLOSE_FLAGS = int(OrderFlag.REDUCE_ONLY | OrderFlag.CLOSE_POSITION)
MARKET = int(OrderType.MARKET)
# Nanoseconds until a closing order that was refused is tried again: at first, and at last
RETRY, LONGEST_RETRY = 5_000_000_000, 300_000_000_000


@dataclass(slots=True)
class _Attempt:
    """A position that is to be closed: its lots, when that is tried next, and the pause then."""

    lots: int
    due: int
    pause: int


class Switch:
    """Moves the kill switch and sees through what that means."""

    def __init__(
        self,
        setup: Setup,
        state: State,
        recorder: Recorder,
        standing: Standing,
        groups: Groups,
        reconciler: Reconciler,
    ) -> None:
        self._on_failure = setup.on_failure
        self._state = state
        self._recorder = recorder
        self._standing = standing
        self._groups = groups
        self._reconciler = reconciler
        self._margin = setup.margin
        self._attempts: dict[str, _Attempt] = {}

    # Moving ----------------------------------------------------------------------------------

    def set(self, port: str, message: SetSwitch) -> None:
        """Move it at somebody's wish."""
        if message.state not in SEVERITY:
            self._decline(port, f"the switch was to be {message.state!r}, expected one of "
                                f"{', '.join(SEVERITY)}")  # fmt: skip
            return
        if SEVERITY[message.state] < SEVERITY[self._state.switch] and not message.by:
            self._decline(port, "the kill switch is released by a person only, who gives a name")
            return
        if message.state == self._state.switch:
            self._recorder.answer(port, Done(lines=(f"it was {message.state} already",)))
            return
        self.move(message.state, message.by, message.text)
        self._recorder.answer(port, Done(lines=(f"the kill switch is {message.state}",),
                                         left=self._left()))  # fmt: skip

    def panic(self, port: str, message: CancelEverything) -> None:
        """Halt, and close every position if that is asked for."""
        self.move(HALTED, message.by, "panic", flatten=message.flatten)
        left = self._left()
        lines = [f"halted; {left} orders are being cancelled"]
        if message.flatten:
            lines.append("positions are closed at market once nothing works any more")
        self._recorder.answer(port, Done(lines=tuple(lines), left=left))

    def failed(self, message: StrategyFailed) -> None:
        """The strategy raised or hangs: do what the policy says."""
        self._recorder.write(
            of.Failed(self._recorder.now, message.epoch, message.text, message.traceback)
        )
        wanted = HALTED if self._on_failure == "halt" else REDUCING
        if SEVERITY[wanted] > SEVERITY[self._state.switch]:
            self.move(wanted, "", f"the strategy failed: {message.text}")

    def move(self, state: str, by: str, text: str, *, flatten: bool = False) -> None:
        """Write down where it is now, and then what that means for every order."""
        flatten = flatten or (self._state.flatten and state == HALTED)
        self._attempts.clear()
        self._recorder.write(of.Switched(self._recorder.now, state, by, text, flatten))
        if self._recorder.telling:
            self._recorder.tell(SwitchState(state=state, text=text))
        if state != ACTIVE:
            self._sweep()

    def _decline(self, port: str, text: str) -> None:
        self._recorder.answer(port, Declined(status=int(ExitStatus.USAGE), text=text))

    def _left(self) -> int:
        return sum(1 for one in self._state.book.all_live() if one.ending)

    # Seeing it through -----------------------------------------------------------------------

    def _sweep(self) -> None:
        """Want every order to end that the switch does not let work."""
        for order in list(self._state.book.all_live()):
            if self._spares(order):
                continue
            self._groups.end(order, BY_SWITCH)
            failpoint("executor.cancel_all.begun")

    def _spares(self, order: Order) -> bool:
        if self._state.switch == REDUCING:
            held = self._state.ledger.position(order.instrument)
            return bool(order.flags & REDUCE_ONLY) or order.side * held < 0
        return _is_closing(order)

    def tick(self) -> None:
        """Close positions once that is possible, and catch whatever still turns up."""
        if self._state.switch != HALTED:
            return
        if any(not one.ending and not _is_closing(one) for one in self._state.book.all_live()):
            self._sweep()
        if self._state.flatten and self._standing.can_send:
            self._close_positions()

    def _close_positions(self) -> None:
        now = self._recorder.now
        for name in self._state.ledger.instruments:
            lots = self._state.ledger.position(name)
            if not lots or self._state.book.live(name):
                continue
            attempt = self._attempts.get(name)
            if attempt is None or attempt.lots != lots:
                attempt = self._attempts[name] = _Attempt(lots, now, RETRY)
                if self._is_dust(name, lots):
                    self._leave_dust(name, attempt)
            if attempt.due <= now:
                attempt.due = now + attempt.pause
                attempt.pause = min(2 * attempt.pause, LONGEST_RETRY)
                self._close(name, lots)

    def _is_dust(self, instrument: str, lots: int) -> bool:
        """Whether a position is worth less than the venue takes an order of coins for."""
        ledger = self._state.ledger
        least = ledger.instruments[instrument].min_notional
        last = ledger.prices.last(ledger.prices.index[instrument])
        return not self._margin and 0 < ledger.value(instrument, last, abs(lots)) < to_money(least)

    def _leave_dust(self, instrument: str, attempt: _Attempt) -> None:
        attempt.due = NEVER
        least = plain(self._state.ledger.instruments[instrument].min_notional)
        self._recorder.notice(
            "dust", text=f"{attempt.lots} lots of {instrument} stay: they are worth less than the "
                         f"{least} that the venue takes an order for",
        )  # fmt: skip

    def _close(self, instrument: str, lots: int) -> None:
        prices = self._state.ledger.prices
        self._recorder.write(
            of.Placed(
                self._recorder.now,
                self._state.book.next_key,
                epoch=0,
                number=0,
                instrument=instrument,
                side=-1 if lots > 0 else 1,
                type=MARKET,
                time_in_force=0,
                flags=CLOSE_FLAGS,
                lots=abs(lots),
                limit=0,
                trigger=0,
                trail=0,
                expires=0,
                group=0,
                parent=0,
                decided=prices.time or self._standing.venue_time(self._recorder.now),
                event=-1,
                asked=abs(lots),
            )
        )

    def prove(self, message: AccountFetched) -> None:
        """See from the venue's own list whether nothing of ours works any more."""
        if self._state.switch != HALTED or self._state.proven or message.open_orders is None:
            return
        if self._state.book.live_count:
            return
        book = self._state.book
        ours = [
            one for one in message.open_orders
            if book.find(one.instrument, one.client_id, one.venue_id) is not None
        ]  # fmt: skip
        if not ours:
            self._recorder.write(of.Proven(self._recorder.now))

    def next_time(self) -> int | None:
        """When a position is tried to be closed again."""
        if not self._state.flatten or self._state.switch != HALTED:
            return None
        due = [
            attempt.due
            for name, attempt in self._attempts.items()
            if attempt.due < NEVER
            and self._state.ledger.position(name)
            and not self._state.book.live(name)
        ]
        return min(due, default=None)

    @property
    def wants_proof(self) -> bool:
        """Whether the account should be fetched to show that nothing works any more."""
        state = self._state
        return state.switch == HALTED and not state.proven and state.book.live_count == 0


def _is_closing(order: Order) -> bool:
    return order.number == 0 and order.flags == CLOSE_FLAGS
