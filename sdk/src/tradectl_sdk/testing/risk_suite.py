"""What every risk rule is held to: it only ever takes away, always answers, and can be compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderFlag, OrderType
from tradectl_sdk.engine import Account, Assumptions, DenyReason, Market, OrderRequest
from tradectl_sdk.errors import NotCompilableError
from tradectl_sdk.kernel import compile_kernel
from tradectl_sdk.testing.checks import CheckSkippedError, Suite, require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from tradectl_sdk.engine import Rule

INSTRUMENTS: Final = tuple(
    Instrument(symbol=name, venue="STAGE", tick_size=Decimal("0.01"), lot_size=Decimal(1))
    for name in ("A", "B")
)
LAST: Final = 10_000  # ticks: a price of 100
CASH: Final = 1_000_000_00000000  # money units: a million
START: Final = 1_600_000_000_000_000_000
HOUR: Final = 3_600_000_000_000
SIZES: Final = (1, 2, 5, 6, 10, 15, 16, 1_000, 10**9)
LIMIT: Final = int(OrderType.LIMIT)
MARKET: Final = int(OrderType.MARKET)
REDUCE_ONLY: Final = int(OrderFlag.REDUCE_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One order that a rule is asked about."""

    side: int
    lots: int
    limit: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the account holds in the first instrument when a rule is asked."""

    margin: bool
    held: int
    open_buys: int
    open_sells: int

    def account(self) -> tuple[Account, Market]:
        """Make the account and its market."""
        market = Market.standing_at(INSTRUMENTS, [LAST] * len(INSTRUMENTS))
        account = Account(market, CASH, margin=self.margin)
        side = 1 if self.held >= 0 else -1
        account.apply(0, side, abs(self.held), market.value(0, LAST, abs(self.held)), 0)
        account.open_buys[0] = self.open_buys
        account.open_sells[0] = self.open_sells
        return account, market


SCENES: Final = tuple(
    Scene(margin=margin, held=held, open_buys=buys, open_sells=sells)
    for margin, held, buys, sells in product((False, True), (0, 10, -10), (0, 3), (0, 3))
    if margin or held >= sells
)
ASKS: Final = tuple(
    Ask(side=side, lots=lots, limit=limit)
    for side, lots, limit in product((1, -1), SIZES, (0, LAST - 50, 20 * LAST))
)


class Trial:
    """Asks one rule about orders one after the other; a kernel like the rule itself.

    Attributes:
        answers: The lots it allowed of each.
    """

    def __init__(self, rule: Rule, scene: Scene, asks: Sequence[Ask]) -> None:
        self.rule = rule
        self.account, self.market = scene.account()
        self.order = OrderRequest()
        self.sides = [ask.side for ask in asks]
        self.lots = [ask.lots for ask in asks]
        self.limits = [ask.limit for ask in asks]
        self.flags = [ask.flags for ask in asks]
        self.answers = [0] * len(asks)

    def run(self) -> None:
        """Ask about each order, an hour apart, and show the rule an equity that falls and rises."""
        order = self.order
        for number in range(len(self.sides)):
            now = START + number * HOUR
            order.side = self.sides[number]
            order.lots = self.lots[number]
            order.allowed = order.lots
            order.limit = self.limits[number]
            order.flags = self.flags[number]
            order.type = LIMIT if order.limit > 0 else MARKET
            order.price = order.limit if order.limit > 0 else LAST
            self.answers[number] = self.rule.check(order, self.account, self.market, now)
            self.rule.observe(now, 1_000_000.0 - 90.0 * (number % 7))


@dataclass(frozen=True, slots=True)
class RiskRuleSubject:
    """One rule under test.

    Attributes:
        factory: Called as ``factory(settings, instruments, assumptions)``.
        settings: The model of its settings, None when it has none.
        example: Settings that switch it on.
        observes: Whether it claims to look at the account's equity.
    """

    factory: Callable[..., Any]
    settings: type[BaseModel] | None = None
    example: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    observes: bool = False

    def made(self, scene: Scene = SCENES[0]) -> Any:
        """Call the factory with the example."""
        settings = None
        if self.settings is not None:
            settings = self.settings.model_validate(dict(self.example), extra="forbid")
        return self.factory(settings, INSTRUMENTS, Assumptions(margin=scene.margin))

    def rule(self, scene: Scene = SCENES[0]) -> Rule:
        """Make a fresh rule.

        Raises:
            CheckSkippedError: When there is none; another check tells it.
        """
        rule = self.made(scene)
        if not _is_rule(rule):
            raise CheckSkippedError("its factory made no rule")
        found: Rule = rule
        return found

    def answers(self, scene: Scene, *asks: Ask) -> list[int]:
        """Ask a fresh rule about some orders."""
        trial = Trial(self.rule(scene), scene, asks)
        trial.run()
        return trial.answers

    def trials(self) -> Iterator[Trial]:
        """Yield a trial of a fresh rule in every scene, with all orders."""
        for scene in SCENES:
            yield Trial(self.rule(scene), scene, ASKS)


RISK_RULE: Final[Suite[RiskRuleSubject]] = Suite("risk rule")


def _is_rule(rule: object) -> bool:
    return all(hasattr(rule, name) for name in ("reason", "check", "observe"))


@RISK_RULE.check()
def is_switched_on_by_its_example(subject: RiskRuleSubject) -> None:
    """Its factory, given the example, makes an object with reason, check and observe."""
    rule = subject.made()
    require(rule is not None, "its example switches nothing on; set RiskRuleSpec(example=...)")
    require(_is_rule(rule), f"{type(rule).__name__} lacks one of reason, check, observe")
    known = {int(reason) for reason in DenyReason}
    require(rule.reason in known, f"reason was {rule.reason!r}, expected a DenyReason as an int")


@RISK_RULE.check()
def is_documented(subject: RiskRuleSubject) -> None:
    """The class of its rule has a docstring that says what it protects from."""
    rule = type(subject.rule())
    require((vars(rule).get("__doc__") or "").strip(), f"{rule.__name__} has no docstring")


@RISK_RULE.check()
def never_makes_an_order_larger(subject: RiskRuleSubject) -> None:
    """It answers every order, with a whole number from 0 to the lots that were asked for."""
    for trial in subject.trials():
        trial.run()
        for ask, answer in zip(ASKS, trial.answers, strict=True):
            sound = type(answer) is int and 0 <= answer <= ask.lots
            require(sound, f"allowed {answer!r} lots of {ask}, expected 0 to {ask.lots}")


@RISK_RULE.check()
def lets_positions_be_closed(subject: RiskRuleSubject) -> None:
    """Reduce-only orders pass whole, whatever came before: it never locks a position in."""
    for scene in SCENES:
        if scene.held:
            side = -1 if scene.held > 0 else 1
            closing = Ask(side=side, lots=abs(scene.held), flags=REDUCE_ONLY)
            *_, answer = subject.answers(scene, *ASKS, closing)
            require(answer == closing.lots, f"allowed {answer} of {closing} in {scene}")


@RISK_RULE.check()
def lets_smaller_orders_pass_too(subject: RiskRuleSubject) -> None:
    """Where an order passes whole, the same order with fewer lots does."""
    for scene, side in product(SCENES, (1, -1)):
        passed = [
            lots for lots in SIZES if subject.answers(scene, Ask(side=side, lots=lots)) == [lots]
        ]
        expected = list(SIZES[: len(passed)])
        require(passed == expected, f"passed orders of {passed} lots, side {side}, in {scene}")


@RISK_RULE.check()
def leaves_account_and_order_alone(subject: RiskRuleSubject) -> None:
    """Asking it changes neither the order nor the account nor the market."""
    for scene, ask in product(SCENES, ASKS[::5]):
        trial = Trial(subject.rule(scene), scene, [ask])
        before = _snapshot(trial.account)
        trial.run()
        require(_snapshot(trial.account) == before, f"changed the account in {scene}")
        order = trial.order
        found = Ask(side=order.side, lots=order.lots, limit=order.limit, flags=order.flags)
        require(found == ask, f"changed the order: was {ask}, is {found}")


def _snapshot(part: object) -> object:
    """Return a kernel's state by value: what it holds, and what that holds in turn."""
    if isinstance(part, list | tuple):
        return [_snapshot(item) for item in part]
    if hasattr(part, "tobytes"):
        return part.tobytes()
    if hasattr(part, "__dict__"):
        return {name: _snapshot(value) for name, value in vars(part).items()}
    return part


