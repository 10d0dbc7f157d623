"""Whatever can change a result changes the name of the run; nothing else does."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk import Bars, Instrument, Settings, Strategy
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.pipelines.codehash import class_hash
from tradectl_sdk.pipelines.finding import FoundStrategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.series import LoadedSeries, content_hash
from tradectl_sdk.runs import run_identity

if TYPE_CHECKING:
    from tradectl_sdk.plugins import Plugins

ONE = Instrument(symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))


class Idle(Strategy):
    """Does nothing."""


def make_bars() -> Bars:
    (series,) = synthetic_market([ONE], bars=20, timeframe="1d", seed=1)
    return series.bars


BARS = make_bars()


def name_of(chosen: Settings, bars: Bars = BARS, plugins: Plugins | None = None) -> str:
    found = FoundStrategy.__new__(FoundStrategy)
    object.__setattr__(found, "cls", Idle)
    series = (LoadedSeries(bars=bars, content_hash=content_hash(bars), origin="memory"),)
    job = prepare(found, {}, series, chosen, signals={}, warmup=0, trials=1, plugins=plugins)
    return run_identity(job.identity)


CHANGES = {
    "cash": [Decimal("5000"), Decimal("100001")],
    "margin": [True],
    "market_fill": ["this_close", "next_close"],
    "limit_fill": ["touch"],
    "bar_path": ["adaptive", "ohlc"],
    "volume_share": [Decimal("0"), Decimal("0.2")],
    "slippage_bps": [Decimal("0"), Decimal("3")],
    "exits_in_entry_bar": [False],
    "max_orders_per_instant": [7],
    "maker_fee": [Decimal("0.002"), Decimal("-0.0001")],
    "taker_fee": [Decimal("0.002"), Decimal("0")],
    "default_fee": [Decimal("0"), Decimal("0.01")],
}
PLAIN = name_of(Settings())
pairs = st.sampled_from([(name, value) for name, values in CHANGES.items() for value in values])


@given(pairs)
@settings(max_examples=40, deadline=None)
def test_each_setting_of_a_backtest_names_another_run(change):
    name, value = change
    chosen = {"backtest": {name: value}}
    assert name_of(Settings.model_validate(chosen)) != PLAIN
    assert name_of(Settings.model_validate(chosen)) == name_of(Settings.model_validate(chosen))


def test_every_field_of_the_section_was_tried():
    fields = set(type(Settings().backtest).model_fields)
    assert fields - {"fees", "slippage"} == set(CHANGES)


def test_equal_settings_name_the_same_run_however_written():
    assert name_of(Settings.model_validate({"backtest": {"cash": 100_000}})) == PLAIN
    assert name_of(Settings()) == PLAIN


@pytest.mark.parametrize(
    "change",
    [
        {"multiplier": Decimal(50)},
        {"min_notional": Decimal(10)},
        {"calendar": "weekdays"},
        {"session_close": 60},
        {"maker_fee": Decimal("0.003")},
        {"tick_size": Decimal("0.02")},
        {"lot_size": Decimal("0.1")},
        {"symbol": "OTHER"},
    ],
)
def test_each_term_of_an_instrument_names_another_run(change):
    assert name_of(Settings(), replace(BARS, instrument=replace(ONE, **change))) != PLAIN


RULES = """
@hookimpl
def tradectl_risk_rules(self):
    for name, model in [("account", None), ("own", __name__ + ":Own")]:
        yield RiskRuleSpec(name=name, summary="A rule", factory=f"{__name__}:make", settings=model)
"""
OWN = """
from pydantic import BaseModel
from tradectl_sdk.hooks import ExecutorSpec, RiskRuleSpec

class Own(BaseModel):
    most: int = 3

class Rule:
    reason = 30
    def check(self, order, account, market, now): return order.lots

def make(settings, instruments, assumptions): return Rule()
"""
CLUSTER = """
@hookimpl
def tradectl_executors(self):
    yield ExecutorSpec(name="far", summary="x", factory="x:y", settings=__name__ + ":Own")
"""


def test_only_tables_that_the_rules_of_a_run_read_name_it(site):
    site.plugin("acme", RULES, top=OWN)
    site.plugin("cluster", CLUSTER, top=OWN)
    plugins = site.plugins()

    def named(rules: list[str], **tables: dict[str, int]) -> str:
        chosen = {"risk": {"rules": rules}, "plugins": tables}
        return name_of(Settings.model_validate(chosen), plugins=plugins)

    plain = named(["own"])
    assert named(["own"], cluster={"most": 8}) == named(["own"], acme={}) == plain
    assert len({plain, named(["own"], acme={"most": 8}), named(["own"], acme={"most": 9})}) == 3
    assert named([], acme={"most": 8}) == named([])  # its rule is not asked


def test_a_change_in_a_module_beside_the_strategy_is_another_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_strategy.py").write_text(
        "from own_rules import size\nfrom tradectl_sdk import Strategy\n"
        "class Own(Strategy):\n    def on_bar(self, ctx, bar):\n        ctx.buy(size())\n"
    )

    def code(text: str) -> str:
        (tmp_path / "own_rules.py").write_text(text)
        for name in ("own_strategy", "own_rules"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return class_hash(importlib.import_module("own_strategy").Own)

    one = code("def size():\n    return 1.0\n")
    assert code("def size():\n    return 2.00\n") != one
    assert code("def size():\n    return 1.0\n") == one


def test_a_class_made_at_a_prompt_counts_by_all_of_its_code(monkeypatch):
    def made(text: str) -> str:
        space = {"__name__": "prompt", "Strategy": Strategy}
        exec(text, space)  # noqa: S102 - what a prompt does
        monkeypatch.setitem(sys.modules, "prompt", type(sys)("prompt"))
        return class_hash(space["Own"])

    text = (
        "class Base(Strategy):\n    def size(self):\n        return {}\n"
        "class Own(Base):\n    def on_bar(self, ctx, bar):\n        ctx.{}({})\n"
    )
    names = [
        made(text.format(*parts))
        for parts in [(1, "buy", 1), (1, "buy", 2), (1, "sell", 1), (2, "buy", 1)]
    ]
    assert len(set(names)) == 4
    assert made("\n\n" + text.format(1, "buy", 1)) == names[0]
