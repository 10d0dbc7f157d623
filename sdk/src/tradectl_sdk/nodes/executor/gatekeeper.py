"""The engine's risk gate in front of the whole live account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine.account import Account
from tradectl_sdk.engine.gate import Gate, chain
from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import CANCELLING, REDUCE_ONLY
from tradectl_sdk.nodes.executor.rule_memory import RuleMemory

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import Place
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.state import RuleValue, State

NO_PRICE = int(DenyReason.NO_PRICE)
MONEY_FLOAT = 1e8


class Gatekeeper:
    """Asks the rules about orders, with everything in the account that the venue may still fill.

    Attributes:
        account: What the rules see: positions, cash, and the lots of all open orders, those of
            unknown fate and those being cancelled among them.
    """

    def __init__(self, setup: Setup, state: State, recorder: Recorder) -> None:
        self._state = state
        self._recorder = recorder
        self._prices = state.ledger.prices
        self._names = list(self._prices.index)
        self._currency = setup.currency
        self.account = Account(self._prices, state.ledger.cash, margin=setup.margin)
        rules = list(setup.make_rules())
        self._memory = RuleMemory(rules)
        for name in self._memory.restore(state.rules):
            recorder.notice("rule", text=f"what rule {name} remembered no longer fits it")
        self._gate = Gate(chain(rules), self.account, self._prices, observing=setup.observing)
        self._recorder.changed.update(dict.fromkeys(self._names))

    def refresh(self) -> None:
        """Bring the account up to date with what has been written down."""
        ledger, book, account = self._state.ledger, self._state.book, self.account
        if account.cash != ledger.cash:
            account.cash = ledger.cash
            account.cash_float = float(ledger.cash) / MONEY_FLOAT
        account.fees = ledger.fees
        if not self._recorder.changed:
            return
        for name in self._recorder.changed:
            place = self._prices.index.get(name)
            if place is None:
                continue
            lots = ledger.position(name)
            account.lots[place] = lots
            account.holding[place] = lots * self._prices.lot_value[place]
            account.position[place] = self._prices.to_quantity(place, lots)
            account.open_buys[place] = book.open_buys(name)
            account.open_sells[place] = book.open_sells(name)
        self._recorder.changed.clear()

    def review(self, place: Place, lots: int, decided: int) -> tuple[int, int, int]:
        """Return the reason against an order or 0, the lots approved, and why they are fewer."""
        self.refresh()
        where = self._prices.index[place.instrument]
        request = self._gate.request
        request.instrument, request.side, request.type = where, place.side, place.type
        request.time_in_force, request.flags = place.time_in_force, place.flags
        request.lots, request.limit, request.trigger = lots, place.limit, place.trigger
        request.trail, request.expires = place.trail, place.expires
        request.group, request.parent = place.group, place.parent
        last = self._prices.last(where)
        request.price = place.limit or place.trigger or last
        if request.price <= 0 or last <= 0:
            return NO_PRICE, 0, 0
        valued = self._is_valued
        if not valued and not self.reduces(place):
            return NO_PRICE, 0, 0
        reason = self._gate.review(self._gate.approved, decided)
        if not valued:
            self._memory.undo()  # what a rule made of a value that is not known
        if reason:
            return reason, 0, 0
        return 0, self._gate.approved.lots, request.reason

    def review_without_cancelled(self, place: Place, lots: int, decided: int) -> bool:
        """Whether an order would pass if every order being cancelled were gone already.

        What rules remember is put back afterwards: nothing has been decided.
        """
        leaving = [one for one in self._state.book.all_live() if _leaves(one)]
        if not leaving:
            return False
        self.refresh()
        for order in leaving:
            self._release(order, order.exposure)
        passes = self.review(place, lots, decided)[0] == 0
        for order in leaving:
            self._release(order, -order.exposure)
        self._memory.undo()
        return passes

    def against_change(self, order: Order, wanted: Place, rest: int, decided: int) -> int:
        """Return the reason against other terms of an order, as if it were placed with them."""
        self.refresh()
        self._release(order, order.exposure)
        reason, allowed, resized = self.review(wanted, rest, decided)
        self._release(order, -order.exposure)
        self.note()
        return resized if reason == 0 and allowed < rest else reason

    def _release(self, order: Order, lots: int) -> None:
        where = self._prices.index[order.instrument]
        side = self.account.open_buys if order.side > 0 else self.account.open_sells
        side[where] -= lots

    def reduces(self, place: Place) -> bool:
        """Whether an order can only make a position smaller, whatever else fills first."""
        if place.flags & REDUCE_ONLY:
            return True
        self.refresh()
        where = self._prices.index[place.instrument]
        side = self.account.open_buys if place.side > 0 else self.account.open_sells
        return place.lots <= -self.account.lots[where] * place.side - side[where]

    def held_against(self, instrument: str, side: int) -> int:
        """Lots of the position that an order of a side could close."""
        return max(-self._state.ledger.position(instrument) * side, 0)

    def observe(self, time: int) -> None:
        """Tell the rules what the account is worth at the end of an instant, if that is known."""
        if self._gate.observing:
            self.refresh()
            if self._is_valued:
                self._gate.observe(time, self.account.equity())
                self.note()

    @property
    def _is_valued(self) -> bool:
        """Whether it is known what the account is worth.

        Before the venue has shown it, it has no cash, and what it holds is worth nothing before the
        first price of this life. A rule would take either for a loss, and remember it.
        """
        if self._currency not in self._state.ledger.baseline:
            return False
        for place, lots in enumerate(self.account.lots):
            if lots and self._prices.last(place) <= 0:
                return False
        return True

    def noted(self) -> dict[str, dict[str, RuleValue]]:
        """Return what the rules have come to remember, for a record that is to be written now."""
        return self._memory.changes()

    def note(self) -> None:
        """Write it down by itself."""
        if changes := self.noted():
            self._recorder.write(of.RulesNoted(self._recorder.now, changes))

    def forget(self) -> None:
        """Let the rules forget a question whose answer was not taken."""
        self._memory.undo()


def _leaves(order: Order) -> bool:
    return order.at_venue and (order.ending > 0 or order.pending & CANCELLING > 0)
