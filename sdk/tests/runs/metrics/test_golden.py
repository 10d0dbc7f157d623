"""Published statistics of real series, from prices to the printed digits."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.runs.metrics import Sample, compute_metrics, moments

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Prices = tuple[np.ndarray, dict[str, np.ndarray]]


@pytest.fixture
def read(shared_data: Path) -> Callable[..., Prices]:
    def prices(relative: str, *columns: str, form: str = "%Y-%m-%d") -> Prices:
        path = shared_data / relative
        if not path.is_file():
            pytest.skip(f"shared data is absent: {relative}")
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt") as file:
            table = list(csv.DictReader(file))
        days = [_close_of(dt.datetime.strptime(row["Date"], form)) for row in table]  # noqa: DTZ007
        order = np.argsort(days)
        return np.array(days)[order], {
            name: np.array([float(row[name]) for row in table])[order] for name in columns
        }

    return prices


def _close_of(day: dt.datetime) -> int:
    return int(day.replace(hour=21, tzinfo=dt.UTC).timestamp()) * 10**9


def test_three_stocks_have_the_growth_and_drawdown_that_ffn_publishes(
    read: Callable[..., Prices],
) -> None:
    time, prices = read("golden/metrics/ffn/test_data.csv", "AAPL", "MSFT", "C", form="%m/%d/%Y")
    expected = {"AAPL": (0.440, 0.086), "MSFT": (0.041, 0.048), "C": (-0.205, 0.033)}
    for name, (growth, early_drawdown) in expected.items():
        price = prices[name]
        whole = compute_metrics(Sample(time=time, equity=price, initial_equity=price[0]))
        early = compute_metrics(Sample(time=time[:10], equity=price[:10], initial_equity=price[0]))
        assert whole.values["cagr"] == pytest.approx(growth, abs=6e-4)
        assert early.values["max_drawdown"] == pytest.approx(early_drawdown, abs=6e-4)
        assert whole.conventions["periods_per_year"] == 252


def test_buy_and_hold_of_ige_has_the_sharpe_ratio_of_the_book(
    read: Callable[..., Prices],
) -> None:
    time, prices = read("golden/backtests/pyalgotrade/sharpe-ratio-test-ige.csv", "Adj Close")
    price = prices["Adj Close"]
    held = Sample(time=time, equity=price, initial_equity=price[0], risk_free=0.04)
    assert compute_metrics(held).values["sharpe_ratio"] == pytest.approx(0.7889, abs=5e-5)
    assert held.period_sharpe == pytest.approx(0.0497, abs=5e-5)
    # A fixed commission of 0.5 on the way in and on the way out.
    paid = price.copy()
    paid[-1] -= 0.5
    costly = Sample(time=time, equity=paid, initial_equity=42.59, risk_free=0.04)
    assert compute_metrics(costly).values["sharpe_ratio"] == pytest.approx(0.776443, abs=5e-6)


def test_the_index_lost_what_the_public_record_says(read: Callable[..., Prices]) -> None:
    time, prices = read("equities/arch_data/sp500.csv.gz", "Close", form="%m/%d/%Y")
    close = prices["Close"]
    sample = Sample(time=time, equity=close, initial_equity=close[0])
    report = compute_metrics(sample)
    assert report.values["max_drawdown"] == pytest.approx(0.567754, abs=1e-6)
    assert report.values["worst_day"] == pytest.approx(-0.09035, abs=5e-6)
    returns = sample.returns[1:]
    for confidence, loss, beyond in ((0.95, 1.8643, 2.8609), (0.99, 3.3059, 4.6887)):
        assert 100 * moments.value_at_risk(returns, confidence) == pytest.approx(loss, abs=5e-5)
        assert 100 * moments.expected_shortfall(returns, confidence) == pytest.approx(
            beyond, abs=5e-5
        )


def test_the_oracle_crossover_has_the_statistics_of_its_analyzers(
    read: Callable[..., Prices],
) -> None:
    time, prices = read(
        "golden/backtests/pyalgotrade/orcl-2000-yahoofinance.csv", "Open", "Close", "Adj Close"
    )
    adjusted = prices["Adj Close"]
    opens = prices["Open"] * adjusted / prices["Close"]
    equity, profits = _sma_crossover(opens, adjusted, 20, 1_000_000.0)
    report = compute_metrics(
        Sample(time=time, equity=equity, initial_equity=1_000_000.0, risk_free=0.05)
    )
    assert equity[-1] == pytest.approx(1295462.60, abs=0.005)
    assert 100 * report.values["total_return"] == pytest.approx(29.55, abs=0.005)
    assert report.values["sharpe_ratio"] == pytest.approx(0.6952, abs=5e-5)
    assert 100 * report.values["max_drawdown"] == pytest.approx(24.577, abs=5e-4)
    assert report.values["longest_drawdown"] == 277
    assert len(profits) == 13
    assert moments.mean(profits) == pytest.approx(14391, abs=0.5)
    assert moments.mean(profits[profits < 0]) == pytest.approx(-40383, abs=0.5)


def _sma_crossover(
    opens: np.ndarray, closes: np.ndarray, length: int, cash: float
) -> tuple[np.ndarray, np.ndarray]:
    """The case's rules in plain Python: the metrics, not the engine, are under test here."""
    shares, wanted, paid = 0, None, 0.0
    equity, profits = [], []
    average = np.convolve(closes, np.ones(length) / length, "valid")
    for bar, close in enumerate(closes):
        if wanted is not None:
            if wanted == 0:
                profits.append(shares * opens[bar] - paid)
            paid = wanted * opens[bar]
            cash -= (wanted - shares) * opens[bar]
            shares, wanted = wanted, None
        equity.append(cash + shares * close)
        now = bar - length + 1
        if now < 1:
            continue
        before, after = closes[bar - 1] - average[now - 1], close - average[now]
        if shares == 0 and before <= 0 < after:
            wanted = int(0.9 * cash / close)
        elif shares and before >= 0 > after:
            wanted = 0
    return np.array(equity), np.array(profits)
