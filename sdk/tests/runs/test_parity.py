"""Orders of two sides, matched, compared and put into words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus, OrderType, TimeInForce
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.runs.parity import (
    Account,
    Circumstances,
    Drift,
    FillFact,
    OrderFact,
    ParityReport,
    Side,
    compare,
    decisions,
)
from tradectl_sdk.runs.parity.matching import match
from tradectl_sdk.runs.parity.rendering import in_words

ONE = Instrument(symbol="X", venue="T", tick_size=Decimal("0.01"), lot_size=Decimal("0.5"))
BAR = 100


def order(name: str = "1", created: int = 1_000, **terms: Any) -> OrderFact:
    same = {"instrument": 0, "side": 1, "type": 0, "asked": 4, "lots": 4}
    return OrderFact(name=name, created=created, **same | {"status": 5} | terms)


def filled(lots: int = 4, price: int = 1_000, time: int = 1_000, fee: int = 40) -> FillFact:
    return FillFact(time=time, price=price, lots=lots, fee=fee, value=price * lots)


def causes(mine: list[OrderFact], theirs: list[OrderFact], **around: Any) -> list[tuple[str, str]]:
    _, found = compare(mine, theirs, Circumstances(bar=BAR, **around))
    return [(one.kind, one.cause) for one in found]


def test_orders_of_one_decision_are_matched_in_the_order_they_were_placed():
    mine = [order("1"), order("2"), order("3", side=-1)]
    theirs = [order("1", side=-1), order("2"), order("3")]
    pairs, extra, missing = match(mine, theirs, BAR)
    assert [(a.name, b.name) for a, b in pairs] == [("1", "2"), ("2", "3"), ("3", "1")]
    assert extra == missing == []


def test_a_decision_between_two_bars_is_the_nearest_of_its_kind():
    mine = [order("1", 1_040), order("2", 1_160)]
    theirs = [order("a", 1_100), order("b", 1_200), order("c", 1_250)]
    pairs, extra, missing = match(mine, theirs, BAR)
    assert [(a.name, b.name) for a, b in pairs] == [("1", "a"), ("2", "b")]
    assert (extra, [one.name for one in missing]) == ([], ["c"])
    assert causes([order("1", 1_040)], [order("a", 1_100)]) == [("time", "signal")]
    assert causes([order("1", 1_040)], [order("a", 1_100)], patience=60) == []
    far = match([order("1", 1_000)], [order("a", 1_101)], BAR)
    assert [len(each) for each in far] == [0, 1, 1]


def test_an_exit_is_no_entry():
    exit_ = order("1", flags=int(OrderFlag.CHILD))
    assert [len(each) for each in match([exit_], [order("1")], BAR)] == [0, 1, 1]


def test_what_was_denied_for_warming_up_is_nobodys_decision():
    cold = order("1", status=int(OrderStatus.DENIED), reason=int(DenyReason.WARMING))
    poor = order("2", status=int(OrderStatus.DENIED), reason=int(DenyReason.CASH))
    assert decisions([cold, poor]) == [poor]


def test_whether_a_venue_has_confirmed_a_working_order_is_no_difference():
    statuses = (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN, OrderStatus.ACCEPTED)
    for status in statuses:
        assert causes([order(status=int(status))], [order()]) == []


def test_where_a_trailing_stop_stood_is_the_venues_business():
    kind = int(OrderType.TRAILING_STOP)
    assert causes([order(type=kind, trigger=5)], [order(type=kind, trigger=9)]) == []
    kind = int(OrderType.STOP)
    assert causes([order(type=kind, trigger=5)], [order(type=kind, trigger=9)]) == [
        ("terms", "signal")
    ]


def test_a_decision_is_the_consequence_of_the_latest_fact_before_it():
    dear = order("1", status=8, fills=[filled(price=1_010)])
    true = order("1", status=8, fills=[filled()])
    later = order("2", 1_500)
    _, found = compare([dear, later], [true], Circumstances(bar=BAR))
    assert [(one.kind, one.cause, one.follows) for one in found] == [
        ("price", "price", ""),
        ("extra", "consequence", "price"),
    ]
    before = order("0", 900)
    assert causes([before, dear], [true])[0] == ("extra", "signal")


def test_gaps_and_restarts_explain_what_comes_at_them_and_after_them():
    alone = [order("1", 1_000)]
    assert causes([], alone, late=frozenset({1_000})) == [("missing", "gap")]
    assert causes([], alone, late=frozenset({900})) == [("missing", "gap")]
    assert causes([], alone, late=frozenset({1_100})) == [("missing", "signal")]
    assert causes([], alone, downs=((950, 1_050),)) == [("missing", "restart")]
    assert causes([], alone, downs=((800, 900),)) == [("missing", "restart")]
    assert causes([], alone, downs=((1_050, 1_100),)) == [("missing", "signal")]


def test_an_end_that_nobody_explains():
    lost = order(status=9, reason=int(CloseReason.UNHEARD))
    assert causes([lost], [order()]) == [("status", "restart")]
    assert causes([order(status=9)], [order()]) == [("status", "signal")]
    rejected = order(status=11, reason=int(CloseReason.UNHEARD))
    assert causes([rejected], [order()]) == [("status", "restart")]
    assert causes([order()], [order(status=11)]) == [("status", "venue")]


def test_an_order_that_the_market_took_only_here_ends_otherwise():
    mine = order(status=9, fills=[filled()])
    theirs = order(status=8, fills=[filled()])
    assert causes([mine], [theirs]) == [("status", "partial fill")]
    at_a_gap = causes([mine], [theirs], late=frozenset({1_000}))
    assert at_a_gap == [("status", "gap")]


def test_an_exit_that_never_filled_because_it_came_late():
    flags = int(OrderFlag.CHILD)
    mine = order(flags=flags, status=9, delay=50)
    theirs = order(flags=flags, status=8, fills=[filled()])
    assert causes([mine], [theirs]) == [("size", "late exit")]
    assert causes([mine], [theirs], patience=60) == [("size", "partial fill")]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("size", 3, "1.5"),
        ("missing", 4, "2"),
        ("price", 1234.0, "12.34"),
        ("price", 1234.25, "12.3425"),
        ("fee", 150_000_000, "1.5"),
        ("time", 0, "1970-01-01T00:00:00.000000000Z"),
        ("status", "filled", "filled"),
        ("extra", None, None),
        ("terms", {"limit": 1250, "expires": 0}, "limit 12.5, expires never"),
        (
            "terms",
            {"time_in_force": int(TimeInForce.DAY), "flags": 1},
            "time_in_force day, flags 1",
        ),
        ("terms", {"expires": 10**9}, "expires 1970-01-01T00:00:01.000000000Z"),
    ],
)
def test_values_are_told_in_the_units_people_read(kind, value, words):
    assert in_words(kind, value, ONE) == words


def account(*equity: float, start: int = 0) -> Account:
    return Account(
        time=np.arange(start, start + len(equity), dtype=np.int64), equity=np.array(equity)
    )


def test_curves_are_compared_where_both_have_an_instant():
    drift = Drift.between(account(1.0, 2.0, 9.0, 4.0), account(1.5, 5.0, 4.5, 7.0, start=1))
    assert (drift.final, drift.largest, drift.at, drift.instants) == (-0.5, 4.0, 2, 3)
    apart = Drift.between(account(1.0), account(1.0, start=5))
    assert (apart.final, apart.at, apart.instants) == (0.0, 0, 0)


def test_a_report_adds_up_and_becomes_json():
    mine = [order("1", status=8, fills=[filled(price=1_010, fee=41)])]
    theirs = [order("1", status=8, fills=[filled()]), order("2", 2_000)]
    matched, found = compare(mine, theirs, Circumstances(bar=BAR))
    sides = [Side.of(mine, account(5.0)), Side.of(theirs, account())]
    report = ParityReport(
        session="p-1",
        mode="paper",
        strategy="s",
        instruments=(ONE,),
        bars=1,
        warmup=0,
        lives=1,
        matched=matched,
        differences=tuple(found),
        allowed=1,
        ours=sides[0],
        theirs=sides[1],
        drift=Drift.between(account(5.0), account()),
    )
    assert not report.ok
    assert report.counts("kind") == {"price": 1, "missing": 1}
    assert report.cost == 40
    data = report.to_json()
    assert (data["missing"], data["extra"], data["cost"]) == (1, 0, "0.0000004")
    assert data["currency"] == "USD"
    assert data["drift"]["at"] is None
    assert data["totals"]["backtest"]["equity"] == 0.0
    assert data["differences"][1]["follows"] == "price"
    assert data["differences"][1]["session_order"] is None
