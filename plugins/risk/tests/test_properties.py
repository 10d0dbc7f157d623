"""What holds for every rule, every order and every strategy."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from desk import Desk
from gambler import Gambler
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_risk.account import CashAccount, MarginAccount
from tradectl_risk.flow import OrderRate, PriceCollar
from tradectl_risk.loss import DailyLoss
from tradectl_risk.orders import OrderNotional, OrderSize
from tradectl_risk.positions import GrossExposure, PositionNotional, PositionSize
from tradectl_sdk.config import RiskSection
from tradectl_sdk.engine import Assumptions, CloseReason, DenyReason, Mode, Plan, run
from tradectl_sdk.pipelines.risk import make_rules
from tradectl_sdk.strategy import Strategy, param
from workbench import columns, instrument

if TYPE_CHECKING:
    from collections.abc import Callable

several = settings(max_examples=30, deadline=None)
many = settings(max_examples=200, deadline=None)
seeds = st.integers(0, 10_000)
UNITS = 10**8


# Name -> makes the rule with a limit and the choice to resize; a larger limit allows more.
RULES: dict[str, Callable[[int, bool], Any]] = {
    "order-size": lambda limit, cut: OrderSize([limit, limit], resize=cut),
    "order-notional": lambda limit, cut: OrderNotional([limit * UNITS] * 2, resize=cut),
    "position-size": lambda limit, cut: PositionSize([limit, limit], resize=cut),
    "position-notional": lambda limit, cut: PositionNotional([limit * UNITS] * 2, resize=cut),
    "exposure": lambda limit, cut: GrossExposure(limit * UNITS, resize=cut),
    "collar": lambda limit, _: PriceCollar([limit, limit]),
    "order-rate": lambda limit, _: OrderRate(limit, 10**9),
    "daily-loss": lambda limit, cut: DailyLoss(limit, 10_000, resize=cut),
    "cash": lambda _, cut: CashAccount(Desk().costs(3), resize=cut),
    "margin": lambda limit, cut: MarginAccount(
        Desk().costs(3), max(1_000_000 // limit, 1), resize=cut
    ),
}

desks = st.builds(
    lambda cash, margin, held, other, buys, sells: Desk(
        cash=str(cash), margin=margin, held=held, other=other
    ).open(buys=buys, sells=sells),
    cash=st.integers(-5_000, 20_000),
    margin=st.booleans(),
    held=st.integers(-30, 30),
    other=st.integers(-30, 30),
    buys=st.integers(0, 20),
    sells=st.integers(0, 20),
)
orders = st.fixed_dictionaries(
    {
        "lots": st.integers(1, 60) | st.integers(1, 10**15),
        "side": st.sampled_from([1, -1]),
        "limit": st.sampled_from([0, 9_000, 10_000, 10_100, 10**9]),
        "trigger": st.sampled_from([0, 10_050]),
    }
)


@pytest.mark.parametrize("name", RULES)
@given(desk=desks, order=orders, limit=st.integers(1, 5_000), cut=st.booleans())
@many
def test_no_rule_ever_makes_an_order_larger(name, desk, order, limit, cut):
    rule = RULES[name](limit, cut)
    allowed = desk.ask(rule, **order)
    assert 0 <= allowed <= order["lots"]
    if not cut:
        assert allowed in (0, order["lots"])
    assert desk.ask(rule, **order, reduce_only=True) == order["lots"]


@pytest.mark.parametrize("name", RULES)
@given(
    desk=desks,
    order=orders,
    limits=st.tuples(st.integers(1, 5_000), st.integers(1, 5_000)),
    cut=st.booleans(),
)
@many
def test_a_wider_limit_never_allows_less(name, desk, order, limits, cut):
    narrow, wide = (desk.ask(RULES[name](limit, cut), **order) for limit in sorted(limits))
    assert narrow <= wide


@pytest.mark.parametrize("name", RULES)
@given(desk=desks, order=orders, limit=st.integers(1, 5_000))
@many
def test_resizing_finds_the_most_that_would_have_passed(name, desk, order, limit):
    allowed = desk.ask(RULES[name](limit, True), **order)
    if allowed:
        assert desk.ask(RULES[name](limit, False), **(order | {"lots": allowed})) == allowed
    if allowed < order["lots"]:
        assert desk.ask(RULES[name](limit, False), **(order | {"lots": allowed + 1})) == 0


def walk(seed: int, bars: int) -> list[tuple[float, ...]]:
    """A jumpy market on the cent grid."""
    rng = np.random.default_rng(seed)
    close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.02, bars))), 2)
    open_ = np.round(np.r_[50.0, close[:-1]] * np.exp(rng.normal(0, 0.01, bars)), 2)
    high = np.round(np.maximum(open_, close) * 1.01, 2)
    low = np.round(np.minimum(open_, close) * 0.99, 2)
    return list(zip(open_, high, low, close, np.full(bars, 500.0), strict=True))


def gamble(
    seed: int,
    count: int,
    assume: Assumptions,
    risk: RiskSection,
    strategy: type[Strategy] = Gambler,
) -> Plan:
    ones = [
        instrument(f"S{k}", taker_fee=Decimal("0.001"), session_close=720) for k in range(count)
    ]
    rules, observing, _ = make_rules(risk, None, ones, assume)
    return Plan(
        instruments=ones,
        columns=[columns(walk(seed + k, 120), one, k) for k, one in enumerate(ones)],
        make_strategy=lambda: strategy(seed=seed + 1),
        assumptions=assume,
        make_rules=rules,
        observing=observing,
    )


class Plunger(Strategy):
    """Opens, turns and closes at random with every type of order, none of them reduce-only."""

    seed: int = param(1, ge=1)

    def on_start(self, ctx) -> None:
        self.draw = np.random.default_rng(self.seed).integers
        self.orders = [0, 0]

    def on_bar(self, ctx, bar) -> None:
        size, off = float(self.draw(1, 30)), 0.01 * self.draw(0, 200)
        near, far = ctx.round_price(bar.close - off), ctx.round_price(bar.close + off)
        buys = self.draw(2) == 1
        act = ctx.buy if buys else ctx.sell
        prices = {
            1: {"limit": near if buys else far},
            2: {"stop": far if buys else near},
            3: {"trail": 0.5 + off},
        }
        action = int(self.draw(7))
        if action == 4:
            order = ctx.target(float(self.draw(-12, 13)))
        elif action == 5:
            ctx.one_cancels_other(*self.orders)
            return
        else:
            order = act(size, **prices.get(action, {}))
        self.orders = [self.orders[1], order]


assumptions = st.builds(
    Assumptions,
    cash=st.sampled_from([Decimal(800), Decimal(100_000)]),
    margin=st.booleans(),
    slippage_bps=st.sampled_from([Decimal(0), Decimal(25)]),
)
strategies = st.sampled_from([Gambler, Plunger])
sections = st.builds(
    RiskSection,
    resize=st.booleans(),
    max_order_quantity=st.just(Decimal(15)),
    max_order_notional=st.just(Decimal(700)),
    max_position_quantity=st.just(Decimal(25)),
    max_position_notional=st.just(Decimal(1_200)),
    max_gross_exposure=st.just(Decimal(2_000)),
    max_orders=st.just(12),
    max_orders_seconds=st.just(86_400),
    collar_bps=st.just(Decimal(400)),
    max_daily_loss=st.just(Decimal(40)),
    daily_loss_from_peak=st.booleans(),
)


# Each count is compiled by itself: one instrument has a loop of its own, several share another.
@given(seed=seeds, count=st.sampled_from([1, 3]), assume=assumptions, risk=sections)
@settings(max_examples=8, deadline=None)
def test_all_rules_compiled_decide_as_in_plain_python(seed, count, assume, risk):
    plan = gamble(seed, count, assume, risk)
    compiled, plain = run(plan, Mode.COMPILED), run(plan, Mode.INTERPRETED)
    assert compiled.mode is Mode.COMPILED
    assert compiled.orders.tobytes() == plain.orders.tobytes()
    assert compiled.fills.tobytes() == plain.fills.tobytes()
    assert compiled.equity.tobytes() == plain.equity.tobytes()


@given(seed=seeds, count=st.integers(1, 3), assume=assumptions, resize=st.booleans())
@several
def test_no_fill_takes_a_position_beyond_its_limit(seed, count, assume, resize):
    risk = RiskSection(max_position_quantity=Decimal(12), resize=resize)
    fills = run(gamble(seed, count, assume, risk, Plunger), Mode.INTERPRETED).fills
    assert np.abs(fills["position"]).max(initial=0) <= 12


@given(seed=seeds, count=st.integers(1, 3), assume=assumptions, strategy=strategies)
@several
def test_a_cash_account_never_owes_anything(seed, count, assume, strategy):
    assume = replace(assume, margin=False)
    outcome = run(gamble(seed, count, assume, RiskSection(), strategy), Mode.INTERPRETED)
    fills = outcome.fills
    spent = fills["side"] * fills["quantity"] * fills["price"] * 10**6 + fills["fee"]
    assert (int(assume.cash * UNITS) - np.cumsum(spent)).min(initial=0) >= 0


@given(seed=seeds, count=st.integers(1, 3), assume=assumptions, resize=st.booleans())
@several
def test_a_cash_account_sells_only_what_it_has(seed, count, assume, resize):
    assume = replace(assume, margin=False)
    plan = gamble(seed, count, assume, RiskSection(resize=resize), Plunger)
    assert run(plan, Mode.INTERPRETED).fills["position"].min(initial=0) >= 0


@given(seed=seeds, resize=st.booleans(), fee=st.sampled_from(["0", "0.001"]))
@several
def test_where_prices_stand_still_what_the_gate_lets_through_is_paid_for(seed, resize, fee):
    one = instrument(taker_fee=Decimal(fee))
    assume = Assumptions(cash=Decimal(800), slippage_bps=Decimal(10), volume_share=Decimal(0))
    rules, observing, _ = make_rules(RiskSection(resize=resize), None, [one], assume)
    still = [(50.0, 55.0, 50.0, 50.0)] * 60
    plan = Plan(
        instruments=[one],
        columns=[columns(still, one)],
        make_strategy=lambda: Gambler(seed=seed + 1, activity=100),
        assumptions=assume,
        make_rules=rules,
        observing=observing,
    )
    outcome = run(plan, Mode.INTERPRETED)
    triggered = outcome.orders["type"] >= 2  # a stop may wait until the cash has gone elsewhere
    short = outcome.orders["reason"] == CloseReason.CASH_AT_FILL
    assert not (short & ~triggered).any()


def test_the_gambler_meets_every_rule():
    """The properties above would be empty if some rule never had to refuse anything."""
    met: set[int] = set()
    for seed in range(16):
        assume = Assumptions(cash=Decimal(800 if seed % 4 < 2 else 10_000), margin=bool(seed % 2))
        for risk in (
            RiskSection(),
            RiskSection(
                rules=("order-size", "order-notional"),
                max_order_quantity=Decimal(15),
                max_order_notional=Decimal(600),
            ),
            RiskSection(max_position_quantity=Decimal(9), collar_bps=Decimal(100)),
            RiskSection(max_orders=1, max_orders_seconds=86_400, max_daily_loss=Decimal(10)),
        ):
            orders = run(gamble(seed, 1, assume, risk), Mode.INTERPRETED).orders
            met |= set(orders["reason"].tolist())
    assert met >= {
        DenyReason.CASH,
        DenyReason.SHORT,
        DenyReason.MARGIN,
        DenyReason.ORDER_SIZE,
        DenyReason.NOTIONAL,
        DenyReason.POSITION,
        DenyReason.ORDER_RATE,
        DenyReason.COLLAR,
        DenyReason.DAILY_LOSS,
    }
