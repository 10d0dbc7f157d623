from __future__ import annotations

import itertools
from typing import Any

import pytest
from pydantic import BaseModel
from tradectl_sdk.engine import DenyReason
from tradectl_sdk.testing import Outcome, risk_rule_checks, run_checks

CUSTOM = int(DenyReason.CUSTOM)


class Settings(BaseModel):
    """Settings of a rule under test."""

    most: int | None = None


class Sound:
    """Protects from orders of more than so many lots."""

    def __init__(self, settings: Any, instruments: Any, assumptions: Any) -> None:
        self.reason = CUSTOM
        self.most = 7 if settings is None else settings.most
        self.seen = 0

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        return order.lots if order.reduces or order.lots <= self.most else 0

    def observe(self, now: int, equity: float) -> None:
        pass


class Silent(Sound):
    pass


class NoReason(Sound):
    """No DenyReason."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.reason = 999


class Generous(Sound):
    """Doubles."""

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        return 2 * order.lots


class Fractional(Sound):
    """Halves."""

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        return order.lots / 2


class Locking(Sound):
    """Refuses exits too."""

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        return order.lots if order.lots <= 1 else 0


class Inverted(Sound):
    """Refuses the small and lets the large through."""

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        return order.lots if order.reduces or order.lots >= self.most else 0


class Meddling(Sound):
    """Takes the cash."""

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        account.cash = 0
        return order.lots


class Rewriting(Sound):
    """Writes on the order."""

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        order.side = -order.side
        return order.lots


class Moody(Sound):
    """Remembers other rules' orders."""

    count = itertools.count()

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        return order.lots if order.reduces or next(self.count) % 5 else 0


class Watching(Sound):
    """Watches the equity without saying so."""

    def observe(self, now: int, equity: float) -> None:
        self.seen = self.seen + 1


class Wordy(Sound):
    """Cannot be compiled."""

    def check(self, order: Any, account: Any, market: Any, now: int) -> int:
        return order.lots if f"{order.lots}" else 0


def off(settings: Any, instruments: Any, assumptions: Any) -> None:
    return None


def results(factory: Any, **options: Any) -> dict[str, tuple[Outcome, str]]:
    return {r.name: (r.status, r.message) for r in run_checks(risk_rule_checks(factory, **options))}


def test_a_sound_rule_passes_every_check():
    assert {status for status, _ in results(Sound).values()} == {Outcome.PASSED}


def test_a_rule_is_made_with_its_example():
    found = results(Sound, settings=Settings, example={"most": 5})
    assert {status for status, _ in found.values()} == {Outcome.PASSED}


def test_a_rule_that_claims_to_observe_may():
    found = results(Watching, capabilities={"observes-equity"})
    assert {status for status, _ in found.values()} == {Outcome.PASSED, Outcome.SKIPPED}


@pytest.mark.parametrize(
    ("factory", "check", "message"),
    [
        (off, "is_switched_on_by_its_example", "its example switches nothing on"),
        (dict, "is_switched_on_by_its_example", "raised TypeError"),
        (NoReason, "is_switched_on_by_its_example", "reason was 999, expected a DenyReason"),
        (Silent, "is_documented", "Silent has no docstring"),
        (Generous, "never_makes_an_order_larger", "allowed 2 lots of Ask(side=1, lots=1"),
        (Fractional, "never_makes_an_order_larger", "allowed 0.5 lots"),
        (Locking, "lets_positions_be_closed", "allowed 0 of Ask(side=-1, lots=10"),
        (Inverted, "lets_smaller_orders_pass_too", "passed orders of [10, 15, 16, 1000"),
        (Meddling, "leaves_account_and_order_alone", "changed the account"),
        (Rewriting, "leaves_account_and_order_alone", "changed the order"),
        (Moody, "answers_the_same_every_time", "the second time"),
        (Watching, "says_whether_it_observes", "nobody will call observe"),
        (Wordy, "compiles_and_means_the_same", "does not compile"),
    ],
)
def test_what_a_rule_does_wrong_is_found(factory, check, message):
    status, found = results(factory)[check]
    assert status is Outcome.FAILED
    assert message in found
