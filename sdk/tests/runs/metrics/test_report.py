from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.runs.metrics import METRICS, ClosedTrades, Kind, Need, Sample, compute_metrics
from tradectl_sdk.runs.metrics.drawdown import NANOSECONDS_PER_DAY

DAY = NANOSECONDS_PER_DAY


def sample(*levels: float, **more: object) -> Sample:
    time = (20_000 + np.arange(1, len(levels) + 1)) * DAY
    given = {"time": time, "equity": np.array(levels, dtype=np.float64), "initial_equity": 100.0}
    return Sample(**(given | more))


def full_sample() -> Sample:
    rng = np.random.default_rng(3)
    moves = rng.normal(0.001, 0.01, (2, 500))
    equity, benchmark = 100 * np.exp(np.cumsum(moves, axis=1))
    return sample(
        *equity,
        benchmark=benchmark,
        exposure=np.where(np.arange(500) % 2, 50.0, 0.0),
        trades=ClosedTrades(
            profits=np.array([5.0, -2.0, 3.0, 0.0, -1.0, -1.0]), holding=np.full(6, DAY)
        ),
        fees=1.0,
        slippage=0.5,
        traded_value=1000.0,
    )


def test_every_metric_is_defined_for_an_ordinary_run() -> None:
    report = compute_metrics(full_sample())
    assert set(report.undefined) <= {"max_drawdown_recovery"}
    assert list(report.values) == list(METRICS)
    assert len(METRICS) >= 40


@pytest.mark.parametrize(
    "poor",
    [
        sample(100.0),
        sample(100.0, 100.0, 100.0),
        sample(100.0, -5.0, 10.0),
        sample(100.0, 0.0, 0.0),
        sample(*np.linspace(100, 200, 30)),
        sample(100.0, 101.0, trades=ClosedTrades(profits=np.empty(0), holding=np.empty(0, int))),
    ],
    ids=["one point", "flat", "debt", "ruin", "never falls", "no trades"],
)
def test_what_is_undefined_says_why_and_is_never_zero_in_silence(poor: Sample) -> None:
    report = compute_metrics(poor)
    missing = {name for name, value in report.values.items() if value is None}
    assert missing == set(report.undefined)
    assert all(reason and reason != "never" for reason in report.undefined.values())
    assert all(math.isfinite(value) for value in report.values.values() if value is not None)


def test_a_flat_curve_has_no_sharpe_ratio() -> None:
    report = compute_metrics(sample(100.0, 100.0, 100.0))
    assert report.values["sharpe_ratio"] is None
    assert "variation" in report.undefined["sharpe_ratio"]
    assert report.text("sharpe_ratio") == "-"


def test_what_was_not_given_is_named() -> None:
    report = compute_metrics(sample(100.0, 101.0, 99.0))
    assert report.undefined["beta"] == "no benchmark was given"
    assert report.undefined["win_rate"] == "no trades were given"


