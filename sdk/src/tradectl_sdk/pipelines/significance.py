"""Whether a strategy's entries know anything, asked before its parameters are tuned.

::

    from tradectl_sdk.engine.build import longest_warmup
from tradectl_sdk import significance

    print(significance("sma-cross", "SPX.SAMPLE"))

The strategy runs once, with the parameters given. Its positions are then compared with as many
positions, held as long, that are entered at random times; costs are left out on both sides. A rule
that does no better is not worth tuning: what a search would find in it is noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.engine.build import longest_warmup
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import entry_evidence
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.series import Window, load_series
from tradectl_sdk.runs.metrics.definition import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.engine import Outcome
    from tradectl_sdk.evidence import EntryEvidence
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy

LEVEL = 0.05  # p-values above it are no evidence
FEW = 30  # entries below which a p-value hangs on single ones


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Significance:
    """How a strategy's entries compare with random ones.

    Attributes:
        strategy: Its name.
        parameters: All of them.
        instrument: What was traded.
        timeframe: Of the bars.
        bars: How many were looked at, those of the warm-up left out.
        evidence: The numbers.
        seed: Of the chance.
    """

    strategy: str
    parameters: Mapping[str, object]
    instrument: str
    timeframe: str
    bars: int
    evidence: EntryEvidence
    seed: int

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
        chance = f"random entries earn as much in {percent(found.p_value, 1)} of the cases"
        if self.verdict == "random":
            return f"{chance}: the entries are no better than random, and tuning would fit noise"
        if self.verdict == "few":
            return f"{chance}, but {found.entries} entries are too few to rely on that"
        return f"{chance}: the entries are better than random before costs"

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
        }


def significance(
    strategy: str | type[Strategy],
    data: str | Bars,
    *,
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

    A position counts by its sign, from the close of the bar it was known at, bar by bar until the
    bar it was gone: what happens inside the bars of fills, fees and slippage are left out.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        data: One series, by name or as bars.
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

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If a parameter is wrong, or the strategy never changed its position.
        DataMissingError: If there is no such data.
    """
    settings = settings or Settings()
    root, window = settings.data.catalog, Window(start, end)
    job = prepare(
        find_strategy(strategy, plugins),
        parameters or {},
        (load_series(data, timeframe, window, root, plugins),),
        settings,
        signals={},
        models=models,
        warmup=warmup,
        trials=1,
        plugins=plugins,
    ).with_forecasts()
    outcome = run(job.plan, Mode(mode), notify=notify)
    held, returns = _positions(job, outcome)
    if len(held) < 8:
        raise UsageError(
            f"{len(held)} bars are left after the warm-up, expected 8 or more",
            hint="use more bars",
        )
    (series,) = job.series
    return Significance(
        strategy=job.found.name,
        parameters=job.identity["parameters"],
        instrument=str(series.bars.instrument.id),
        timeframe=str(series.bars.timeframe),
        bars=len(held),
        evidence=entry_evidence(held, returns, draws=draws, seed=seed),
        seed=seed,
    )


def _positions(job: Job, outcome: Outcome) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sign held over each step from close to close, and what the market did in it."""
    fills, close = outcome.fills, job.plan.columns[0].prices[3]
    after = np.sign(np.concatenate(([0], fills["position"]))).astype(np.float64)
    held = after[np.searchsorted(fills["known"], outcome.times, side="right")]
    first = longest_warmup(job.plan, outcome.strategies)
    return held[first:-1], close[first + 1 :] / close[first:-1] - 1.0
