"""How a run went: equity, drawdown, rolling metrics, months and exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.report.axes import written
from tradectl_sdk.report.contents import Cell, Chart, Line, Section, Table, Words
from tradectl_sdk.report.curves import drawdown, monthly_returns, rolling

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.moments import Floats
    from tradectl_sdk.runs.record import RunRecord

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STRENGTHS = (0.0, 0.01, 0.03, 0.06)  # monthly return from which on a cell is coloured stronger


def equity(record: RunRecord) -> Section:
    """Equity and the way below its peaks."""
    initial = record.initial_equity / MONEY_UNITS
    value = record.metrics.text
    equity = Chart(
        key="equity",
        title="Equity",
        summary=f"From {initial:,.0f} to {float(record.equity[-1]):,.0f} {record.currency}, "
        f"a return of {value('total_return')}.",
        lines=(Line(name="equity", time=record.time, values=record.equity),),
        unit=record.currency,
    )
    fallen = Chart(
        key="drawdown",
        title="Drawdown",
        summary=f"The deepest was {value('max_drawdown')}, "
        f"which took {value('max_drawdown_duration')}.",
        lines=(
            Line(
                name="drawdown",
                time=record.time,
                values=drawdown(record.equity, initial),
                filled=True,
            ),
        ),
        unit="percent",
    )
    return Section(key="equity-section", title="Equity and drawdown", parts=(equity, fallen))


def rolling_metrics(record: RunRecord) -> Section:
    """Metrics over a window that moves along."""
    found = rolling(record)
    title = "Rolling metrics"
    if found is None:
        words = "The run is too short for rolling metrics, or its equity was not positive."
        return Section(key="rolling", title=title, parts=(Words((words,)),))
    span = f"annualised, over the last {found.window} daily returns"
    charts = (
        ("rolling-sharpe", "Rolling Sharpe", found.sharpe, ""),
        ("rolling-volatility", "Rolling volatility", found.volatility, "percent"),
    )
    return Section(
        key="rolling",
        title=title,
        parts=tuple(
            Chart(
                key=key,
                title=f"{name}, {span}",
                summary=_between(values, unit),
                lines=(Line(name=name.lower(), time=found.time, values=values),),
                unit=unit,
            )
            for key, name, values, unit in charts
        ),
    )


def monthly(record: RunRecord) -> Section:
    """Returns by month and year."""
    rows = []
    for year, months in monthly_returns(record).items():
        whole = float(np.prod([1 + value for value in months.values()])) - 1
        rows.append(
            (
                str(year),
                *(_share(months[month]) if month in months else "" for month in range(1, 13)),
                _share(whole),
            )
        )
    table = Table(
        key="monthly",
        caption="Monthly returns in percent; the first and the last month as far as they go",
        head=("Year", *_MONTHS, "Year's return"),
        rows=tuple(rows),
    )
    return Section(key="monthly-section", title="Monthly returns", parts=(table,))


def exposure(record: RunRecord) -> Section:
    """How much of the equity was in the market."""
    title = "Exposure"
    if record.exposure is None:
        words = Words(("The exposure of this run was not kept.",))
        return Section(key="exposure-section", title=title, parts=(words,))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(record.equity > 0, record.exposure / record.equity, np.nan)
    chart = Chart(
        key="exposure",
        title="Value of all positions over equity",
        summary=f"In the market for {record.metrics.text('exposure_time')} of the time.",
        lines=(Line(name="exposure", time=record.time, values=share, filled=True),),
        unit="percent",
    )
    return Section(key="exposure-section", title=title, parts=(chart,))


def _between(values: Floats, unit: str) -> str:

    seen = values[np.isfinite(values)]
    if not seen.size:
        return "Nothing moved."
    return f"Between {written(float(seen.min()), unit)} and {written(float(seen.max()), unit)}."


def _share(value: float) -> Cell:
    if not np.isfinite(value):
        return Cell("-", title="equity was not positive")
    strength = sum(abs(value) > limit for limit in _STRENGTHS)
    tone = f"{'gain' if value > 0 else 'loss'}-{strength}" if strength else ""
    return Cell(f"{value * 100:.1f}".replace("-0.0", "0.0"), tone)
