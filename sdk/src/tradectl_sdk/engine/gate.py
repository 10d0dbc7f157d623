"""The risk gate: every order passes it, and only it makes an :class:`ApprovedOrder`.

A rule is a kernel with an integer ``reason`` and a method ``check`` that says how many lots of an
order it allows: all of them, fewer (the order is resized), or none (it is refused). All rules run;
the smallest answer counts. Rules come from plugins and form a chain, so that a compiled engine
knows each one's type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tradectl_sdk.engine.reasons import DenyReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.engine.account import Account
    from tradectl_sdk.engine.market import Market

TOO_LARGE = int(DenyReason.TOO_LARGE)
MIN_NOTIONAL = int(DenyReason.MIN_NOTIONAL)


class OrderRequest:
    """What a strategy asks for, on the instrument's grid.

    Attributes:
        instrument: Index of the instrument.
        side: +1 buy, -1 sell.
        type: OrderType.
        time_in_force: TimeInForce.
        flags: OrderFlag bits.
        lots: Quantity.
        limit: Limit price in ticks, 0 for none.
        trigger: Trigger price in ticks, 0 for none.
        trail: Trailing distance, 0 for none.
        expires: Last time it may fill, 0 for never.
        group: Id of the first order of its group, 0 for none.
        parent: Id of the order whose fill activates it, 0 for none.
        price: The price in ticks at which rules value it: limit, else trigger, else last.
        allowed: Lots the rules leave.
        reason: DenyReason of the strictest rule, 0 when all agree.
    """

    def __init__(self) -> None:
        self.instrument = 0
        self.side = 0
        self.type = 0
        self.time_in_force = 0
        self.flags = 0
        self.lots = 0
        self.limit = 0
        self.trigger = 0
        self.trail = 0
        self.expires = 0
        self.group = 0
        self.parent = 0
        self.price = 0
        self.allowed = 0
        self.reason = 0

    @property
    def reduces(self) -> bool:
        """Whether it can only make a position smaller."""
        return self.flags & 1 == 1


class ApprovedOrder:
    """A request and, once it has passed the gate, what of it may be done.

    A venue takes nothing else, and only :class:`Gate` makes one.

    Attributes:
        request: What was asked for.
        lots: The quantity that was approved.
    """

    def __init__(self, request: OrderRequest) -> None:
        self.request = request
        self.lots = 0


class Rule(Protocol):
    """What a plugin's risk rule looks like to the engine."""

    reason: int

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> int:
        """Return the lots of the order that are allowed, from 0 to ``order.lots``."""

    def observe(self, now: int, equity: float) -> None:
        """Take note of the account's equity at the end of an instant."""


class NoMoreRules:
    """The end of a chain."""

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> None:
        """Agree."""

    def observe(self, now: int, equity: float) -> None:
        """Take no note."""


class RuleChain:
    """One rule and those after it."""

    def __init__(self, rule: Rule, rest: RuleChain | NoMoreRules) -> None:
        self.rule = rule
        self.rest = rest

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> None:
        """Let this rule and all after it have their say on the order."""
        allowed = self.rule.check(order, account, market, now)
        if allowed < order.allowed:
            order.allowed = max(allowed, 0)
            order.reason = self.rule.reason
        self.rest.check(order, account, market, now)

    def observe(self, now: int, equity: float) -> None:
        """Let every rule take note of the equity."""
        self.rule.observe(now, equity)
        self.rest.observe(now, equity)


def chain(rules: Sequence[Rule]) -> RuleChain | NoMoreRules:
    """Link rules, the first one first."""
    linked: RuleChain | NoMoreRules = NoMoreRules()
    for rule in reversed(rules):
        linked = RuleChain(rule, linked)
    return linked


class Gate:
    """Decides on every order.

    Attributes:
        request: Where a caller writes what it asks for; one at a time.
        approved: The request after it has passed.
        take: The take profit of a bracket; its request is written beside that of the entry.
        loss: Its stop loss.
        observing: Whether a rule wants to see the equity of each instant.
    """

    def __init__(
        self, rules: RuleChain | NoMoreRules, account: Account, market: Market, *, observing: bool
    ) -> None:
        self.request = OrderRequest()
        self.approved = ApprovedOrder(self.request)
        self.take = ApprovedOrder(OrderRequest())
        self.loss = ApprovedOrder(OrderRequest())
        self.observing = observing
        self._rules = rules
        self._account = account
        self._market = market

    def review(self, approved: ApprovedOrder, now: int) -> int:
        """Approve a request, perhaps resized, and return 0; or return the reason against it."""
        order, market, account = approved.request, self._market, self._account
        if not market.fits(order.instrument, order.price, order.lots):
            return TOO_LARGE
        if not account.has_room(order.instrument, order.side, order.lots):
            return TOO_LARGE
        order.allowed = order.lots
        order.reason = 0
        self._rules.check(order, account, market, now)
        if order.allowed <= 0:
            return order.reason
        approved.lots = order.allowed
        least = market.min_notional[order.instrument]
        if least == 0 and account.is_modest():
            return 0  # the usual case: whatever it is worth, it passes
        worth = market.value(order.instrument, order.price, order.allowed)
        if worth < least and not order.reduces:
            return MIN_NOTIONAL
        if not account.bears(order.side, worth, 0):
            return TOO_LARGE
        return 0

    def lessen(self, approved: ApprovedOrder) -> int:
        """Approve less of an order that passed before, and return 0; or the reason against it.

        Rules are not asked: they only ever take away.
        """
        order, market = approved.request, self._market
        worth = market.value(order.instrument, order.price, order.lots)
        if 0 < worth < market.min_notional[order.instrument] and not order.reduces:
            return MIN_NOTIONAL
        approved.lots = order.lots
        return 0

    def observe(self, now: int, equity: float) -> None:
        """Tell the rules the equity at the end of an instant."""
        self._rules.observe(now, equity)
