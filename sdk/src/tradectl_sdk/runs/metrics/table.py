"""The metrics, one row each: the report, the documentation and the JSON all follow this table.

To add a metric, write one pure function and one row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.errors import UsageError, did_you_mean
from tradectl_sdk.evidence import sharpe as significance
from tradectl_sdk.runs.metrics import growth, moments, ratios, relative, trading
from tradectl_sdk.runs.metrics.definition import Group, Kind, Metric, Need
from tradectl_sdk.runs.metrics.drawdown import NANOSECONDS_PER_DAY
from tradectl_sdk.runs.metrics.pieces import sums

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.runs.metrics.moments import Floats
    from tradectl_sdk.runs.metrics.sample import Sample

_SHORT = "fewer than two daily returns, no variation, or equity that was not positive"
_NO_RETURNS = "equity that was not positive"
_NO_YEARS = "no time passed, or more than everything was lost"
_NO_BENCHMARK_MOVES = "fewer than two periods, or a benchmark that does not move"
_NONE_CLOSED = "no trade was closed"


def _sharpe_interval(sample: Sample) -> tuple[float, float]:
    error = _sharpe_error(sample)
    return significance.confidence_interval(_sharpe(sample), error)


def _sharpe(s: Sample) -> float:
    return s.period_sharpe * math.sqrt(s.periods)


def _sharpe_error(s: Sample) -> float:
    error = significance.sharpe_standard_error(
        s.period_sharpe, s.returns.size, s.skewness, s.kurtosis
    )
    return error * math.sqrt(s.periods)


def _deflated(s: Sample) -> float:
    return significance.deflated_sharpe(
        s.period_sharpe, s.returns.size, s.trials, skew=s.skewness, kurt=s.kurtosis
    )


def _minimum_track_record(s: Sample) -> float:
    periods = significance.minimum_track_record(s.period_sharpe, skew=s.skewness, kurt=s.kurtosis)
    return periods / s.periods * 365.25


def _pair(s: Sample) -> tuple[Floats, Floats]:
    pair = s.paired_returns
    return pair if pair is not None else (s.returns[:0], s.returns[:0])


def _benchmark_return(s: Sample) -> float:
    if s.benchmark is None:
        return math.nan
    first, last = s.benchmark[np.array([0, -1])]
    return float(last / first) - 1.0 if first > 0 else math.nan


def _mean_holding(s: Sample) -> float:
    if s.trades is None or not s.trades.holding.size:
        return math.nan
    return float(s.trades.holding.mean()) / NANOSECONDS_PER_DAY


def _exposure_time(s: Sample) -> float:
    return math.nan if s.exposure is None else float(np.count_nonzero(s.exposure)) / s.exposure.size


def _average_leverage(s: Sample) -> float:
    if s.exposure is None or not float(s.equity.min()) > 0:
        return math.nan
    exposure, equity = s.exposure, s.equity
    return float(sums(equity.size, lambda part: (exposure[part] / equity[part],))[0] / equity.size)


def _turnover(s: Sample) -> float:
    value = math.nan if s.traded_value is None else s.traded_value
    return moments.ratio(value, float(s.equity.mean()) * s.years)


def _given(value: float | None) -> float:
    return math.nan if value is None else value


# fmt: off
_P, _R, _M, _C, _D, _B = (
    Kind.PERCENT, Kind.RATIO, Kind.MONEY, Kind.COUNT, Kind.DAYS, Kind.PROBABILITY
)
_ROWS = (
    # --- return
    Metric("total_return", "Return", _P, Group.RETURN, lambda s: s.total_return,
           "Final equity over initial equity, less one."),
    Metric("net_profit", "Net profit", _M, Group.RETURN, lambda s: s.net_profit,
           "Final less initial equity, after all costs."),
    Metric("cagr", "CAGR", _P, Group.RETURN, lambda s: s.annual_return,
           "Constant yearly growth over the calendar length (365.25 days a year).", _NO_YEARS),
    Metric("best_day", "Best day", _P, Group.RETURN, lambda s: growth.best(s.returns),
           "Largest daily return.", _NO_RETURNS),
    Metric("worst_day", "Worst day", _P, Group.RETURN, lambda s: growth.worst(s.returns),
           "Smallest daily return.", _NO_RETURNS),
    Metric("best_month", "Best month", _P, Group.RETURN, lambda s: growth.best(s.monthly_returns),
           "Largest return of a calendar month, partial first and last months included.",
           _NO_RETURNS),
    Metric("worst_month", "Worst month", _P, Group.RETURN,
           lambda s: growth.worst(s.monthly_returns),
           "Smallest return of a calendar month, partial first and last months included.",
           _NO_RETURNS),
    Metric("positive_days", "Positive days", _P, Group.RETURN,
           lambda s: growth.share_positive(s.returns),
           "Share of the daily returns above zero.", _NO_RETURNS),
    Metric("positive_months", "Positive months", _P, Group.RETURN,
           lambda s: growth.share_positive(s.monthly_returns),
           "Share of the calendar months with a return above zero.", _NO_RETURNS),
    # --- risk
    Metric("annual_volatility", "Volatility (ann.)", _P, Group.RISK,
           lambda s: growth.annual_volatility(s.returns, s.periods),
           "Standard deviation (ddof 1) of daily returns times the root of the periods a year.",
           _SHORT),
    Metric("downside_deviation", "Downside deviation (ann.)", _P, Group.RISK,
           lambda s: growth.downside_deviation(s.returns, s.periods, s.period_risk_free),
           "Root mean square shortfall below the risk-free rate over all periods, annualised.",
           _SHORT),
    Metric("value_at_risk_95", "VaR 95 % (day)", _P, Group.RISK,
           lambda s: moments.value_at_risk(s.returns),
           "Historical daily loss exceeded on one day in twenty; a loss is positive.",
           _NO_RETURNS),
    Metric("expected_shortfall_95", "CVaR 95 % (day)", _P, Group.RISK,
           lambda s: moments.expected_shortfall(s.returns),
           "Mean daily loss on the days at or beyond the value at risk; a loss is positive.",
           _NO_RETURNS),
    Metric("skewness", "Skewness", _R, Group.RISK, lambda s: s.skewness,
           "Third standardised moment of daily returns (population form).", _SHORT),
    Metric("excess_kurtosis", "Excess kurtosis", _R, Group.RISK, lambda s: s.kurtosis - 3.0,
           "Fourth standardised moment of daily returns (population form) less 3.", _SHORT),
    Metric("tail_ratio", "Tail ratio", _R, Group.RISK, lambda s: moments.tail_ratio(s.returns),
           "Size of the 95th percentile of daily returns over the size of the 5th.",
           "a 5th percentile of zero, or equity that was not positive"),
    Metric("autocorrelation", "Autocorrelation (lag 1)", _R, Group.RISK,
           lambda s: moments.autocorrelation(s.returns),
           "Correlation of daily returns with the day before's; far from 0, distrust ratios.",
           _SHORT),
    # --- drawdown
    Metric("max_drawdown", "Max drawdown", _P, Group.DRAWDOWN, lambda s: s.drawdowns.max_drawdown,
           "Largest fraction lost from a peak, at the curve's full resolution; positive."),
    Metric("max_drawdown_duration", "Max drawdown duration", _D, Group.DRAWDOWN,
           lambda s: s.drawdowns.max_drawdown_duration,
           "Days from the peak before the deepest drawdown to its recovery, or to the end.",
           "there was no drawdown"),
    Metric("max_drawdown_recovery", "Max drawdown recovery", _D, Group.DRAWDOWN,
           lambda s: s.drawdowns.max_drawdown_recovery,
           "Days from the bottom of the deepest drawdown to its recovery.",
           "there was no drawdown, or it had not recovered at the end"),
    Metric("longest_drawdown", "Longest drawdown", _D, Group.DRAWDOWN,
           lambda s: s.drawdowns.longest,
           "Days from peak to recovery, or to the end, of the longest drawdown."),
    Metric("average_drawdown", "Average drawdown", _P, Group.DRAWDOWN,
           lambda s: s.drawdowns.average_drawdown,
           "Mean of the drawdowns' depths, one for each episode.", "there was no drawdown"),
    Metric("ulcer_index", "Ulcer index", _P, Group.DRAWDOWN, lambda s: s.drawdowns.ulcer_index,
           "Root mean square drawdown over all instants (Martin and McCann)."),
    Metric("pain_index", "Pain index", _P, Group.DRAWDOWN, lambda s: s.drawdowns.pain_index,
           "Mean drawdown over all instants."),
    Metric("time_under_water", "Time under water", _P, Group.DRAWDOWN,
           lambda s: s.drawdowns.time_under_water,
           "Share of the time between a peak and its recovery.", "no time passed"),
    Metric("recovery_factor", "Recovery factor", _R, Group.DRAWDOWN,
           lambda s: moments.ratio(s.total_return, s.drawdowns.max_drawdown),
           "Total return over maximum drawdown.", "there was no drawdown"),
    # --- return per risk
    Metric("sharpe_ratio", "Sharpe", _R, Group.REWARD, _sharpe,
           "Mean excess daily return over its standard deviation (ddof 1), annualised.", _SHORT),
    Metric("sortino_ratio", "Sortino", _R, Group.REWARD,
           lambda s: ratios.sortino_ratio(s.returns, s.periods, s.period_risk_free),
           "Annualised mean excess daily return over downside deviation.",
           "fewer than two daily returns, none below the risk-free rate, or equity that was "
           "not positive"),
    Metric("calmar_ratio", "Calmar", _R, Group.REWARD,
           lambda s: ratios.calmar_ratio(s.annual_return, s.drawdowns.max_drawdown),
           "CAGR over maximum drawdown, both over the whole run.",
           "there was no drawdown, or CAGR is undefined"),
    Metric("omega_ratio", "Omega", _R, Group.REWARD,
           lambda s: ratios.omega_ratio(s.returns, s.period_risk_free),
           "Sum of daily gains above the risk-free rate over the sum of losses below it.",
           "no daily return below the risk-free rate, or equity that was not positive"),
    Metric("martin_ratio", "Martin (UPI)", _R, Group.REWARD,
           lambda s: ratios.martin_ratio(s.annual_return, s.risk_free, s.drawdowns.ulcer_index),
           "CAGR above the risk-free rate over the ulcer index.",
           "there was no drawdown, or CAGR is undefined"),
    Metric("pain_ratio", "Pain ratio", _R, Group.REWARD,
           lambda s: ratios.pain_ratio(s.annual_return, s.risk_free, s.drawdowns.pain_index),
           "CAGR above the risk-free rate over the pain index.",
           "there was no drawdown, or CAGR is undefined"),
    Metric("stability", "Stability (R2)", _R, Group.REWARD,
           lambda s: moments.stability(s.returns),
           "R squared of a straight line through the cumulative log returns.",
           "fewer than three daily returns, a flat curve, or equity that was not positive"),
    # --- evidence
    Metric("sharpe_standard_error", "Sharpe standard error", _R, Group.EVIDENCE, _sharpe_error,
           "Standard error of the Sharpe ratio (Mertens 2002), annualised.", _SHORT),
    Metric("sharpe_low", "Sharpe, low end of 95 %", _R, Group.EVIDENCE,
           lambda s: _sharpe_interval(s)[0],
           "Low end of the 95 % confidence interval of the Sharpe ratio.", _SHORT),
    Metric("sharpe_high", "Sharpe, high end of 95 %", _R, Group.EVIDENCE,
           lambda s: _sharpe_interval(s)[1],
           "High end of the 95 % confidence interval of the Sharpe ratio.", _SHORT),
    Metric("probabilistic_sharpe", "P(Sharpe > 0)", _B, Group.EVIDENCE,
           lambda s: significance.probabilistic_sharpe(
               s.period_sharpe, 0.0, s.returns.size, s.skewness, s.kurtosis),
           "Probability that the true Sharpe ratio is above 0 (Bailey, Lopez de Prado 2012).",
           _SHORT),
    Metric("deflated_sharpe", "Deflated Sharpe", _B, Group.EVIDENCE, _deflated,
           "The same above what the best of all trials would show by luck (2014).", _SHORT),
    Metric("minimum_track_record", "Minimum track record", _D, Group.EVIDENCE,
           _minimum_track_record,
           "Days of such returns needed to be 95 % sure of a Sharpe ratio above 0.",
           "the Sharpe ratio is not above 0, or undefined"),
    # --- against the benchmark
    Metric("benchmark_return", "Buy and hold", _P, Group.BENCHMARK, _benchmark_return,
           "Return of the benchmark from the first to the last instant.",
           "a first price that is not positive", Need.BENCHMARK),
    Metric("alpha", "Alpha (ann.)", _P, Group.BENCHMARK,
           lambda s: relative.alpha(*_pair(s), s.periods, s.period_risk_free),
           "Jensen's alpha of daily returns times the periods in a year.",
           _NO_BENCHMARK_MOVES, Need.BENCHMARK),
    Metric("beta", "Beta", _R, Group.BENCHMARK, lambda s: relative.beta(*_pair(s)),
           "Covariance of daily returns with the benchmark's over its variance.",
           _NO_BENCHMARK_MOVES, Need.BENCHMARK),
    Metric("correlation", "Correlation", _R, Group.BENCHMARK,
           lambda s: relative.correlation(*_pair(s)),
           "Pearson's correlation of daily returns with the benchmark's.",
           _NO_BENCHMARK_MOVES, Need.BENCHMARK),
    Metric("tracking_error", "Tracking error (ann.)", _P, Group.BENCHMARK,
           lambda s: relative.tracking_error(*_pair(s), s.periods),
           "Standard deviation (ddof 1) of daily returns less the benchmark's, annualised.",
           "fewer than two periods", Need.BENCHMARK),
    Metric("information_ratio", "Information ratio", _R, Group.BENCHMARK,
           lambda s: relative.information_ratio(*_pair(s), s.periods),
           "Annualised mean return above the benchmark over the tracking error.",
           "fewer than two periods, or returns equal to the benchmark's", Need.BENCHMARK),
    Metric("treynor_ratio", "Treynor", _R, Group.BENCHMARK,
           lambda s: relative.treynor_ratio(*_pair(s), s.periods, s.period_risk_free),
           "Annualised mean excess return over beta.",
           "a beta of zero, or undefined", Need.BENCHMARK),
    Metric("up_capture", "Up capture", _P, Group.BENCHMARK,
           lambda s: relative.capture_ratio(*_pair(s), up=True),
           "Geometric mean daily return over the benchmark's on days when that rose.",
           "the benchmark never rose", Need.BENCHMARK),
    Metric("down_capture", "Down capture", _P, Group.BENCHMARK,
           lambda s: relative.capture_ratio(*_pair(s), up=False),
           "Geometric mean daily return over the benchmark's on days when that fell.",
           "the benchmark never fell", Need.BENCHMARK),
    # --- trades
    Metric("trades", "Trades", _C, Group.TRADES, lambda s: float(s.profits.size),
           "Closed trades.", need=Need.TRADES),
    Metric("open_trades", "Open at the end", _C, Group.TRADES,
           lambda s: float(s.trades.still_open) if s.trades else math.nan,
           "Trades cut short by the end of the run; in no other trade statistic.",
           need=Need.TRADES),
    Metric("win_rate", "Win rate", _P, Group.TRADES, lambda s: trading.win_rate(s.profits),
           "Share of closed trades with a net profit.", _NONE_CLOSED, Need.TRADES),
    Metric("profit_factor", "Profit factor", _R, Group.TRADES,
           lambda s: trading.profit_factor(s.profits),
           "Sum of net profits over sum of net losses.", "no trade was lost", Need.TRADES),
    Metric("expectancy", "Expectancy", _M, Group.TRADES, lambda s: moments.mean(s.profits),
           "Mean net profit of a closed trade.", _NONE_CLOSED, Need.TRADES),
    Metric("average_win", "Average win", _M, Group.TRADES,
           lambda s: trading.average_win(s.profits),
           "Mean net profit of the trades won.", "no trade was won", Need.TRADES),
    Metric("average_loss", "Average loss", _M, Group.TRADES,
           lambda s: trading.average_loss(s.profits),
           "Mean net result of the trades lost; negative.", "no trade was lost", Need.TRADES),
    Metric("payoff_ratio", "Payoff", _R, Group.TRADES,
           lambda s: trading.payoff_ratio(s.profits),
           "Average win over the size of the average loss.",
           "no trade was won, or none was lost", Need.TRADES),
    Metric("largest_win", "Largest win", _M, Group.TRADES,
           lambda s: trading.largest_win(s.profits),
           "Largest net profit of a trade.", "no trade was won", Need.TRADES),
    Metric("largest_loss", "Largest loss", _M, Group.TRADES,
           lambda s: trading.largest_loss(s.profits),
           "Largest net loss of a trade; negative.", "no trade was lost", Need.TRADES),
    Metric("consecutive_wins", "Consecutive wins", _C, Group.TRADES,
           lambda s: float(trading.longest_streak(s.profits > 0)),
           "Most trades won in a row.", need=Need.TRADES),
    Metric("consecutive_losses", "Consecutive losses", _C, Group.TRADES,
           lambda s: float(trading.longest_streak(s.profits < 0)),
           "Most trades lost in a row.", need=Need.TRADES),
    Metric("average_holding", "Average holding", _D, Group.TRADES, _mean_holding,
           "Mean days from the first fill of a closed trade to its last.",
           _NONE_CLOSED, Need.TRADES),
    Metric("sqn", "SQN", _R, Group.TRADES, lambda s: trading.system_quality_number(s.profits),
           "Root of the number of trades times mean over standard deviation of net profit.",
           "fewer than two closed trades, or all alike", Need.TRADES),
    Metric("kelly_fraction", "Kelly", _P, Group.TRADES,
           lambda s: trading.kelly_fraction(s.profits),
           "Win rate less loss rate over payoff: the stake that Kelly's formula asks for.",
           "no trade was won, or none was lost", Need.TRADES),
    # --- activity and costs
    Metric("exposure_time", "Time in market", _P, Group.ACTIVITY, _exposure_time,
           "Share of the instants with an open position.", need=Need.EXPOSURE),
    Metric("average_leverage", "Average leverage", _R, Group.ACTIVITY, _average_leverage,
           "Mean gross value of the positions over equity.", _NO_RETURNS, Need.EXPOSURE),
    Metric("turnover", "Turnover (ann.)", _R, Group.ACTIVITY, _turnover,
           "Value bought and sold over mean equity and years.",
           "no time passed", Need.TRADED_VALUE),
    Metric("fees", "Fees", _M, Group.ACTIVITY, lambda s: _given(s.fees),
           "Fees paid less rebates.", need=Need.FEES),
    Metric("slippage", "Slippage", _M, Group.ACTIVITY, lambda s: _given(s.slippage),
           "What fills cost beyond their reference prices.", need=Need.SLIPPAGE),
)
# fmt: on

METRICS: dict[str, Metric] = {row.name: row for row in _ROWS}


def require_metrics(names: Iterable[str]) -> None:
    """Refuse names that are none of a metric.

    Raises:
        UsageError: With the first of them.
    """
    unknown = next((name for name in names if name not in METRICS), None)
    if unknown is not None:
        raise UsageError(
            f"{unknown} is not a metric",
            hint=did_you_mean(unknown, METRICS) or "the reference of metrics lists them",
        )
