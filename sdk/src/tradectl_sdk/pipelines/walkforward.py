"""Walking forward: choose parameters on past bars, trade the next ones, and go on.

::

    from tradectl_sdk import walkforward

    found = walkforward("sma-cross", "SPX.SAMPLE", {"fast": [10, 20]}, train=750, test=250)
    print(found)
    print(found.efficiency, found.stability)

Each window is a sweep over its bars. The best trial is then backtested over the window and the bars
after it, with orders refused until those begin, so that its indicators are warm and nothing it
earned was chosen for. The pieces, one after another, are what tuning would have earned.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.errors import UsageError, did_you_mean
from tradectl_sdk.pipelines.backtest import backtest
from tradectl_sdk.pipelines.series import Window, load_series
from tradectl_sdk.pipelines.sweeps import LIMIT, sweep
from tradectl_sdk.pipelines.walked import Piece, WalkForward
from tradectl_sdk.research.windows import steps
from tradectl_sdk.runs import closed_trades
from tradectl_sdk.runs.metrics import METRICS, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.series import LoadedSeries
    from tradectl_sdk.pipelines.sweeps import SweepResult
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research.windows import Step
    from tradectl_sdk.runs import RunRecord
    from tradectl_sdk.strategy import Strategy


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
    workers: int | None = None,
    limit: int | None = LIMIT,
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
        workers: Processes for the trials; one for each core unless given.
        limit: Refuse more trials than this in one window; None to refuse none.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.
        progress: Told how many windows are done, of how many.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If the windows are longer than the data, or the grid or the metric is wrong.
        DataMissingError: If there is no such data.
    """
    if metric not in METRICS:
        raise UsageError(f"{metric} is not a metric", hint=did_you_mean(metric, METRICS))
    settings = settings or Settings()
    wanted = [data] if isinstance(data, str | Bars) else list(data)
    window, root = Window(start, end), settings.data.catalog
    series = [load_series(one, timeframe, window, root, plugins) for one in wanted]
    opens = _opens(series)
    walk = steps(len(opens), train, test, embargo=embargo, anchored=anchored)
    pieces, tried, axes = [], 0, {}
    for number, step in enumerate(walk):
        found = sweep(
            strategy, wanted, grid, parameters=parameters, where=where, sample=sample, seed=seed,
            metrics=tuple(dict.fromkeys((metric, "deflated_sharpe"))), timeframe=timeframe,
            start=_moment(opens[step.first]), end=_moment(opens[step.chosen]), settings=settings,
            models=models, mode=mode, workers=workers, limit=limit, plugins=plugins, notify=notify,
        )  # fmt: skip
        tried, axes = tried + len(found.table), found.sweep.about["axes"]
        best = next(iter(found.table.ranked(metric)), None)
        record = None
        if best is not None:
            chosen = {**(parameters or {}), **found.table.points[best]}
            record = backtest(
                strategy, wanted, parameters=chosen, timeframe=timeframe,
                start=_moment(opens[step.first]), end=_until(opens, step.end), settings=settings,
                models=models, warmup=step.begin - step.first, mode=mode, plugins=plugins,
                notify=notify,
            ).record  # fmt: skip
        pieces.append(_piece(step, opens, series, found, best, record, metric, settings))
        if progress is not None:
            progress(number + 1, len(walk))
    return WalkForward(
        strategy=found.sweep.about["strategy"],
        data=tuple(str(one.bars.instrument.id) for one in series),
        timeframe=str(series[0].bars.timeframe),
        currency=found.sweep.about["currency"],
        metric=metric,
        anchored=anchored,
        embargo=embargo,
        axes=axes,
        pieces=tuple(pieces),
        trials=tried,
        unused=len(opens) - walk[-1].end,
        initial=float(settings.backtest.cash),
        session_close=series[0].bars.instrument.session_close,
    )


def _opens(series: Sequence[LoadedSeries]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """When bars open, of whichever series, each moment once."""
    return np.unique(np.concatenate([one.bars.time for one in series]))


def _moment(nanoseconds: int) -> str:
    return str(np.datetime64(int(nanoseconds), "ns"))


def _until(opens: np.ndarray[tuple[int], np.dtype[np.int64]], end: int) -> str:
    """The moment that open times stay before, where as many bars are to be used."""
    return _moment(opens[end] if end < len(opens) else opens[-1] + 1_000)


def _piece(
    step: Step,
    opens: np.ndarray[tuple[int], np.dtype[np.int64]],
    series: Sequence[LoadedSeries],
    found: SweepResult,
    best: int | None,
    record: RunRecord | None,
    metric: str,
    settings: Settings,
) -> Piece:
    cash, length = float(settings.backtest.cash), series[0].bars.timeframe.nanoseconds
    times = opens[step.begin : step.end] + length
    equity, value, trades, digest = np.full(len(times), cash), math.nan, 0, ""
    if record is not None:
        part = slice(int(np.searchsorted(record.time, times[0])), None)
        times, equity = record.time[part], record.equity[part]
        value, trades = _value(record, part, metric, cash), len(record.trades)
        digest = record.order_list_hash
    return Piece(
        first=int(opens[step.first]),
        chosen=int(opens[step.chosen]),
        begin=int(opens[step.begin]),
        end=int(opens[step.end - 1]) + length,
        bars=(step.chosen - step.first, step.end - step.begin),
        parameters=None if best is None else dict(found.table.points[best]),
        in_sample=math.nan if best is None else float(found.table.metrics[metric][best]),
        out_of_sample=value,
        in_growth=1.0
        if best is None
        else float(found.table.final_equity[best]) / MONEY_UNITS / cash,
        trades=trades,
        order_list_hash=digest,
        times=times,
        equity=equity,
    )


def _value(record: RunRecord, part: slice, metric: str, cash: float) -> float:
    """The metric of the bars that the choice was not made on."""
    sample = Sample(
        time=record.time[part],
        equity=record.equity[part],
        initial_equity=cash,
        trades=closed_trades(record.trades),
        exposure=None if record.exposure is None else record.exposure[part],
        session_close=record.instruments[0].session_close,
    )
    with np.errstate(all="ignore"):
        return float(METRICS[metric].function(sample))
