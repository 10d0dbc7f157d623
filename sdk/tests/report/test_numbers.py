"""What a report shows is what the run record holds."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk.report.comparing import comparison
from tradectl_sdk.report.contents import Cell, Chart, Table, Words
from tradectl_sdk.report.curves import drawdown, monthly_returns, rolling
from tradectl_sdk.report.drawing import data_of
from tradectl_sdk.report.sections import run_sections
from tradectl_sdk.runs.metrics.table import METRICS


def texts(part):
    return [[c.text if isinstance(c, Cell) else c for c in row] for row in part.rows]


@pytest.fixture
def parts(told):
    """Charts and tables of the report by their keys."""
    return {
        part.key: part
        for section in run_sections(told)
        for part in section.parts
        if not isinstance(part, Words)
    }


def test_every_metric_is_shown_as_the_run_has_it(parts, told):
    metrics = told.record.metrics
    shown = {row[0]: row[1] for row in texts(parts["metrics"])}
    assert shown == {METRICS[name].label: metrics.text(name) for name in metrics.values}
    main = {row[0]: row[1] for row in texts(parts["main-metrics"])}
    assert main.items() <= shown.items()


def test_a_metric_without_a_value_says_why(told):
    metrics = told.record.metrics
    bare = replace(
        metrics,
        values={**metrics.values, "calmar_ratio": None},
        undefined={"calmar_ratio": "nothing was lost"},
    )
    section = run_sections(replace(told, record=replace(told.record, metrics=bare)))[2]
    (cell,) = [row[1] for row in section.parts[1].rows if row[0].text == "Calmar"]
    assert (cell.text, cell.title) == ("-", "nothing was lost")


def test_the_curves_are_those_of_the_run(parts, told):
    record = told.record
    (equity,) = parts["equity"].lines
    assert np.array_equal(equity.time, record.time)
    assert np.array_equal(equity.values, record.equity)
    (fallen,) = parts["drawdown"].lines
    assert -fallen.values.min() == pytest.approx(record.metrics.values["max_drawdown"], abs=1e-12)
    (exposure,) = parts["exposure"].lines
    assert np.array_equal(exposure.values * record.equity > 0, record.exposure > 0)


def test_the_points_in_the_page_are_the_curves(parts, told):
    data = json.loads(data_of(parts["equity"]))["lines"][0]
    assert np.array_equal(np.cumsum(data["t"]) * 10**9, told.record.time)
    assert data["v"] == pytest.approx(told.record.equity.tolist(), rel=1e-7)


def test_every_trade_is_listed_and_marked(parts, told):
    trades = told.record.trades
    rows = texts(parts["trades"])
    assert [row[0] for row in rows] == [str(number) for number in trades["id"]]
    assert sum(Decimal(row[9]) for row in rows) == Decimal(int(trades["net"].sum())) / 10**8
    marks = {each.name: each for each in parts["price-1"].marks}
    assert np.array_equal(marks["long entry"].time, trades["entry_time"])
    closed = trades[trades["open"] == 0]
    assert np.array_equal(marks["exit"].values, closed["exit_price"])


def test_costs_add_up(parts, told):
    amounts = {row[0]: row[1].replace(",", "") for row in texts(parts["costs"])}
    before, fees, slippage, after = (
        Decimal(amounts[name])
        for name in ("Profit before costs", "Fees", "Slippage", "Profit after costs")
    )
    assert fees > 0
    assert before - fees - slippage == pytest.approx(after, abs=Decimal("0.02"))
    assert parts["fees"].lines[0].values[-1] == pytest.approx(
        int(told.record.fills["fee"].sum()) / 1e8
    )


def test_months_multiply_to_the_whole_return(told):
    found = monthly_returns(told.record)
    whole = np.prod([1 + value for year in found.values() for value in year.values()]) - 1
    assert whole == pytest.approx(told.record.metrics.values["total_return"], abs=1e-12)


def test_a_rolling_sharpe_is_the_ratio_of_its_window(told):
    found = rolling(told.record)
    size = found.window
    levels = told.record.equity[-size - 1 :]
    returns = levels[1:] / levels[:-1] - 1
    by_hand = returns.mean() / returns.std(ddof=1) * found.volatility[-1] / returns.std(ddof=1)
    assert found.sharpe[-1] == pytest.approx(by_hand)
    assert found.time[-1] == told.record.time[-1]


def test_the_titles_of_rolling_metrics_tell_the_window_from_the_annual_rate(told):
    (section,) = [each for each in run_sections(told) if each.key == "rolling"]
    window = rolling(told.record).window
    assert [part.title for part in section.parts] == [
        f"Rolling {name}, annualised, over the last {window} daily returns"
        for name in ("Sharpe", "volatility")
    ]


def test_a_short_run_has_no_rolling_metrics_and_says_so(told):
    record = told.record
    few = replace(record, time=record.time[:30], equity=record.equity[:30], exposure=None)
    short = replace(told, record=few)
    (section,) = [each for each in run_sections(short) if each.key == "rolling"]
    assert "too short" in section.parts[0].lines[0]


def test_a_loss_from_the_start_is_a_drawdown():
    assert drawdown(np.array([90.0, 120.0, 60.0]), 100.0) == pytest.approx([-0.1, 0.0, -0.5])


def test_assumptions_warnings_and_inputs_are_all_there(told):
    record = replace(told.record, warnings=("gaps: 3 bars are missing",))
    sections = {each.key: each for each in run_sections(replace(told, record=record))}
    assert tuple(sections["assumptions-section"].parts[0].rows) == told.assumptions
    assert texts(sections["checks"].parts[0]) == [["gaps", "warn", "3 bars are missing"]]
    notes = sections["checks"].parts[1]
    assert [f"Note: {remark}." for remark in told.remarks] == list(notes.lines)
    inputs = dict(texts(sections["inputs-section"].parts[0]))
    assert inputs["parameters.hold"] == "7"
    assert inputs["settings.assumptions.cash"] == "100000"


def test_what_has_no_price_any_more_says_so_and_keeps_its_trades(told):
    bare = replace(told, prices=(), missing=("No price of SYN.TEST: it is gone.",))
    (section,) = [each for each in run_sections(bare) if each.key == "trades-section"]
    assert section.parts[0].lines == bare.missing
    assert isinstance(section.parts[1], Table)


def test_runs_side_by_side_show_both_and_what_differs(both):
    names = ["one", "two"]
    section = comparison(both, names)
    chart = section.parts[0]
    assert isinstance(chart, Chart)
    for line, run in zip(chart.lines, both, strict=True):
        assert line.values[-1] == pytest.approx(run.record.metrics.values["total_return"])
    tables = {part.key: part for part in section.parts[1:]}
    rows = {row[0]: row[1:] for row in texts(tables["compared-metrics"])}
    for name, metric in METRICS.items():
        assert rows[metric.label] == [run.record.metrics.text(name) for run in both]
    assert ["parameters.hold", "7", "11"] in texts(tables["compared-inputs"])