@RISK_RULE.check()
def answers_the_same_every_time(subject: RiskRuleSubject) -> None:
    """Two rules made the same way give the same answers: they share no state, draw no chance."""
    for scene in SCENES:
        first, second = subject.answers(scene, *ASKS), subject.answers(scene, *ASKS)
        require(first == second, f"answered {first} at first and {second} the second time")


@RISK_RULE.check()
def says_whether_it_observes(subject: RiskRuleSubject) -> None:
    """Unless it claims observes-equity, showing it an equity changes nothing about it."""
    if subject.observes:
        raise CheckSkippedError("it claims observes-equity")
    rule = subject.rule()
    before = _snapshot(rule)
    rule.observe(START, 5.0)
    require(_snapshot(rule) == before, "observe changed it, and nobody will call observe")


@RISK_RULE.check()
def compiles_and_means_the_same(subject: RiskRuleSubject) -> None:
    """Compiled with the engine it answers as it does in plain Python."""
    for compiled, plain in zip(subject.trials(), subject.trials(), strict=True):
        try:
            compile_kernel(compiled)(compiled)
        except NotCompilableError as error:
            require(False, f"does not compile: {error.message}")
        plain.run()
        require(
            compiled.answers == plain.answers,
            f"answered {compiled.answers} compiled and {plain.answers} in plain Python",
        )
