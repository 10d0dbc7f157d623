"""From settings to cost models, by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tradectl_sdk.config import BacktestSection
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import ConfigError, NotFoundError, UsageError
from tradectl_sdk.pipelines.costs import make_costs

ONE = [Instrument(symbol="X", venue="T", tick_size=Decimal("0.01"), lot_size=Decimal("0.1"))]


def section(**tables: dict[str, Any]) -> BacktestSection:
    return BacktestSection.model_validate(tables)


def test_nothing_named_leaves_the_engine_its_own_models():
    assert make_costs(section(), None, ONE) == (None, None, [])


def test_models_are_made_fresh_with_the_settings_beside_their_name():
    fees, slippage, words = make_costs(
        section(
            fees={"model": "per-unit", "per_unit": Decimal("0.5"), "minimum": 0},
            slippage={"model": "basis-points", "basis_points": 3},
        ),
        None,
        ONE,
    )
    assert fees is not None
    assert slippage is not None
    assert fees() is not fees()
    assert fees().fee(0, 20, 0, False, 0) == 10**8  # two units at one half
    assert slippage().slip(0, 10_000, 1, 0) == 3
    assert [(what, how.partition(":")[0]) for what, how in words] == [
        ("fees", "per-unit"),
        ("slippage", "basis-points"),
    ]


@pytest.mark.parametrize(
    ("tables", "error", "message"),
    [
        ({"fees": {"model": "per-unt"}}, NotFoundError, "did you mean per-unit?"),
        ({"slippage": {"model": "xyz"}}, NotFoundError, "there is basis-points, per-order"),
        ({"fees": {"model": "square-root"}}, UsageError, "models of fees are per-order"),
        ({"slippage": {"model": "per-unit"}}, UsageError, "which is no model of slippage"),
        ({"fees": {"model": "per-order"}}, ConfigError, "backtest.fees.fixed  is missing"),
        (
            {"fees": {"model": "per-unit", "per_unt": 1}},
            ConfigError,
            "backtest.fees.per_unt  unknown key, did you mean per_unit?",
        ),
        (
            {"slippage": {"model": "basis-points", "basis_points": -1}},
            ConfigError,
            "backtest.slippage.basis_points  was -1, expected at least 0",
        ),
    ],
)
def test_what_is_wrong_is_named(tables, error, message):
    with pytest.raises(error) as caught:
        make_costs(section(**tables), None, ONE)
    assert message in str(caught.value)