def test_ratios_do_not_depend_on_the_bar_length() -> None:
    rng = np.random.default_rng(5)
    minutes = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, 30 * 24)))
    time = 20_000 * DAY + np.arange(1, minutes.size + 1) * (DAY // 24)
    hourly = Sample(time=time, equity=minutes, initial_equity=100.0)
    daily = Sample(time=time[23::24], equity=minutes[23::24], initial_equity=100.0)
    for name in ("sharpe_ratio", "sortino_ratio", "value_at_risk_95", "skewness", "stability"):
        assert METRICS[name].function(hourly) == METRICS[name].function(daily)
    assert hourly.drawdowns.max_drawdown >= daily.drawdowns.max_drawdown


def test_a_loss_in_the_first_period_counts_from_the_initial_equity() -> None:
    report = compute_metrics(sample(90.0, 95.0))
    assert report.values["max_drawdown"] == pytest.approx(0.1)
    assert report.values["worst_day"] == pytest.approx(-0.1)
    assert report.values["total_return"] == pytest.approx(-0.05)


def test_months_are_calendar_months() -> None:
    start = 19_723 * DAY  # 2024-01-01
    time = start + np.array([31, 59, 60, 91]) * DAY  # ends of January 31, February 28, 29, March
    months = Sample(time=time, equity=np.array([110.0, 5.0, 99.0, 99.0]), initial_equity=100.0)
    assert months.monthly_returns.tolist() == pytest.approx([0.1, -0.1, 0.0])


def test_trade_statistics_of_a_small_book() -> None:
    values = compute_metrics(full_sample()).values
    assert values["trades"] == 6
    assert values["win_rate"] == pytest.approx(2 / 6)
    assert values["profit_factor"] == 2
    assert values["payoff_ratio"] == 3
    assert values["expectancy"] == pytest.approx(4 / 6)
    assert (values["largest_win"], values["largest_loss"]) == (5, -2)
    assert (values["consecutive_wins"], values["consecutive_losses"]) == (1, 2)
    assert values["average_holding"] == 1
    assert values["kelly_fraction"] == pytest.approx(1 / 3 - (2 / 3) / 3)
    assert values["exposure_time"] == 0.5


def test_the_confidence_interval_surrounds_the_sharpe_ratio() -> None:
    values = compute_metrics(full_sample()).values
    low, middle, high = (values[f"sharpe_{name}"] for name in ("low", "ratio", "high"))
    assert low < middle < high
    assert high - low == pytest.approx(2 * 1.959964 * values["sharpe_standard_error"], rel=1e-6)


def test_trials_lower_the_deflated_sharpe_ratio_only() -> None:
    curve = np.linspace(100, 130, 300) + np.sin(np.arange(300))
    one, many = (compute_metrics(sample(*curve, trials=n)).values for n in (1, 500))
    assert one["deflated_sharpe"] == one["probabilistic_sharpe"] == many["probabilistic_sharpe"]
    assert many["deflated_sharpe"] < one["deflated_sharpe"]


def test_the_number_of_periods_can_be_set() -> None:
    report = compute_metrics(sample(100.0, 103.0, 101.0, periods_per_year=4.0))
    assert report.conventions["periods_per_year"] == 4
    assert report.conventions["periods_per_year_basis"] == "as set"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equity": np.array([1.0, np.nan, 2.0])}, "equity at row 1 was nan"),
        ({"equity": np.array([1.0, 2.0])}, "expected"),
        ({"time": np.array([2, 1, 3])}, "went back at row 1"),
        ({"time": np.empty(0, int), "equity": np.empty(0)}, "empty"),
        ({"initial_equity": 0.0}, "initial equity was 0.0"),
        ({"benchmark": np.array([1.0, np.inf, 1.0])}, "benchmark at row 1"),
    ],
)
def test_a_bad_curve_is_refused_with_the_place(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        sample(100.0, 100.0, 100.0, **change)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="periods per year"):
        sample(100.0, periods_per_year=-1.0)
    with pytest.raises(UsageError, match="trials"):
        sample(100.0, trials=0)


def test_every_row_can_be_documented() -> None:
    for name, row in METRICS.items():
        assert row.name == name
        assert row.definition.endswith(".")
        assert name.isidentifier()
        assert name == name.lower()
    assert len({row.label for row in METRICS.values()}) == len(METRICS)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Kind.PERCENT, 0.1234, "12.34 %"),
        (Kind.PERCENT, 15.4, "1,540.00 %"),
        (Kind.RATIO, -1.005, "-1.00"),
        (Kind.RATIO, -0.0021, "0.00"),
        (Kind.MONEY, 1234567.891, "1,234,567.89"),
        (Kind.COUNT, 3.0, "3"),
        (Kind.COUNT, 12345.0, "12,345"),
        (Kind.DAYS, 1.25, "1.2 d"),
        (Kind.DAYS, 5065.0, "5,065 d"),
        (Kind.PROBABILITY, 0.98765, "0.988"),
        (Kind.RATIO, None, "-"),
    ],
)
def test_values_are_written_by_kind(kind: Kind, value: float | None, text: str) -> None:
    assert kind.format(value) == text


def test_every_need_names_a_field_of_the_sample() -> None:
    for need in Need:
        assert need.met_by(full_sample())


def test_metrics_need_no_library_but_numpy() -> None:
    code = "import sys, tradectl_sdk.runs.metrics; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pandas", "scipy", "numba", "duckdb", "pydantic"} & set(loaded)
