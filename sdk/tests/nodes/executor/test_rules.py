"""The risk gate before the whole account, and rules that do not forget over a restart."""

from __future__ import annotations

import enum
from unittest.mock import ANY

from floor import SECOND, Floor, card, instrument, place, replayed, setup
from tradectl_risk.flow import OrderRate
from tradectl_risk.loss import DailyLoss
from tradectl_sdk.bus.messages.intents import Cancel
from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.exchange.values import Refused
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.rule_memory import RuleMemory

ETH = "ETH/USDT.TEST"


def after(floor: Floor, price: int = 8_000) -> Floor:
    """The same executor after it was killed."""
    again = Floor(
        floor.setup, state=replayed(floor.records), now=floor.now, balances=floor.balances
    )
    return again.open(host=1, price=price)


def losing() -> Floor:
    """A session that has lost 20 on a limit of 10 a day."""
    rules = setup(make_rules=lambda: [DailyLoss(10, 1_000_000)], observing=True)
    floor = Floor(rules).open()
    floor.place(place(1, lots=1_000))
    floor.fill(1, 1_000)
    floor.bar(8_000)
    return floor


def test_a_daily_loss_is_not_forgotten_over_a_restart():
    floor = losing()
    floor.intend(place(2))
    assert floor.order(2).reason == DenyReason.DAILY_LOSS
    again = after(floor)
    again.intend(place(3), number=9)
    assert again.order(3).reason == DenyReason.DAILY_LOSS


def test_an_account_that_the_venue_has_not_shown_yet_has_lost_nothing():
    rules = setup(make_rules=lambda: [DailyLoss(10, 1_000_000)], observing=True)
    floor = Floor(rules)
    floor.bar(10_000)  # before anybody has asked what the account holds
    floor.open()
    floor.intend(place(1))
    assert floor.order(1).reason == 0


def test_what_has_no_price_yet_in_this_life_is_no_loss():
    rules = setup(
        make_rules=lambda: [DailyLoss(10, 1_000_000)],
        observing=True,
        instruments=[instrument(), instrument("ETH/USDT")],
    )
    floor = Floor(rules).open()
    floor.bar(10_000, name=ETH)
    floor.place(place(1, lots=1_000, instrument=ETH))
    floor.fill(1, 1_000)
    again = after(floor, price=10_000)
    again.intend(place(2), number=9)
    assert again.order(2).reason == DenyReason.NO_PRICE
    again.bar(10_000, name=ETH)
    again.intend(place(3), number=10)
    assert again.order(3).reason == 0


def test_what_makes_a_position_smaller_waits_for_no_other_price():
    rules = setup(
        make_rules=lambda: [DailyLoss(10, 1_000_000)],
        observing=True,
        instruments=[instrument(), instrument("ETH/USDT")],
    )
    floor = Floor(rules).open()
    floor.bar(10_000, name=ETH)
    floor.place(place(1, lots=1_000, instrument=ETH), place(2, lots=1_000))
    floor.fill(1, 1_000)
    floor.fill(2, 1_000)
    again = after(floor, price=10_000)
    again.intend(place(3, side=-1, lots=1_000), number=9)
    assert again.order(3).reason == 0
    again.bar(10_000, name=ETH)
    again.intend(place(4), number=10)
    assert again.order(4).reason == 0  # the rule did not take the missing price for a loss


def test_a_rate_is_not_forgotten_over_a_restart():
    floor = Floor(setup(make_rules=lambda: [OrderRate(2, 100 * SECOND)])).open()
    floor.place(place(1), place(2))
    again = after(floor)
    again.core.parts.prober.doubts.clear()
    again.intend(place(3), number=9)
    assert again.order(3).reason == DenyReason.ORDER_RATE


def test_a_rule_that_changed_begins_anew_and_that_is_noticed():
    floor = Floor(setup(make_rules=lambda: [OrderRate(2, 100 * SECOND)])).open()
    floor.place(place(1), place(2))
    other = setup(make_rules=lambda: [OrderRate(3, 100 * SECOND)])
    again = Floor(other, state=replayed(floor.records), now=floor.now)
    assert again.notices == ["rule"]


def test_an_order_that_waits_counts_once_when_it_passes():
    class Ten:
        reason = int(DenyReason.POSITION)

        def check(self, order, account, market, now):
            return order.lots if account.open_buys[0] + order.lots <= 10 else 0

        def observe(self, now, equity):
            """Look away."""

    rate = OrderRate(3, 100 * SECOND)
    floor = Floor(setup(make_rules=lambda: [rate, Ten()])).open()
    floor.place(place(1, limit=9_000))
    floor.intend(Cancel(number=1), place(2, limit=9_000))
    assert sum(time > 0 for time in rate.times) == 1
    floor.cancelled(1)
    assert sum(time > 0 for time in rate.times) == 2
    floor.answer(Refused(code="x"))


