"""Whether the best trial of a sweep was chosen for its luck.

::

    from tradectl_sdk import overfitting, sweep

    found = sweep("sma-cross", "SPX.SAMPLE", {"fast": "10:50:20", "slow": [60, 120, 180]})
    print(overfitting(found.sweep))

A sweep keeps numbers, not curves, so its trials run once more and their daily returns are laid side
by side. In a sweep with more trials than are wanted, those that run are spread evenly over the
ranking, the best among them: leaving out the worse half would make the best look ordinary.

A sweep over several instruments or windows is weighed over the days of all of them: a set's return
of a day is the mean over the places that have that day, as if each had an equal share of the
account. Blocks of days are cut once, for all places: what fell together falls in the same half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.domain.money import MONEY_UNITS, to_money
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import backtest_overfitting, data_snooping
from tradectl_sdk.evidence.overfitting import require_blocks
from tradectl_sdk.pipelines.again import prepare_again
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.series import series_of
from tradectl_sdk.pipelines.tried import Tried, tried_in_sweep
from tradectl_sdk.research.across import middle
from tradectl_sdk.runs.metrics import Sample
from tradectl_sdk.runs.metrics.definition import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.evidence import Overfitting, Snooping
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research import SweepTable
    from tradectl_sdk.research.storing import StoredSweep
    from tradectl_sdk.strategy import ParameterValue, Strategy

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CUSTOMARY = 0.05  # probabilities of overfitting up to it pass, by custom
DOUBTFUL = 0.2  # up to it, doubt is left and no more
COIN = 0.5  # from it on, a coin chooses as well
UNLIKELY = 0.05  # shares of worthless sets below it are not to be expected
_RANK = "sharpe_ratio"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlaceOverfitting:
    """How probably a choice would be luck where one place alone had decided.

    Attributes:
        name: The place.
        days: How many it has.
        evidence: The numbers; None where the days are too few.
    """

    name: str
    days: int
    evidence: Overfitting | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        found = self.evidence
        return {
            "place": self.name,
            "days": self.days,
            "probability": None if found is None else found.probability,
            "loss_probability": None if found is None else found.loss_probability,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SweepOverfitting:
    """How probably a sweep's choice was luck.

    Attributes:
        sweep_id: The sweep, or the optimisation.
        numbers: The trials that were looked at.
        trials: Trials of the sweep, failed ones included.
        blocks: Blocks that the days were cut into.
        evidence: The probability of backtest overfitting, and what goes with it.
        snooping: Whether the best beats doing nothing, given that many were tried; None where
            that could not be asked.
        left_out: Why it could not, such as that ``arch`` is not installed.
        places: Each place by itself, where the sweep had several; ``evidence`` is that of all.
    """

    sweep_id: str
    numbers: tuple[int, ...]
    trials: int
    blocks: int
    evidence: Overfitting
    snooping: Snooping | None
    left_out: str = ""
    places: tuple[PlaceOverfitting, ...] = ()

    @property
    def verdict(self) -> str:
        """How far to believe the choice.

        It is ``luck``, it is ``weak`` or ``doubtful``, it is ``unproven`` that it earns anything,
        or it ``holds``: Bailey and others (2017) reject above 5 %, and half is what a coin does.
        """
        worse = max(self.evidence.probability, self.evidence.loss_probability)
        if worse >= COIN:
            return "luck"
        if worse > CUSTOMARY:
            return "doubtful" if worse <= DOUBTFUL else "weak"
        if self.snooping is not None and self.snooping.superior > UNLIKELY:
            return "unproven"
        return "holds"

    @property
    def words(self) -> str:
        """What to make of it."""
        chance, lost = self.evidence.probability, self.evidence.loss_probability
        text = (
            f"choosing the best of these trials does no better than the middle one in "
            f"{percent(chance)} of the halves it was not chosen on, and loses in {percent(lost)}"
        )
        if self.places:
            text = f"over {len(self.places)} places, {text}"
        if self.verdict == "unproven" and self.snooping is not None:
            text += (
                f", but {percent(self.snooping.superior)} of as many worthless trials "
                "have so good a best one"
            )
        return f"{text}: {_VERDICTS[self.verdict]}"

    def __repr__(self) -> str:
        """The sentence; ``evidence`` has the numbers."""
        return self.words

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        found, snooping = self.evidence, self.snooping
        return {
            "sweep": self.sweep_id,
            "trials": self.trials,
            "looked_at": list(self.numbers),
            "blocks": self.blocks,
            "splits": len(found.logits),
            "probability": found.probability,
            "loss_probability": found.loss_probability,
            "slope": found.slope if np.isfinite(found.slope) else None,
            "reality_check": None if snooping is None else snooping.reality_check,
            "superior_predictive_ability": None if snooping is None else snooping.superior,
            "left_out": self.left_out or None,
            "places": [one.to_json() for one in self.places],
            "verdict": self.verdict,
            "words": self.words,
        }


_VERDICTS = {
    "luck": "a coin would choose as well, so do not believe the best",
    "weak": "much of its lead is luck, so do not rely on the best",
    "doubtful": "some of its lead may be luck, where 5 % is the customary bound",
    "unproven": "the choice holds, but may earn nothing",
    "holds": "the choice holds, by the customary bound of 5 %",
}


@checked
def overfitting(
    sweep: StoredSweep | Tried,
    *,
    most: int = 500,
    blocks: int = 16,
    seed: int = 0,
    strategy: str | type[Strategy] | None = None,
    data: Sequence[str | Bars] | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SweepOverfitting:
    """Estimate how probably choosing the best trial of a sweep is overfitting.

    Args:
        sweep: The sweep, or the trials of an optimisation as ``study_trials`` reads them.
        most: Trials to run again at most.
        blocks: Blocks that the days are cut into, even; 16 make 12,870 splits.
        seed: Of the bootstrap in the test of data snooping.
        strategy: The strategy, if the sweep's was given as a class.
        data: The series, if the sweep's were given as bars: those of the first place, then those
            of the next.
        settings: Where data are; what was assumed is taken from the sweep.
        plugins: Installed plugins, if they are loaded already.
        progress: Told how many trials are done, of how many.

    Raises:
        DataError: If the sweep cannot be run again as it was.
        UsageError: For fewer than two trials that did not fail, or too few days.
    """
    require_blocks(blocks)
    tried = sweep if isinstance(sweep, Tried) else tried_in_sweep(sweep)
    sets = _sets(tried.table)
    numbers = _chosen(sets, most)
    found = _everywhere(
        tried, [sets.points[number] for number in numbers],
        settings=settings or Settings(), strategy=strategy, data=data, plugins=plugins,
        progress=progress,
    )  # fmt: skip
    returns = _pooled(found)
    if len(returns) < 2 * blocks:
        raise UsageError(
            f"the trials have {len(returns)} days, expected {2 * blocks} or more for "
            f"{blocks} blocks",
            hint="take fewer blocks, or a sweep over more bars",
        )
    evidence = backtest_overfitting(returns, blocks=blocks)
    snooping, left_out = _snooping(returns, seed)
    alone = zip(tried.names, found, strict=True) if tried.names else ()
    return SweepOverfitting(
        sweep_id=tried.name,
        numbers=numbers,
        trials=len(tried.table),
        blocks=blocks,
        evidence=evidence,
        snooping=snooping,
        left_out=left_out,
        places=tuple(_alone(name, each, blocks) for name, each in alone),
    )


@dataclass(frozen=True, slots=True, eq=False)
class DailyReturns:
    """Daily returns of trials in one place, side by side.

    Attributes:
        days: Each day, counted from 1970, shape (days,).
        returns: Shape (days, trials).
    """

    days: Integers
    returns: Floats


def _sets(table: SweepTable) -> SweepTable:
    """Return one row for each set, failed where a trial of it failed anywhere."""
    failed = {number % table.sets: reason for number, reason in table.reasons.items()}
    return replace(middle(table), reasons=failed)


def _everywhere(
    tried: Tried,
    points: Sequence[Mapping[str, ParameterValue]],
    *,
    settings: Settings,
    strategy: str | type[Strategy] | None,
    data: Sequence[str | Bars] | None,
    plugins: Plugins | None,
    progress: Callable[[int, int], None] | None,
) -> list[DailyReturns]:
    """Run the same points in every place."""
    found: list[DailyReturns] = []
    given = None if data is None else series_of(data)
    first, most = 0, len(points) * len(tried.pasts)
    for past in tried.pasts:
        last = first + len(past.identity["data"])
        own = None if given is None else given[first:last]
        job = prepare_again(past, settings, strategy=strategy, data=own, plugins=plugins)
        first, before = last, len(found) * len(points)

        def told(done: int, _: int, before: int = before) -> None:
            if progress is not None:
                progress(before + done, most)

        found.append(trial_returns(job, points, progress=told))
    return found


def _pooled(places: Sequence[DailyReturns]) -> Floats:
    """Return the mean of each day over the places that have it, shape (days, trials)."""
    days = np.unique(np.concatenate([one.days for one in places]))
    total = np.zeros((len(days), places[0].returns.shape[1]))
    there = np.zeros(len(days))
    for one in places:
        rows = np.searchsorted(days, one.days)
        total[rows] += one.returns
        there[rows] += 1
    return total / there[:, None]


def _alone(name: str, place: DailyReturns, blocks: int) -> PlaceOverfitting:
    enough = len(place.days) >= 2 * blocks
    evidence = backtest_overfitting(place.returns, blocks=blocks) if enough else None
    return PlaceOverfitting(name=name, days=len(place.days), evidence=evidence)


def trial_returns(
    job: Job,
    points: Sequence[Mapping[str, ParameterValue]],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> DailyReturns:
    """Run a job with other parameters, and lay the daily returns that metrics have together."""
    cls, fixed, compiled = job.found.cls, job.identity["parameters"], None
    columns = []
    for done, point in enumerate(points, 1):
        plan = replace(job.plan, make_strategy=partial(cls, **{**fixed, **point}))
        outcome = run(plan, Mode.AUTO, compiled=compiled)
        compiled = outcome.compiled
        sample = Sample(
            time=outcome.times,
            equity=outcome.equity,
            initial_equity=to_money(plan.assumptions.cash) / MONEY_UNITS,
            session_close=plan.instruments[0].session_close,
        )
        columns.append(sample.returns)
        if progress is not None:
            progress(done, len(points))
    return DailyReturns(sample.days, np.column_stack(columns))


def _chosen(table: SweepTable, most: int) -> tuple[int, ...]:
    """Return trials that did not fail, spread evenly over the ranking where there are too many.

    Of those at the same point, which an optimisation may try again, it is the first.
    """
    first: dict[tuple[ParameterValue, ...], int] = {}
    for number, point in enumerate(table.points):
        if number not in table.reasons:
            first.setdefault(tuple(point.values()), number)
    sound = list(first.values())
    if most < 2 or len(sound) < 2:
        count = min(most, len(sound))
        raise UsageError(
            f"there {'was' if count == 1 else 'were'} {count} to compare of {len(table):,} trials, "
            "expected 2 or more",
            hint="those that failed are left out, and a set tried again counts once",
        )
    if len(sound) <= most:
        return tuple(sound)
    metric = _RANK if _RANK in table.metrics else next(iter(table.metrics))
    ranked = [number for number in table.ranked(metric) if number in set(sound)]
    ranked += [number for number in sound if number not in set(ranked)]
    places = np.unique(np.linspace(0, len(ranked) - 1, most).round().astype(int))
    return tuple(sorted(ranked[place] for place in places))


def _snooping(returns: Floats, seed: int) -> tuple[Snooping | None, str]:
    """Ask whether the best beats doing nothing; where that cannot be asked, say why."""
    try:
        return data_snooping(returns, seed=seed), ""
    except UsageError as error:
        return None, error.message
