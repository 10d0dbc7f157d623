"""Whether a strategy's entries know anything, asked before its parameters are tuned.

::

    from tradectl_sdk import significance

    print(significance("sma-cross", "SPX.SAMPLE"))

The strategy runs once, with the parameters given. Its positions are then compared with as many
positions, held as long, that are entered at random times; costs are left out on both sides. A rule
that does no better is not worth tuning: what a search would find in it is noise.

Several series are traded in one account, or each in its own. Each of them is then compared by
itself, and all together over the time they share, with what is drawn drawn for all at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.engine.build import longest_warmup
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import entry_evidence, joint_entry_evidence
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.series import Window, load_all
from tradectl_sdk.runs.metrics.definition import chance_percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.engine import Outcome
    from tradectl_sdk.evidence import EntryEvidence
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

LEVEL = 0.05  # p-values above it are no evidence
LEAST = 8  # steps below which nothing is asked
FEW = 30  # entries below which a p-value hangs on single ones


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Significance:
    """How a strategy's entries compare with random ones.

    Attributes:
        strategy: Its name.
        parameters: All of them.
        instrument: What was traded; several names where series are pooled.
        timeframe: Of the bars.
        bars: How many were looked at, those of the warm-up left out; where series are pooled, the
            times they share.
        evidence: The numbers.
        seed: Of the chance.
        each: The series that are pooled, each by itself; none where there is one.
    """

    strategy: str
    parameters: Mapping[str, object]
    instrument: str
    timeframe: str
    bars: int
    evidence: EntryEvidence
    seed: int
    each: tuple[Significance, ...] = ()

    @property
    def verdict(self) -> str:
        """``random``, ``few`` entries to tell by, or ``better`` than random."""
        if self.evidence.p_value > LEVEL:
            return "random"
        return "few" if self.evidence.entries < FEW else "better"

    @property
    def words(self) -> str:
        """What to make of it."""
        found = self.evidence
        drawn = "the same entries at other times" if self.each else "random entries"
        chance = f"{drawn} earn as much in {chance_percent(found.p_value)} of the cases"
        if self.each:
            chance = f"{chance}, over {self.pooled}"
        if self.verdict == "random":
            return f"{chance}: the entries are no better than random, and tuning would fit noise"
        if self.verdict == "few":
            return f"{chance}, but {found.entries} entries are too few to rely on that"
        return f"{chance}: the entries are better than random before costs"

    @property
    def pooled(self) -> str:
        """How many series are pooled, and as how many they count."""
        found = self.evidence
        return f"{found.markets} series that count as {found.independent:.1f} independent ones"

    def __repr__(self) -> str:
        """The sentence; ``evidence`` has the numbers."""
        return f"{self.strategy} on {self.instrument}: {self.words}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        found = self.evidence
        return {
            "strategy": self.strategy,
            "parameters": dict(self.parameters),
            "instrument": self.instrument,
            "timeframe": self.timeframe,
            "bars": self.bars,
            "entries": found.entries,
            "held": found.held,
            "mean": found.mean,
            "random_mean": {f"p{at}": float(np.percentile(found.drawn, at)) for at in (5, 50, 95)},
            "p_value": found.p_value,
            "p_value_rotation": found.rotation,
            "p_value_bootstrap": found.bootstrap,
            "block": found.block,
            "draws": len(found.drawn),
            "seed": self.seed,
            "verdict": self.verdict,
            "words": self.words,
            "markets": found.markets,
            "independent": found.independent,
            "series": [one.to_json() for one in self.each],
        }


@checked
def significance(
    strategy: str | type[Strategy],
    data: str | Bars | Sequence[str | Bars],
    *,
    each: bool = False,
    parameters: Mapping[str, object] | None = None,
    timeframe: str = "1d",
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    models: Mapping[str, MadeBy] | None = None,
    warmup: int = 0,
    mode: str = "auto",
    draws: int = 2000,
    seed: int = 0,
    plugins: Plugins | None = None,
    notify: Callable[[str], None] | None = None,
) -> Significance:
    """Compare a strategy's entries with random ones.

    A position counts by its sign from the open it was filled at, bar by bar until the open it was
    gone at. What is filled inside a bar counts from the next open; fees and slippage are left out.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        data: One series or several, by name or as bars.
        each: Trade every series in an account of its own, instead of all in one.
        parameters: Values for the strategy's declared parameters.
        timeframe: Of the bars, where they are given by name.
        start: Earliest open time, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        settings: Everything that is assumed; the defaults unless given.
        models: What makes signals, by name, as for a backtest.
        warmup: Bars before orders are accepted, if more than the strategy asks for.
        mode: ``auto``, ``compiled`` or ``interpreted``.
        draws: Sets of random entries.
        seed: Of the chance: the same gives the same numbers again.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.

    Returns:
        The comparison of the series, or of all of them together with ``each`` by itself.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If a parameter is wrong, the strategy never changed its position in one of the
            series, or they share too little time.
        DataMissingError: If there is no such data.
    """
    settings = settings or Settings()
    found = find_strategy(strategy, plugins)
    series = load_all(data, timeframe, Window(start, end), settings.data.catalog, plugins)
    held: list[_Held] = []
    for account in [(one,) for one in series] if each else [series]:
        job = prepare(
            found,
            parameters or {},
            account,
            settings,
            signals={},
            models=models,
            warmup=warmup,
            trials=1,
            plugins=plugins,
        ).with_forecasts()
        held += _positions(job, run(job.plan, Mode(mode), notify=notify))
    alone = tuple(_alone(job, one, draws, seed) for one in held)
    if len(alone) == 1:
        return alone[0]
    time, positions, returns = _together(held)
    return replace(
        alone[0],
        instrument=", ".join(one.instrument for one in alone),
        bars=len(time),
        evidence=joint_entry_evidence(positions, returns, draws=draws, seed=seed),
        each=alone,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The sign held over each step from open to open, and what the market did in it.

    Attributes:
        bars: The series.
        time: When each step ended.
        sign: Shape (steps,).
        returns: Shape (steps,).
    """

    bars: Bars
    time: Integers
    sign: Floats
    returns: Floats


