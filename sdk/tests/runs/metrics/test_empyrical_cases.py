"""empyrical's published cases; where a convention differs, the difference is stated beside it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tradectl_sdk.runs.metrics import drawdown, growth, moments, ratios

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PERIODS = {"daily": 252.0, "weekly": 52.0, "monthly": 12.0, "yearly": 1.0}


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> dict[str, Any]:
    path = shared_data / "golden/metrics/empyrical/empyrical_cases_open.json"
    if not path.is_file():
        pytest.skip(f"shared data is absent: {path.name}")
    return json.loads(path.read_text())


def rows(cases: dict[str, Any], test: str) -> Iterator[tuple[Any, ...]]:
    """Arguments of each row of a test, series resolved; frames have columns and are left out."""
    found = next(case for case in cases["cases"] if case["test"] == test)
    for row in found["params"]:
        values = [_resolve(cases, value) for value in row]
        if all(value is not None for value in values):
            yield tuple(values)


def _resolve(cases: dict[str, Any], value: Any) -> Any:
    if isinstance(value, dict):
        series = cases["series"][value["series"]] if "series" in value else value
        listed = series.get("values", value.get("inline"))
        return None if listed is None else np.array([float(each) for each in listed])
    return float(value) if value in {"nan", "inf"} else value


def without_missing(returns: np.ndarray, *others: Any) -> tuple[Any, ...]:
    """empyrical skips NaN; ours refuses to guess, so the missing return is dropped here."""
    keep = ~np.isnan(returns)
    return returns[keep], *(each[keep] if isinstance(each, np.ndarray) else each for each in others)


def same(ours: float, theirs: float) -> bool:
    if math.isnan(theirs):
        return math.isnan(ours)
    return ours == pytest.approx(theirs, rel=1e-8, abs=1e-10)


def test_cumulative_return(cases: dict[str, Any]) -> None:
    for returns, start, expected in rows(cases, "test_cum_returns_final"):
        total = growth.cumulative_return(*without_missing(returns))
        # Printed to four decimals, so compared to four.
        found = total if start == 0 else start * (1 + total)
        assert found == pytest.approx(expected, abs=1e-4, nan_ok=True)


def test_maximum_drawdown_with_the_sign_turned(cases: dict[str, Any]) -> None:
    for returns, expected in rows(cases, "test_max_drawdown"):
        (kept,) = without_missing(returns)
        if not kept.size:
            continue  # a curve of one level has no drawdown; empyrical says NaN for no return
        levels = np.cumprod(np.concatenate(([1.0], 1 + kept)))
        found = drawdown.find_drawdowns(np.arange(levels.size), levels)
        assert same(-found.max_drawdown, expected)


@pytest.mark.parametrize("test", ["test_cagr", "test_annual_ret"])
def test_compound_growth_over_years_counted_in_periods(cases: dict[str, Any], test: str) -> None:
    for returns, period, expected in rows(cases, test):
        # empyrical's years count the missing return as a period.
        years = returns.size / PERIODS[period]
        total = growth.cumulative_return(*without_missing(returns))
        assert same(growth.compound_growth(total, years), expected)


def test_annual_volatility(cases: dict[str, Any]) -> None:
    for returns, period, expected in rows(cases, "test_annual_volatility"):
        (kept,) = without_missing(returns)
        assert same(growth.annual_volatility(kept, PERIODS[period]), expected)


def test_sharpe_ratio_but_no_variation_is_undefined(cases: dict[str, Any]) -> None:
    for returns, risk_free, expected in rows(cases, "test_sharpe_ratio"):
        kept, free = without_missing(returns, risk_free)
        wanted = math.nan if math.isinf(expected) else expected
        assert same(ratios.sharpe_ratio(kept, 252, free), wanted)


def test_downside_deviation(cases: dict[str, Any]) -> None:
    for returns, target, period, expected in rows(cases, "test_downside_risk"):
        kept, least = without_missing(returns, target)
        assert same(growth.downside_deviation(kept, PERIODS[period], least), expected)


def test_sortino_ratio_but_no_shortfall_is_undefined(cases: dict[str, Any]) -> None:
    for returns, target, period, expected in rows(cases, "test_sortino"):
        kept, least = without_missing(returns, target)
        wanted = math.nan if math.isinf(expected) else expected
        assert same(ratios.sortino_ratio(kept, PERIODS[period], least), wanted)


def test_calmar_ratio(cases: dict[str, Any]) -> None:
    for returns, period, expected in rows(cases, "test_calmar"):
        (kept,) = without_missing(returns)
        levels = np.cumprod(np.concatenate(([1.0], 1 + kept)))
        deepest = drawdown.find_drawdowns(np.arange(levels.size), levels).max_drawdown
        rate = growth.compound_growth(
            growth.cumulative_return(kept), returns.size / PERIODS[period]
        )
        assert same(ratios.calmar_ratio(rate, deepest), expected)


def test_stability_tail_and_expected_shortfall(cases: dict[str, Any]) -> None:
    (returns,) = without_missing(_resolve(cases, {"series": "mixed_returns"}))
    assert moments.stability(returns) == pytest.approx(0.15299737, abs=1e-8)
    assert moments.tail_ratio(returns) == pytest.approx(0.9557, abs=1e-4)
    assert moments.expected_shortfall(returns) == pytest.approx(0.10)
