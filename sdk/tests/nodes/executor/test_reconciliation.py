"""We compare our account with the venue's, say what differs, and take nothing for granted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from floor import CASH, MONEY, SECOND, START, Floor, X, card, instrument, place, setup
from tradectl_sdk.bus.link import PeerBack, PeerChanged, PeerLost
from tradectl_sdk.bus.messages.control import CancelEverything, Declined, Reconcile, Reconciled
from tradectl_sdk.bus.messages.intents import Cancel, Cursor
from tradectl_sdk.bus.messages.orders import ClockOffset, FetchAccount
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus
from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.errors import UsageError
from tradectl_sdk.exchange.values import AccountLink, OrderReport, Position, Refused, TradeReport
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.setup import Bounds

STRANGER = OrderReport(
    instrument=X, client_id="web", venue_id="v9", status=5, side=1, type=1, lots=30, filled=10,
    limit=9_000, time=START,
)  # fmt: skip
FOREIGN = TradeReport(
    trade_id="f1", instrument=X, venue_id="v9", side=1, lots=10, price=9_000, time=START
)


def deny_reason(floor: Floor, **terms) -> int:
    """Why an order of one lot is denied now, 0 when it is not."""
    number = floor.state.last_number + 1
    floor.intend(place(number, **({"lots": 1} | terms)))
    reason = floor.order(number).reason
    if not floor.order(number).ended:
        floor.answer(Refused(code="test", text="it was only a question"))
    return reason


def look(floor: Floor, times: int = 2, **parts) -> None:
    """Let the account be fetched several times, with the same answer."""
    for _ in range(times):
        if not floor.core.parts.reconciler._asked:
            floor.wait(31 * SECOND)
        floor.fetched(**parts)


def test_the_first_look_takes_what_is_there_for_what_was_there_before():
    floor = Floor(setup(cash=None), balances={"USDT": 5 * MONEY, "BTC": 7}).open()
    assert floor.state.ledger.cash == 5 * MONEY
    assert floor.position == 0
    assert floor.state.ledger.baseline == {"USDT": 0, "BTC": 7}


def test_a_strategy_may_be_given_a_part_of_the_cash():
    floor = Floor(setup(cash=2 * MONEY), balances={"USDT": 5 * MONEY}).open()
    assert floor.state.ledger.cash == 2 * MONEY
    look(floor, 3)
    assert deny_reason(floor) == 0


def test_lists_that_fail_open_nothing_and_are_asked_for_again():
    floor = Floor()
    floor.connect()
    for _ in range(5):
        floor.fetched(open_orders=None, failures=("open orders: 503",))
        floor.wait(31 * SECOND)
    assert len(floor.asked(FetchAccount)) == 6
    assert floor.core.condition[0] == "reconciling"
    floor.bar(10_000)
    floor.host(PeerChanged(name="host", role="host", epoch=1))
    assert deny_reason(floor) == DenyReason.NOT_RECONCILED
    assert floor.to_host == []


def test_whoever_asks_is_told_that_the_venue_did_not_answer():
    floor = Floor().open()
    floor.control(Reconcile(), port="control 7")
    floor.fetched(balances=None, failures=("balances: 503",))
    port, answer = floor.answers[-1]
    assert port == "control 7"
    assert isinstance(answer, Declined)
    assert "balances: 503" in answer.text


def test_the_account_is_compared_ever_again():
    floor = Floor().open()
    for _ in range(3):
        floor.wait(31 * SECOND)
        floor.fetched()
    assert len(floor.written(of.Compared)) == 4


@pytest.mark.parametrize("event", ["gateway", "link"])
def test_nothing_adds_risk_after_a_reconnection_until_both_agree_again(event):
    floor = Floor().open()
    if event == "gateway":
        floor.connect(2)
    else:
        floor.account(AccountLink(up=False))
        floor.fetched()
        assert deny_reason(floor) == DenyReason.NOT_RECONCILED, "agreed, and still cut off"
        floor.account(AccountLink(up=True))
    assert deny_reason(floor) == DenyReason.NOT_RECONCILED
    floor.fetched(executions=Cursor(2, 0))
    assert deny_reason(floor) == 0


def test_a_gateway_that_falls_silent_closes_the_way_and_one_that_returns_opens_it():
    floor = Floor().open()
    floor.gateway(PeerLost(name="gateway"))
    assert floor.core.condition == ("waiting", "for the gateway")
    assert deny_reason(floor) == DenyReason.NOT_RECONCILED
    floor.gateway(PeerBack(name="gateway", role="gateway", epoch=1))
    floor.fetched()
    assert deny_reason(floor) == 0


def test_a_difference_counts_when_it_is_seen_twice():
    floor = Floor().open()
    floor.wait(31 * SECOND)
    floor.fetched(open_orders=(STRANGER,))
    assert deny_reason(floor) == 0, "a list is not made in an instant"
    floor.wait(3 * SECOND)
    floor.fetched(open_orders=(STRANGER,))
    assert deny_reason(floor) == DenyReason.NOT_RECONCILED
    assert floor.core.condition == ("reconciling", f"order v9 of {X}")
    floor.wait(31 * SECOND)
    floor.fetched()
    assert deny_reason(floor) == 0, "somebody has cancelled it"


def test_what_differs_is_told_with_what_applying_would_do():
    floor = Floor().open()
    floor.control(Reconcile())
    look(floor, open_orders=(STRANGER,), trades=(FOREIGN,))
    answer = floor.answers[-1][1]
    assert isinstance(answer, Reconciled)
    assert not answer.applied
    assert [one.subject for one in answer.differences] == [f"order v9 of {X}", f"trade f1 of {X}"]
    assert all(one.remedy for one in answer.differences)
    assert floor.state.book.live_count == 0


def test_applying_takes_over_foreign_orders_and_trades():
    floor = Floor(honest=False).open()
    floor.balances = {"USDT": CASH - 90 * MONEY // 100, "BTC": 1_000_000}
    floor.control(Reconcile(apply=True))
    look(floor, open_orders=(STRANGER,), trades=(FOREIGN,))
    assert floor.answers[-1][1].applied
    assert floor.position == 10
    assert floor.state.ledger.cash == CASH - 90 * MONEY // 100
    (order,) = floor.state.book.all_live()
    assert (order.number, order.lots, order.filled, order.status) == (0, 30, 10, 7)
    assert floor.state.book.open_buys(X) == 20
    look(floor, 3, open_orders=(STRANGER,), trades=(FOREIGN,))
    assert deny_reason(floor) == 0
    floor.account(
        TradeReport(trade_id="f2", instrument=X, client_id="web", side=1, lots=20, price=9_000,
                    time=floor.now)
    )  # fmt: skip
    assert floor.position == 30
    assert floor.state.book.live_count == 0


def test_a_trade_of_an_order_that_is_gone_is_booked_by_itself():
    floor = Floor(honest=False).open()
    floor.balances = {"USDT": CASH - 90 * MONEY // 100, "BTC": 1_000_000}
    floor.control(Reconcile(apply=True))
    look(floor, trades=(FOREIGN,))
    assert (floor.position, floor.state.ledger.cash) == (10, CASH - 90 * MONEY // 100)
    assert floor.state.orphans == {}
    look(floor, trades=(FOREIGN,))
    assert floor.position == 10
    assert deny_reason(floor) == 0


def test_an_order_taken_over_with_fills_of_long_ago_counts_for_its_rest_only():
    floor = Floor().open()
    floor.control(Reconcile(apply=True))
    look(floor, open_orders=(STRANGER,))
    (order,) = floor.state.book.all_live()
    assert (order.lots, order.filled, order.settled) == (30, 10, True)
    assert (floor.position, floor.state.book.open_buys(X)) == (0, 20)


def test_an_order_that_was_taken_over_is_cancelled_like_any_other():
    floor = Floor().open()
    floor.control(Reconcile(apply=True))
    look(floor, open_orders=(STRANGER,))
    floor.control(CancelEverything(by="me"))
    assert floor.cancels == ["web"]


def test_missing_coins_and_cash_block_and_a_deposit_does_not():
    floor = Floor(balances={"USDT": CASH, "BTC": 500_000}).open()
    floor.balances = {"USDT": CASH + 5 * MONEY, "BTC": 500_000}
    look(floor)
    assert deny_reason(floor) == 0
    floor.balances = {"USDT": CASH - 5 * MONEY, "BTC": 500_000}
    look(floor)
    assert deny_reason(floor) == DenyReason.NOT_RECONCILED
    floor.balances = {"USDT": CASH, "BTC": 400_000}
    look(floor, 3)
    assert deny_reason(floor) == DenyReason.NOT_RECONCILED
    floor.control(Reconcile(apply=True))
    look(floor)
    assert deny_reason(floor) == 0
    assert floor.position == 0, "coins of somebody else are not the strategy's position"


def test_applying_changes_cash_by_what_is_missing():
    floor = Floor().open()
    floor.balances = {"USDT": CASH - 5 * MONEY}
    floor.control(Reconcile(apply=True))
    look(floor)
    assert floor.state.ledger.cash == CASH - 5 * MONEY


def test_positions_of_contracts_are_compared_as_such():
    perp = instrument("PERP", base="", quote="USDT")
    floor = Floor(setup(instruments=[perp], margin=True, card=card(margin=True)))
    name = str(perp.id)
    floor.connect()
    held = (Position(instrument=name, lots=-4),)
    look(floor, positions=held)
    assert floor.core.condition == ("reconciling", f"position of {name}")
    floor.control(Reconcile(apply=True))
    look(floor, positions=held)
    assert floor.state.ledger.position(name) == -4
    assert floor.core.condition == ("ready", "") or floor.core.parts.standing.agreed


def test_orders_and_trades_elsewhere_on_the_account_are_told_and_stop_nobody():
    floor = Floor().open()
    elsewhere = OrderReport(
        instrument="DOGE/USDT.TEST", venue_id="d", status=5, side=1, lots=1, time=START
    )
    trade = TradeReport(trade_id="d1", instrument="DOGE/USDT.TEST", side=1, lots=1, price=1)
    look(floor, open_orders=(elsewhere,), trades=(trade,))
    assert deny_reason(floor) == 0
    assert floor.written(of.Compared)[-1].differences


def test_trades_of_before_our_time_are_nobody_s_business():
    floor = Floor().open()
    old = TradeReport(trade_id="o", instrument=X, side=1, lots=5, price=1, time=START - SECOND)
    look(floor, trades=(old,))
    assert deny_reason(floor) == 0
    assert floor.position == 0


def test_clocks_too_far_apart_let_nothing_be_sent_but_cancels():
    floor = Floor(setup(bounds=Bounds())).open()
    floor.place(place(1, limit=9_000))
    floor.gateway(ClockOffset(offset=2 * SECOND, uncertainty=0))
    assert deny_reason(floor) == DenyReason.CLOCK
    assert floor.core.condition[0] == "waiting"
    floor.intend(Cancel(number=1))
    assert len(floor.cancels) == 1
    floor.gateway(ClockOffset(offset=SECOND // 10, uncertainty=SECOND // 10))
    assert deny_reason(floor) == 0


def test_a_simulated_venue_may_live_in_another_time():
    floor = Floor(setup(bounds=Bounds(), card=card(simulated=True)))
    floor.connect()
    floor.fetched(venue_time=SECOND)
    floor.host(PeerChanged(name="host", role="host", epoch=1))
    floor.bar(10_000)
    assert deny_reason(floor) == 0
    assert floor.order(1).sent_venue == SECOND


def test_an_empty_list_beside_a_failure_is_no_list():
    floor = Floor().open()
    floor.place(place(1, limit=9_000))
    floor.wait(31 * SECOND)
    floor.fetched(trades=None, failures=("trades: reset",))
    assert floor.status(1) == OrderStatus.ACCEPTED
    assert len(floor.written(of.Compared)) == 1


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"account": "other"}, "account"),
        ({"strategy": "other"}, "strategy"),
        ({"margin": True}, "kind of account"),
        ({"instruments": [instrument("ETH/USDT")]}, "left out"),
        ({"instruments": [instrument(tick_size=Decimal("0.1"))]}, "grid"),
    ],
)
def test_a_journal_is_continued_only_by_what_it_was_kept_for(changes, what):
    floor = Floor().open()
    floor.place(place(1))
    with pytest.raises(UsageError, match=what):
        Floor(setup(**changes), state=floor.state)


def test_an_instrument_that_is_not_held_may_be_left_out():
    floor = Floor().open()
    after = Floor(setup(instruments=[instrument("ETH/USDT")]), state=floor.state)
    assert list(after.state.ledger.instruments) == ["ETH/USDT.TEST"]


def test_reduce_only_orders_pass_while_the_account_is_in_doubt_and_the_way_is_open():
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10)
    floor.account(AccountLink(up=False))
    assert deny_reason(floor) == DenyReason.NOT_RECONCILED
    assert deny_reason(floor, side=-1, flags=int(OrderFlag.REDUCE_ONLY)) == 0


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"instruments": []}, "nothing"),
        ({"instruments": [instrument(), instrument("ETH/EUR", quote="EUR")]}, "EUR, USDT"),
        ({"instruments": [instrument(), instrument()]}, "twice"),
        ({"on_failure": "pray"}, "pray"),
    ],
)
def test_a_setup_that_contradicts_itself_is_refused(changes, what):
    with pytest.raises(UsageError, match=what):
        setup(**changes)
