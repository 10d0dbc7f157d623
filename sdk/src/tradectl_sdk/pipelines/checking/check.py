"""Try a strategy before it is believed.

::

    from tradectl_sdk import check_strategy

    checked = check_strategy("sma-cross", "SPX.SAMPLE")
    for check in checked.checks:
        print(check.name, check.status, check.text)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.errors import UsageError, did_you_mean
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.checking.costs import costs, latency
from tradectl_sdk.pipelines.checking.cutting import Subject
from tradectl_sdk.pipelines.checking.determinism import determinism
from tradectl_sdk.pipelines.checking.fills import (
    enough_trades,
    fill_timing,
    fill_volume,
    target_and_stop,
)
from tradectl_sdk.pipelines.checking.look_ahead import look_ahead
from tradectl_sdk.pipelines.checking.remaking import prepared_columns
from tradectl_sdk.pipelines.checking.warm_up import warm_up
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.prepared import make_signals
from tradectl_sdk.pipelines.series import Window, load_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.data import Bars
    from tradectl_sdk.pipelines.checks import Check
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.prepared import Signals
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy

BARS = 5_000  # gone through bar by bar unless asked otherwise

# By the names they are reported under, in the order of the report.
CHECKS: Mapping[str, Callable[[Subject], Check]] = {
    "determinism": determinism,
    "look-ahead": look_ahead,
    "prepared columns": prepared_columns,
    "warm-up": warm_up,
    "fill timing": fill_timing,
    "fill volume": fill_volume,
    "target and stop": target_and_stop,
    "enough trades": enough_trades,
    "costs": costs,
    "latency": latency,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StrategyCheck:
    """A strategy that was tried.

    Attributes:
        job: What was run.
        bars: Bars that drove it.
        watched: How many of the first instants were gone through one by one.
        mode: ``compiled`` or ``interpreted``.
        checks: What was looked at, in the order of :data:`CHECKS`.
    """

    job: Job
    bars: int
    watched: int
    mode: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed; warnings are for people to weigh."""
        return all(check.status != "fail" for check in self.checks)

    def __repr__(self) -> str:
        """One line for each check, for a notebook."""
        return "\n".join(f"{one.name}: {one.status}, {one.text}" for one in self.checks)


@checked
def check_strategy(
    strategy: str | type[Strategy],
    data: str | Bars | Sequence[str | Bars],
    *,
    parameters: Mapping[str, object] | None = None,
    timeframe: str = "1d",
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    signals: Mapping[str, Signals] | None = None,
    models: Mapping[str, MadeBy] | None = None,
    warmup: int = 0,
    mode: str = "auto",
    bars: int = BARS,
    seed: int = 0,
    only: Sequence[str] = (),
    plugins: Plugins | None = None,
    notify: Callable[[str], None] | None = None,
    progress: Callable[[str], None] | None = None,
) -> StrategyCheck:
    """Try a strategy: look-ahead, warm-up, determinism, fills, costs.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        data: One series or several, by name (``SPX.SAMPLE``) or as bars.
        parameters: Values for the strategy's declared parameters, typed or as text.
        timeframe: Of the bars that drive the strategy, where they are given by name.
        start: Earliest open time, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        settings: Everything that is assumed; the defaults unless given.
        signals: Prepared columns by name. Give the function that makes them of bars, so that
            they can be made again.
        models: What makes further signals, by name, as for a backtest.
        warmup: Bars before orders are accepted, if more than the strategy asks for.
        mode: ``auto``, ``compiled`` or ``interpreted``; what is gone through bar by bar is
            interpreted in any case.
        bars: How many of the first instants are gone through one by one; results as a whole are
            of all bars.
        seed: Of the places where data are cut.
        only: Names of checks to make; all of them unless given.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.
        progress: Told the name of each check before it is made.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If a parameter is unknown or out of bounds, or there is no such check.
        DataMissingError: If there is no such data.
        StrategyError: If the strategy raises.
    """
    _check_names(only)
    settings = settings or Settings()
    root, window = settings.data.catalog, Window(start, end)
    found = find_strategy(strategy, plugins)
    series = load_all(data, timeframe, window, root, plugins)
    made, makers = make_signals(signals or {}, series)
    job = prepare(
        found, parameters or {}, series, settings,
        signals=made, models=models, warmup=warmup, trials=1, plugins=plugins,
    ).with_forecasts()  # fmt: skip
    outcome = run(job.plan, Mode(mode), notify=notify)
    subject = Subject(
        job=job, outcome=outcome, reference=strategy, settings=settings, makers=makers,
        bars=bars, seed=seed,
    )  # fmt: skip
    checks = []
    for name in only or CHECKS:
        if progress is not None:
            progress(name)
        checks.append(CHECKS[name](subject))
    return StrategyCheck(
        job=job,
        bars=sum(len(one.bars) for one in series),
        watched=len(subject.times),
        mode=outcome.mode,
        checks=tuple(checks),
    )


def _check_names(only: Sequence[str]) -> None:
    unknown = next((name for name in only if name not in CHECKS), None)
    if unknown is not None:
        raise UsageError(
            f"there is no check {unknown!r}; there is {', '.join(CHECKS)}",
            hint=did_you_mean(unknown, CHECKS) or "leave the names out to make all checks",
        )