def _positions(job: Job, outcome: Outcome) -> list[_Held]:
    """Return what was held of each series of a run, those bars left out that warm up."""
    first = outcome.times[min(longest_warmup(job.plan, outcome.strategies), len(outcome.times) - 1)]
    found = []
    for number, (series, columns) in enumerate(zip(job.series, job.plan.columns, strict=True)):
        fills = outcome.fills[outcome.fills["instrument"] == number]
        after = np.sign(np.concatenate(([0], fills["position"]))).astype(np.float64)
        begin = int(np.searchsorted(columns.time, first)) + 1
        opened, price = series.bars.time[begin:], columns.prices[0][begin:]
        ended = np.append(opened[1:], columns.time[-1:])
        left = np.append(price[1:], columns.prices[3][-1:])
        sign = after[np.searchsorted(fills["time"], opened, side="right")]
        found.append(_Held(series.bars, ended, sign, left / price - 1.0))
    return found


def _alone(job: Job, one: _Held, draws: int, seed: int) -> Significance:
    if len(one.sign) < LEAST:
        raise UsageError(
            f"{len(one.sign)} bars are left after the warm-up, expected {LEAST} or more",
            hint="use more bars",
        )
    name = str(one.bars.instrument.id)
    try:
        evidence = entry_evidence(one.sign, one.returns, draws=draws, seed=seed)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", hint=error.hint) from error
    return Significance(
        strategy=job.found.name,
        parameters=job.identity["parameters"],
        instrument=name,
        timeframe=str(one.bars.timeframe),
        bars=len(one.sign),
        evidence=evidence,
        seed=seed,
    )


def _together(held: Sequence[_Held]) -> tuple[Integers, Floats, Floats]:
    """Lay series side by side over the time that all of them have, as (time, sign, returns).

    Where one had no bar, its position stayed what it was and its market did nothing.
    """
    first, last = max(one.time[0] for one in held), min(one.time[-1] for one in held)
    time = np.unique(np.concatenate([one.time for one in held]))
    time = time[(time >= first) & (time <= last)]
    if len(time) < LEAST:
        raise UsageError(
            f"the series have {len(time)} times in common after the warm-up, expected {LEAST} or "
            "more",
            hint="ask about series that cover the same years",
        )
    signs, returns = (np.zeros((len(time), len(held))) for _ in range(2))
    for number, one in enumerate(held):
        signs[:, number] = one.sign[np.searchsorted(one.time, time, side="right") - 1]
        inside = (one.time >= first) & (one.time <= last)
        returns[np.searchsorted(time, one.time[inside]), number] = one.returns[inside]
    return time, signs, returns