def test_rules_see_orders_of_unknown_fate_and_those_being_cancelled():
    seen = []

    class Look:
        reason = 30

        def check(self, order, account, market, now):
            seen.append((account.open_buys[0], account.lots[0], account.cash))
            return order.lots

        def observe(self, now, equity):
            """Look away."""

    floor = Floor(setup(make_rules=lambda: [Look()])).open()
    floor.place(place(1, limit=9_000))
    floor.place(place(2, lots=5))
    floor.fill(2, 5)
    floor.place(place(3, lots=7))
    assert seen[-1] == (10, 5, floor.state.ledger.cash)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Inner:
    def __init__(self) -> None:
        self.share = 0.5
        self.deep = [1, 2]


class Odd:
    """Remembers in every way a rule may."""

    reason = 30

    def __init__(self) -> None:
        self.count, self.on, self.name = 0, False, "x"
        self.times = [0, 0]
        self.inner = Inner()
        self.colour = Colour.RED
        self.nothing = None
        self.words = ["a"]

    def check(self, order, account, market, now):
        return order.lots

    def observe(self, now, equity):
        """Look away."""


def test_everything_a_rule_remembers_is_taken_down_and_put_back():
    rule = Odd()
    memory = RuleMemory([rule])
    rule.count, rule.on, rule.name, rule.times[1] = 3, True, "y", 9
    rule.inner.share, rule.inner.deep[0], rule.colour = 0.25, 7, Colour.BLUE
    changes = memory.changes()
    assert memory.changes() == {}
    fresh = Odd()
    assert RuleMemory([fresh]).restore(changes) == []
    assert (fresh.count, fresh.on, fresh.name, fresh.times) == (3, True, "y", [0, 9])
    assert (fresh.inner.share, fresh.inner.deep, fresh.colour) == (0.25, [7, 2], Colour.BLUE)
    rule.count = 99
    memory.undo()
    assert rule.count == 3


def test_of_a_long_memory_only_what_has_changed_is_taken_down_wherever_it_is():
    rule = Odd()
    rule.times = list(range(205))
    memory = RuleMemory([rule])
    for index in (0, 39, 40, 204):
        rule.times[index] = -1
    changes = memory.changes()["0.Odd"]
    assert {name for name in changes if name != "@shape"} == {
        f"times[{index}]" for index in (0, 39, 40, 204)
    }
    rule.times[100] = -1
    memory.undo()
    assert rule.times[100] == 100
    assert memory.changes() == {}


def test_a_list_that_a_rule_puts_in_the_place_of_another_is_followed():
    rule = Odd()
    memory = RuleMemory([rule])
    rule.times = [5, 0]
    assert memory.changes()["0.Odd"]["times[0]"] == 5
    rule.times[1] = 6
    rule.times = [7, 6]
    memory.undo()
    assert rule.times == [5, 0]
    rule.times[1] = 8
    assert memory.changes() == {"0.Odd": {"@shape": ANY, "times[1]": 8}}


def test_a_list_that_is_put_in_the_place_of_its_equal_is_followed_once_it_changes():
    rule = Odd()
    memory = RuleMemory([rule])
    rule.times = list(rule.times)
    assert memory.changes() == {}
    rule.times[1] = 8
    assert memory.changes() == {"0.Odd": {"@shape": ANY, "times[1]": 8}}
    rule.times[1] = 9
    assert memory.changes() == {"0.Odd": {"@shape": ANY, "times[1]": 9}}


def test_a_list_with_two_names_stays_one_list():
    rule = Odd()
    rule.inner.deep = rule.times
    memory = RuleMemory([rule])
    rule.inner.deep[0] = 4
    assert rule.times[0] == 4
    assert memory.changes()["0.Odd"]["times[0]"] == 4


def test_a_rule_that_is_gone_is_told():
    changes = {"0.Gone": {"@shape": "1:a", "a": 1}}
    assert RuleMemory([]).restore(changes) == ["0.Gone"]


def test_what_rules_remember_is_written_only_when_it_changes():
    floor = Floor(setup(card=card(), make_rules=lambda: [OrderRate(2, SECOND)])).open()
    floor.bar(10_000)
    assert floor.written(of.RulesNoted) == []
    floor.place(place(1))
    (placed,) = floor.written(of.Placed)
    assert placed.noted["0.OrderRate"]["oldest"] == 1
    assert floor.written(of.RulesNoted) == []
    assert replayed(floor.records).rules == floor.state.rules == placed.noted
