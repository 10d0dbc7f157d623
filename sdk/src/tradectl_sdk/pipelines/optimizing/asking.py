"""What is asked of an optimisation, read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.optimizing.choosing import check_pruner, check_sampler
from tradectl_sdk.pipelines.optimizing.question import Question
from tradectl_sdk.pipelines.sweeps import DEFAULT_METRICS
from tradectl_sdk.research import Constraint
from tradectl_sdk.research.ranges import Range
from tradectl_sdk.research.space import require_several
from tradectl_sdk.research.table import LESS_IS_BETTER
from tradectl_sdk.runs.metrics import METRICS, require_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.series import LoadedSeries, Window
    from tradectl_sdk.strategy import ParameterValue

# Deflated ratios need the number of all trials, which is known in the end only.
OWN_METRICS = tuple(name for name in DEFAULT_METRICS if name != "deflated_sharpe")


def ranges_of(
    found: FoundStrategy,
    ranges: Mapping[str, str | Sequence[object]],
    parameters: Mapping[str, object],
) -> list[Range]:
    """Read the ranges.

    Raises:
        UsageError: If there are none, or one names no parameter or one that has a value.
    """
    if not ranges:
        raise UsageError("there is no range, expected one for at least one parameter")
    both = next((name for name in ranges if name in parameters), None)
    if both is not None:
        raise UsageError(f"{both} was given both a range and a value, expected one of them")
    for name, given in ranges.items():
        require_several("range", name, given)
    texts = (
        f"{name}={given if isinstance(given, str) else ','.join(map(str, given))}"
        for name, given in ranges.items()
    )
    return [Range.parse(text, found.cls.parameters()) for text in texts]


def split_conditions(
    where: Sequence[str], names: Sequence[str]
) -> tuple[list[Constraint], list[Constraint]]:
    """Tell conditions on parameters from limits of metrics."""
    conditions, limits = [], []
    for text in where:
        each = Constraint.parse(text, [*names, *METRICS])
        metrics = [
            side for side in (each.left, each.right) if side in METRICS and side not in names
        ]
        if not metrics:
            conditions.append(each)
        elif isinstance(each.left, str) and each.left in metrics and isinstance(each.right, float):
            limits.append(each)
        else:
            raise UsageError(
                f"the limit was {text!r}, expected a metric, a comparison and a number",
                hint="such as 'trades >= 30'",
            )
    return conditions, limits


def read_question(
    ranges: Sequence[Range],
    objectives: Sequence[str],
    where: Sequence[str],
    fixed: Mapping[str, ParameterValue],
    *,
    sampler: str,
    seed: int,
    pruner: str,
    batch: int,
) -> Question:
    """Put what is asked in the terms of a study.

    Raises:
        UsageError: If an objective is no metric, or a condition says nothing of this strategy.
    """
    conditions, limits = split_conditions(where, list(fixed))
    names = list(dict.fromkeys((*OWN_METRICS, *objectives, *(str(one.left) for one in limits))))
    require_metrics(names)
    return Question(
        ranges=ranges,
        metrics=names,
        directions=["minimize" if name in LESS_IS_BETTER else "maximize" for name in objectives],
        objectives=[names.index(name) for name in objectives],
        conditions=conditions,
        limits=[(names.index(str(one.left)), one) for one in limits],
        fixed=fixed,
        sampler=sampler,
        seed=seed,
        pruner=pruner,
        trades=names.index("trades"),
        batch=batch,
    )


def check_question(
    question: Question,
    objectives: Sequence[str],
    *,
    trials: int,
    share: float,
) -> None:
    """Refuse what makes no sense.

    Raises:
        UsageError: If a number, the sampler or the pruner is none, or cannot do what is asked.
    """
    if not objectives or len(set(objectives)) < len(objectives):
        raise UsageError("expected one objective or several different ones")
    if "deflated_sharpe" in question.metrics:
        raise UsageError(
            "deflated_sharpe is known when all trials are made, expected another metric",
            hint="for one number of trials it ranks much as sharpe_ratio does",
        )
    if not any(each.last > 0 for each in question.ranges):
        raise UsageError(
            "every range has one value, expected at least one that leaves a choice",
            hint="such as 5:50; one set of parameters is a tradectl backtest",
        )
    if trials < 1:
        raise UsageError(f"trials was {trials}, expected at least 1")
    if question.batch < 1:
        raise UsageError(f"the batch was {question.batch}, expected at least 1")
    check_sampler(question.sampler, question.ranges, len(objectives))
    check_pruner(question.pruner, len(objectives))
    if not 0 <= share < 1:
        raise UsageError(f"the share out of sample was {share:g}, expected 0 to less than 1")


def split_time(series: Sequence[LoadedSeries], share: float) -> str:
    """The open time of the first bar that no trial sees, by the bars of the first series."""
    times = series[0].bars.time
    place = round(len(times) * (1 - share))
    if not 0 < place < len(times):
        raise UsageError(
            f"{share:.0%} of {len(times)} bars leaves nothing on one side, expected more bars"
        )
    return str(np.datetime_as_string(np.datetime64(int(times[place]), "ns"), unit="s")) + "+00:00"


def about_study(
    job: Job,
    question: Question,
    objectives: Sequence[str],
    where: Sequence[str],
    windows: tuple[Window, Window | None],
) -> dict[str, Any]:
    """Everything that the trials depend on, and what people call it.

    Args:
        job: The trials' common part.
        question: What is asked.
        objectives: Names of the objectives.
        where: Conditions and limits as they were given.
        windows: In sample, and out of sample if there is such a thing.
    """
    inside, outside = windows
    return {
        **job.identity,
        "strategy": job.found.name,
        "ranges": {each.name: str(each) for each in question.ranges},
        "objectives": list(objectives),
        "where": list(where),
        "metrics": list(question.metrics),
        "sampler": question.sampler,
        "seed": question.seed,
        "pruner": question.pruner,
        "batch": question.batch,
        "in_sample": [inside.start, inside.end],
        "out_of_sample": [outside.start, outside.end] if outside else None,
    }
