"""The sweep: a strategy, data and a grid of parameters in, one table out.

::

    from tradectl_sdk import sweep

    result = sweep("sma-cross", "SPX.SAMPLE", {"fast": "5:50:5", "slow": [20, 50, 100]})
    best = result.table.ranked("sharpe_ratio")[0]
    print(result.table.row(best))
    print(result.evidence("sharpe_ratio").shape)

Each trial is the backtest with the same parameters, to the last byte. The best of many trials is
better than what it will be in future, however honest each of them is: ``evidence`` says how much.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.engine import Mode
from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.planning import parameter_values
from tradectl_sdk.pipelines.series import Window
from tradectl_sdk.pipelines.sweeps.describing import describe, sweep_identity
from tradectl_sdk.pipelines.sweeps.executors import LOCAL, find_executor
from tradectl_sdk.pipelines.sweeps.local import cores
from tradectl_sdk.pipelines.sweeps.placed import Asked, PlacedTrials
from tradectl_sdk.pipelines.sweeps.places import places_of
from tradectl_sdk.research import Axis, Constraint, Effort, Executor, Space, SweepTable, died
from tradectl_sdk.research.resuming import Unfinished
from tradectl_sdk.research.storing import StoredSweep, SweepStore
from tradectl_sdk.runs.metrics import require_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.data import Bars
    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.sweeps.trial import Trials
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research import Evidence
    from tradectl_sdk.research.table import Trial
    from tradectl_sdk.strategy import Strategy

DEFAULT_METRICS = (
    "total_return", "sharpe_ratio", "deflated_sharpe", "max_drawdown", "trades", "fees",
)  # fmt: skip
LIMIT = 10_000  # trials that run without being asked twice
MOST = 10_000_000  # trials there is memory for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepResult:
    """A finished sweep.

    Attributes:
        sweep: It as it is stored: identity, what it is about, the table.
        stored: Whether it was answered from the store instead of being run.
        bars: Bars of one trial, on average where places have different ones.
        seconds: Time the trials took, from the first to the last; 0 when answered from the store.
        workers: Processes that ran trials.
        deaths: Workers that died; their trials were tried again.
        why: Why trials were not compiled; empty if they were, or were not meant to be.
        resumed: Trials that an interrupted sweep of the same inputs had left, or one of which
            workers died.
    """

    sweep: StoredSweep
    stored: bool
    bars: int
    seconds: float
    workers: int
    deaths: int
    why: str
    resumed: int = 0

    @property
    def table(self) -> SweepTable:
        """The trials."""
        return self.sweep.table

    def evidence(self, metric: str) -> Evidence:
        """Say what speaks for the best trial by a metric, and what against it."""
        return self.sweep.evidence(metric)


@checked
def sweep(
    strategy: str | type[Strategy],
    data: str | Bars | Sequence[str | Bars],
    grid: Mapping[str, Sequence[object] | str] | Sequence[str] = (),
    *,
    each: bool = False,
    windows: int | Sequence[str] | None = None,
    parameters: Mapping[str, object] | None = None,
    where: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
    metrics: Sequence[str] = DEFAULT_METRICS,
    timeframe: str = "1d",
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    models: Mapping[str, MadeBy] | None = None,
    warmup: int = 0,
    mode: str = "auto",
    executor: str | Executor = LOCAL,
    workers: int | None = None,
    hashes: bool = False,
    limit: int | None = LIMIT,
    store: SweepStore | None = None,
    fresh: bool = False,
    plugins: Plugins | None = None,
    notify: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SweepResult:
    """Run a strategy with many parameter sets over the same bars, or in several places.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        data: One series or several in one account, by name or as bars.
        grid: Values by parameter, as such or as text (``5:50:5``, the last value included, or
            ``20,50,100``), or a sequence of texts such as ``fast=5:50:5``. It may be empty where
            there are several places.
        each: Try every parameter set on each series by itself, instead of on all in one account.
        windows: Try every parameter set in each of these windows of time, such as
            ``["2000-01-01:2010-01-01", "2010-01-01:"]``, the end left out; or in as many equal
            parts of the time that all instruments have bars in.
        parameters: Values for parameters that all trials share.
        where: Conditions a point must meet to be tried, such as ``fast < slow``.
        sample: Points to draw from the grid at random; all of them unless given.
        seed: Of that draw.
        metrics: Names from the table of metrics, to be computed for each trial.
        timeframe: Of the bars that drive the strategy, where they are given by name.
        start: Earliest open time, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        settings: Everything that is assumed; the defaults unless given.
        models: What makes signals, by name, as for a backtest; they are fitted once for all trials.
        warmup: Bars before orders are accepted, if more than the strategy asks for.
        mode: ``auto``, ``compiled`` or ``interpreted``.
        executor: What runs the trials, by name or as such; processes of this machine unless given.
        workers: Processes; as many as the executor has unless given, here one for each core.
        hashes: Hash the orders and fills of each trial, which takes about as long as running it.
        limit: Refuse more trials than this; None to refuse only what memory cannot hold.
        store: Where the table is kept; nowhere unless given. A sweep with equal inputs is
            answered from it, but for trials whose workers died: they are tried again.
        fresh: Run even if the store has the answer.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.
        progress: Told how many trials are done, of how many.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If the grid is empty, too large or names no parameter.
        DataMissingError: If there is no such data.
        DataError: If the store's disk refuses, which is seen before the first trial.
    """
    settings, plugins = settings or Settings(), loaded(plugins)
    runner = find_executor(executor, settings, plugins) if isinstance(executor, str) else executor
    found = find_strategy(strategy, plugins)
    fixed = parameter_values(found, parameters or {})
    over = each or windows is not None
    space = make_space(
        found, grid, fixed=parameters or {}, where=where, sample=sample, seed=seed, bare=over
    )
    require_metrics(metrics)
    placed = places_of(
        data, timeframe, Window(start, end), settings.data.catalog, plugins,
        each=each, windows=windows,
    )  # fmt: skip
    places = [one.place for one in placed] if over else []
    most = MOST if limit is None else min(limit, MOST)
    too_many = space.most * len(placed) > most
    points = [space.point(0)] if too_many else space.points(fixed)
    make_job = partial(
        prepare, found, parameters or {}, settings=settings, signals={}, models=models,
        warmup=warmup, trials=len(points) * len(placed), plugins=plugins,
    )  # fmt: skip
    jobs = [make_job(series=one.series) for one in placed]
    identity = sweep_identity(jobs, places, points, metrics, hashes=hashes)
    bars = sum(len(series.bars) for one in placed for series in one.series) // len(placed)
    held = None if store is None or fresh or too_many else store.find(identity)
    sound = {} if held is None else sound_trials(held.table)
    if held is not None and len(sound) == len(held.table):
        return SweepResult(
            sweep=held, stored=True, bars=bars, seconds=0.0, workers=0, deaths=0, why=""
        )
    jobs = [job.with_forecasts() for job in jobs]
    asked = Asked(
        fixed=fixed, points=points, metrics=metrics,
        mode=Mode(mode), hashes=hashes, notify=notify, plugins=plugins,
    )  # fmt: skip
    trials = PlacedTrials(jobs, asked) if places else asked.trials(jobs[0])
    if too_many:
        raise _too_many(space, trials, most, workers or cores(), places=len(placed))
    started = time.perf_counter()
    telling = progress or (lambda _done, _all: None)
    unfinished = None if store is None else Unfinished(store.root, identity)
    if store is not None and unfinished is not None:
        store.require_room()
        sound |= unfinished.begin(len(trials.points), anew=fresh)
    rows, effort, resumed = _run(trials, runner, workers, telling, unfinished, sound)
    seconds = time.perf_counter() - started
    table = SweepTable.of(trials.points, metrics, rows, places)
    about = describe(
        jobs, places, space, fixed,
        given=list(parameters or ()), seconds=seconds, workers=effort.workers,
    )  # fmt: skip
    done = StoredSweep(identity=identity, about=about, table=table)
    if store is not None and unfinished is not None:
        store.save(done)
        unfinished.end()
    return SweepResult(
        sweep=done, stored=False, bars=bars, seconds=seconds, workers=effort.workers,
        deaths=effort.deaths, why=trials.why, resumed=resumed,
    )  # fmt: skip


def make_space(
    found: FoundStrategy,
    grid: Mapping[str, Sequence[object] | str] | Sequence[str],
    *,
    fixed: Mapping[str, object],
    where: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
    bare: bool = False,
) -> Space:
    """Turn a grid as people write it into a space of the strategy's parameters.

    Raises:
        UsageError: If it is empty, unless that is no matter, names no parameter, or one that is
            fixed.
    """
    declared = found.cls.parameters()
    if isinstance(grid, str):
        grid = [grid]
    if isinstance(grid, Mapping):
        axes = [
            Axis.parse(f"{name}={values}", declared)
            if isinstance(values, str)
            else Axis.of(name, values, declared)
            for name, values in grid.items()
        ]
    else:
        axes = [Axis.parse(text, declared) for text in grid]
    both = next((axis.name for axis in axes if axis.name in fixed), None)
    if both is not None:
        raise UsageError(f"{both} was given both a grid and a value, expected one of them")
    constraints = tuple(Constraint.parse(text, declared) for text in where)
    return Space(tuple(axes), sample=sample, seed=seed, constraints=constraints, bare=bare)


def _run(
    trials: Trials | PlacedTrials,
    executor: Executor,
    workers: int | None,
    progress: Callable[[int, int], None],
    unfinished: Unfinished | None,
    held: dict[int, Trial],
) -> tuple[list[Trial], Effort, int]:
    """Run all trials that are not there yet; return all, what it took, and how many were there."""
    total = len(trials.points)
    held.pop(0, None)
    rows = list(held.values())

    def take(more: Sequence[Trial]) -> None:
        rows.extend(more)
        if unfinished is not None:
            unfinished.add(more)
        progress(len(rows), total)

    take([trials(0)])  # here, whoever runs the others: it compiles, and finds what fails at once
    numbers = range(1, total)
    left = [number for number in numbers if number not in held] if held else numbers
    effort = executor.run(trials, left, take, workers=workers)
    return rows, Effort(max(effort.workers, 1), effort.deaths), len(held)


def sound_trials(table: SweepTable) -> dict[int, Trial]:
    """Return the trials of a table but those whose workers died: they may do better next time."""
    trials = map(table.trial, range(len(table)))
    return {each.number: each for each in trials if each != died(each.number)}


def _too_many(
    space: Space, trials: Trials | PlacedTrials, most: int, workers: int, *, places: int
) -> UsageError:
    """Say how large the grid is and how long it would take, from one trial in every place."""
    trials(0)
    started = time.perf_counter()
    for number in range(places):
        trials(number)  # there is one point in each
    seconds = (time.perf_counter() - started) * space.most / max(workers, 1)
    there = f"{space.most:,} in each of {places:,} places, " if places > 1 else ""
    return UsageError(
        f"the grid has {space.most * places:,} trials, {there}about {_long(seconds)} on {workers} "
        f"{'core' if workers == 1 else 'cores'}; expected at most {most:,}",
        hint="take larger steps, draw some with --sample, or insist with --yes"
        if space.most * places <= MOST
        else "take larger steps, or draw some with --sample",
    )


def _long(seconds: float) -> str:
    for unit, size in (("years", 31_557_600), ("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"
