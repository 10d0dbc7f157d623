"""Walking forward: choose parameters on past bars, trade the next ones, and go on.

::

    from tradectl_sdk import walkforward

    found = walkforward("sma-cross", "SPX.SAMPLE", {"fast": [10, 20]}, train=750, test=250)
    print(found)
    print(found.efficiency, found.stability)

Each window is a sweep over its bars. The best trial is then backtested over the window and the bars
after it, with orders refused until those begin, so that its indicators are warm and nothing it
earned was chosen for. The pieces, one after another, are what tuning would have earned. What they
are compared with, the same choice in sample, is measured from its own warm-up on.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.series import Window, load_all
from tradectl_sdk.pipelines.stretches import Runner
from tradectl_sdk.pipelines.sweeps import LIMIT, sweep
from tradectl_sdk.pipelines.sweeps.executors import LOCAL, find_executor
from tradectl_sdk.pipelines.sweeps.sweeping import make_space, sound_trials
from tradectl_sdk.pipelines.sweeps.windows import Span
from tradectl_sdk.research import SweepTable
from tradectl_sdk.research.walked import Piece, WalkForward, walk_id
from tradectl_sdk.research.windows import steps
from tradectl_sdk.runs.metrics import require_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.data import Bars
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.series import LoadedSeries
    from tradectl_sdk.pipelines.stretches import Stretch
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research import Executor, WalkStore
    from tradectl_sdk.research.windows import Step
    from tradectl_sdk.strategy import ParameterValue, Strategy


@checked
def walkforward(
    strategy: str | type[Strategy],
    data: str | Bars | Sequence[str | Bars],
    grid: Mapping[str, Sequence[object] | str] | Sequence[str],
    *,
    train: int,
    test: int,
    embargo: int = 0,
    anchored: bool = False,
    metric: str = "sharpe_ratio",
    parameters: Mapping[str, object] | None = None,
    where: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
    timeframe: str = "1d",
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    models: Mapping[str, MadeBy] | None = None,
    mode: str = "auto",
    executor: str | Executor = LOCAL,
    workers: int | None = None,
    limit: int | None = LIMIT,
    store: WalkStore | None = None,
    fresh: bool = False,
    plugins: Plugins | None = None,
    notify: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> WalkForward:
    """Choose parameters on a window of bars, trade the next ones with them, and go on.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        data: One series or several in one account, by name or as bars.
        grid: Values by parameter, as for a sweep.
        train: Bars to choose on; in the first window, if anchored.
        test: Bars to trade the choice on.
        embargo: Bars between the two that are left out.
        anchored: Let every window begin with the first bar, instead of rolling on.
        metric: What the best trial of a window is chosen by.
        parameters: Values for parameters that all trials share.
        where: Conditions a point must meet to be tried, such as ``fast < slow``.
        sample: Points to draw from the grid at random; all of them unless given.
        seed: Of that draw.
        timeframe: Of the bars that drive the strategy, where they are given by name.
        start: Earliest open time, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        settings: Everything that is assumed; the defaults unless given.
        models: What makes signals, by name, as for a backtest.
        mode: ``auto``, ``compiled`` or ``interpreted``.
        executor: What runs the trials, as for a sweep; processes of this machine unless given.
        workers: Processes for the trials; as many as the executor has unless given, here one for
            each core.
        limit: Refuse more trials than this in one window; None to refuse none.
        store: Where the walk is kept; nowhere unless given. One with equal inputs is answered
            from it.
        fresh: Walk even if the store has the answer.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.
        progress: Told how many windows are done, of how many.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If the windows are longer than the data, or the grid or the metric is wrong.
        DataMissingError: If there is no such data.
        DataError: If the store's disk refuses, which is seen before the first window.
    """
    require_metrics([metric])
    settings, plugins = settings or Settings(), loaded(plugins)
    runner = find_executor(executor, settings, plugins) if isinstance(executor, str) else executor
    found, fixed = find_strategy(strategy, plugins), parameters or {}
    space = make_space(found, grid, fixed=fixed, where=where, sample=sample, seed=seed)
    series = load_all(data, timeframe, Window(start, end), settings.data.catalog, plugins)
    opens = Span.of(series).opens
    walk = steps(len(opens), train, test, embargo=embargo, anchored=anchored)
    whole = prepare(
        found, fixed, series, settings,
        signals={}, models=models, warmup=0, trials=1, plugins=plugins,
    )  # fmt: skip
    axes = {axis.name: list(axis.values) for axis in space.axes}
    asked = {
        "train": train, "test": test, "embargo": embargo, "anchored": anchored, "metric": metric,
        "axes": axes, "where": list(map(str, space.constraints)), "sample": sample, "seed": seed,
    }  # fmt: skip
    identity = {**whole.identity, "walk": asked}
    if (held := _held(store, identity, fresh=fresh)) is not None:
        return held
    bars, pieces, tables = [one.bars for one in series], list[Piece](), list[SweepTable]()
    again = Runner(
        found=found, data=bars, timeframe=timeframe, settings=settings,
        models=models, mode=mode, plugins=plugins, notify=notify,
    )  # fmt: skip
    for number, step in enumerate(walk):
        swept = sweep(
            strategy, bars, grid, parameters=fixed, where=where, sample=sample, seed=seed,
            metrics=tuple(dict.fromkeys((metric, "deflated_sharpe"))),
            start=_moment(opens[step.first]), end=_moment(opens[step.chosen]), settings=settings,
            models=models, mode=mode, executor=runner, workers=workers, limit=limit,
            plugins=plugins, notify=notify,
        )  # fmt: skip
        tables.append(swept.table)
        pieces.append(_piece(step, opens, series, settings, again, swept.table, metric, fixed))
        if progress is not None:
            progress(number + 1, len(walk))
    first = series[0].bars
    done = WalkForward(
        strategy=found.name,
        data=tuple(str(one.bars.instrument.id) for one in series),
        timeframe=str(first.timeframe),
        currency=first.instrument.quote,
        metric=metric,
        anchored=anchored,
        embargo=embargo,
        axes=axes,
        pieces=tuple(pieces),
        trials=sum(map(len, tables)),
        unused=len(opens) - walk[-1].end,
        initial=float(settings.backtest.cash),
        session_close=first.instrument.session_close,
        identity=identity,
        given={name: whole.identity["parameters"][name] for name in fixed},
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        failures=Counter(reason for table in tables for reason in table.reasons.values()),
    )
    if store is not None and all(len(sound_trials(one)) == len(one) for one in tables):
        store.save(done)
    return done


def _held(
    store: WalkStore | None, identity: Mapping[str, object], *, fresh: bool
) -> WalkForward | None:
    """Return a walk with these inputs; where there is none, see that one can be kept."""
    held = None if store is None or fresh else store.find(walk_id(identity))
    if store is not None and held is None:
        store.require_room()
    return held


def _piece(
    step: Step,
    opens: np.ndarray[tuple[int], np.dtype[np.int64]],
    series: Sequence[LoadedSeries],
    settings: Settings,
    again: Runner,
    table: SweepTable,
    metric: str,
    fixed: Mapping[str, object],
) -> Piece:
    """One window: the best of its trials, before and after the bars between."""
    piece = _untraded(step, opens, series[0].bars.timeframe.nanoseconds, settings)
    best = next(iter(table.ranked(metric)), None)
    if best is None:
        return piece
    point, past = table.points[best], _moment(opens[step.first])
    chosen = {**fixed, **point}
    inside = again.run(chosen, Window(past, _moment(opens[step.chosen])), trials=len(table))
    outside = again.run(
        chosen, Window(past, _until(opens, step.end)), begin=step.begin - step.first
    )
    return _traded(piece, point, inside, outside, metric)


def _moment(nanoseconds: int) -> str:
    return str(np.datetime64(int(nanoseconds), "ns"))


def _until(opens: np.ndarray[tuple[int], np.dtype[np.int64]], end: int) -> str:
    """The moment that open times stay before, where as many bars are to be used."""
    return _moment(opens[end] if end < len(opens) else opens[-1] + 1_000)


def _untraded(
    step: Step, opens: np.ndarray[tuple[int], np.dtype[np.int64]], length: int, settings: Settings
) -> Piece:
    """A window in which nothing could be chosen."""
    cash, times = float(settings.backtest.cash), opens[step.begin : step.end] + length
    return Piece(
        first=int(opens[step.first]),
        chosen=int(opens[step.chosen]),
        begin=int(opens[step.begin]),
        end=int(times[-1]),
        bars=(step.chosen - step.first, step.end - step.begin),
        warm=0,
        parameters=None,
        in_sample=math.nan,
        out_of_sample=math.nan,
        in_growth=1.0,
        trades=0,
        order_list_hash="",
        times=times,
        equity=np.full(len(times), cash),
    )


def _traded(
    window: Piece,
    point: Mapping[str, ParameterValue],
    inside: Stretch,
    outside: Stretch,
    metric: str,
) -> Piece:
    """The window with its choice, measured alike on the bars before and after it."""
    return replace(
        window,
        warm=len(inside.times),
        parameters=dict(point),
        in_sample=inside.value(metric),
        out_of_sample=outside.value(metric),
        in_growth=inside.final_equity / float(window.equity[0]),
        trades=outside.trades,
        order_list_hash=outside.digest,
        times=outside.times,
        equity=outside.equity,
    )
