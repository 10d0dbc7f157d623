"""The optimisation: a strategy, data and ranges in; trials, and what to think of the best, out.

::

    from tradectl_sdk import optimize

    result = optimize(
        "sma-cross", "SPX.SAMPLE", {"fast": "5:50", "slow": "20:200"},
        where=["fast < slow", "trades >= 30"], out_of_sample=0.3, trials=100,
    )
    print(result.table.row(result.ranked[0]), result.evidence.shape)

Each trial is the backtest with the same parameters over the bars in sample. The bars out of sample
are looked at when all trials are made, for the few that are shown.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.engine import Mode
from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.optimizing.asking import (
    about_study,
    check_question,
    ranges_of,
    read_question,
    split_time,
)
from tradectl_sdk.pipelines.optimizing.inputs import Inputs
from tradectl_sdk.pipelines.optimizing.parts import PARTS, pruned_trials
from tradectl_sdk.pipelines.optimizing.places import StudyFolder, StudyPlace
from tradectl_sdk.pipelines.optimizing.running import Runner
from tradectl_sdk.pipelines.optimizing.weighing import OptimizeResult, weigh_trials
from tradectl_sdk.pipelines.planning import parameter_values
from tradectl_sdk.pipelines.series import Window
from tradectl_sdk.pipelines.sweeps.executors import LOCAL, find_executor
from tradectl_sdk.runs.identity import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.data import Bars
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.optimizing.weighing import Look
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research import Executor
    from tradectl_sdk.strategy import Strategy

BATCH = 8  # trials that are chosen at once unless asked otherwise


@checked
def optimize(
    strategy: str | type[Strategy],
    data: str | Bars | Sequence[str | Bars],
    ranges: Mapping[str, str | Sequence[object]],
    *,
    parameters: Mapping[str, object] | None = None,
    objectives: Sequence[str] = ("sharpe_ratio",),
    where: Sequence[str] = (),
    trials: int = 100,
    sampler: str = "tpe",
    seed: int = 0,
    pruner: str = "none",
    batch: int = BATCH,
    out_of_sample: float = 0.0,
    timeframe: str = "1d",
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    models: Mapping[str, MadeBy] | None = None,
    warmup: int = 0,
    mode: str = "auto",
    executor: str | Executor = LOCAL,
    workers: int | None = None,
    folder: Path,
    storage: str | None = None,
    resume: bool = False,
    fresh: bool = False,
    plugins: Plugins | None = None,
    notify: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> OptimizeResult:
    """Look for good parameters, each trial's chosen from what came of those before.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        data: One series or several in one account, by name or as bars.
        ranges: By parameter, ``5:50``, ``5:50:5`` or ``20,50,100``, or a sequence of values.
        parameters: Values for parameters that all trials share.
        objectives: Names of metrics; what is better of each is known.
        where: Conditions on parameters, such as ``fast < slow``, and limits for metrics, such as
            ``trades >= 30``.
        trials: To make in all, those of a resumed study included.
        sampler: ``tpe``, ``random``, ``nsga2`` or ``cmaes``.
        seed: Of the sampler.
        pruner: ``median`` or ``hyperband`` to stop trials early that do worse than others over the
            first ninth or third of the bars; ``none`` to make each whole.
        batch: Trials that are chosen at once, from what came of the batches before; so many can be
            made side by side, and who makes them changes nothing.
        out_of_sample: Share of the bars, the last ones, that no trial sees; runs over them start
            cold, without the bars before.
        timeframe: Of the bars that drive the strategy, where they are given by name.
        start: Earliest open time, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        settings: Everything that is assumed; the defaults unless given.
        models: What makes signals, by name, as for a backtest; fitted once for all trials, and anew
            over the bars out of sample.
        warmup: Bars before orders are accepted, if more than the strategy asks for.
        mode: ``auto``, ``compiled`` or ``interpreted``.
        executor: What runs the trials, by name or as such; processes of this machine unless given.
        workers: Processes at most; as many as the executor has unless given, here one a core.
        folder: Of the runs; the study's journal goes into a folder of its own there.
        storage: Keep the study in this database instead, ``postgresql://USER@HOST/DATABASE``;
            a password comes from ``PGPASSWORD`` or ``~/.pgpass``.
        resume: Go on with a study that was begun.
        fresh: Start it over.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.
        progress: Told how many trials are done, of how many.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If a name or a number makes no sense, a model does not fit into the bars in or
            out of sample, the sampler or the pruner cannot do what is asked, something is not
            installed, or the study was begun and neither ``resume`` nor ``fresh`` was asked for.
        DataMissingError: If there is no such data.
        TransportError: If the database cannot be reached.
    """
    settings = settings or Settings()
    runner = find_executor(executor, settings, plugins) if isinstance(executor, str) else executor
    found = find_strategy(strategy, plugins)
    given = parameters or {}
    fixed = parameter_values(found, given)
    question = read_question(
        ranges_of(found, ranges, given), objectives, where, fixed,
        sampler=sampler, seed=seed, pruner=pruner, batch=batch,
    )  # fmt: skip
    check_question(question, objectives, trials=trials, share=out_of_sample)
    names = question.metrics
    inputs = Inputs(
        found=found,
        parameters=given,
        fixed=fixed,
        data=data,
        timeframe=timeframe,
        settings=settings,
        models=models or {},
        warmup=warmup,
        mode=Mode(mode),
        plugins=plugins,
        notify=notify,
    )
    windows = _windows(inputs, Window(start, end), out_of_sample)
    job = inputs.job(windows[0])
    if windows[1] is not None:
        inputs.check_unseen(windows[1])
    about = about_study(job, question, objectives, where, windows)
    study_id = name_of("o-", about)
    place = _place(_kept(folder, storage, study_id), resume=resume, fresh=fresh)
    ends = _ends(inputs, windows[0]) if pruner != "none" else []
    parts = [inputs.task(inputs.part(job, Window(start, one)), names) for one in ends]
    runs = Runner(inputs.task(job, names), parts, runner, workers)
    with place.opened(question, about, len(ends)) as study:
        resumed, started = len(study.made()), time.perf_counter()
        study.run(trials, runs, lambda done: progress(done, trials) if progress else None)
        seconds = time.perf_counter() - started
        made = study.made()
    limits = [limit for _, limit in question.limits]
    result = weigh_trials(made, names, objectives, limits, question.ranges)
    looks = _looks(inputs, result, windows, names)
    best = result.evidence.best
    chance = None if best is None else looks[0][best]["deflated_sharpe"]
    return replace(
        result,
        study_id=study_id,
        about=about,
        evidence=replace(result.evidence, deflated_sharpe=chance),
        in_sample=looks[0],
        out_of_sample=looks[1] if windows[1] else {},
        pruned=pruned_trials(made, ends),
        resumed=resumed,
        seconds=seconds,
        effort=runs.effort,
    )


def _windows(inputs: Inputs, whole: Window, share: float) -> tuple[Window, Window | None]:
    """Part the bars in sample from those out of it, if there are to be any."""
    if not share:
        return whole, None
    split = split_time(inputs.load(whole), share)
    return Window(whole.start, split), Window(split, whole.end)


def _ends(inputs: Inputs, window: Window) -> list[str]:
    """When the parts end that a trial is looked at over before all bars."""
    return [split_time(inputs.load(window), 1 - float(share)) for share in PARTS]


def _looks(
    inputs: Inputs,
    result: OptimizeResult,
    windows: tuple[Window, Window | None],
    names: Sequence[str],
) -> list[Look]:
    """Look at the trials that are shown again, in sample and where it is out of sample."""
    points = {number: result.table.points[number] for number in result.shown}
    tried = len(result.table)
    return [inputs.look(window, points, names, tried=tried) for window in windows if window]


def _kept(folder: Path, storage: str | None, study_id: str) -> StudyPlace:
    if storage is None:
        return StudyFolder(folder, study_id)
    from tradectl_sdk.pipelines.optimizing.database import StudyDatabase

    return StudyDatabase(storage, study_id)


def _place(place: StudyPlace, *, resume: bool, fresh: bool) -> StudyPlace:
    """Return a study's place, if it is to be used as it is."""
    if fresh:
        place.remove()
    if place.exists and not resume:
        raise UsageError(
            f"this study was begun before, as {place.study_id[:10]}",
            hint="--resume goes on with it, --fresh starts it over",
        )
    return place
