"""Who chooses points and who stops trials: Optuna's samplers and pruners by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import UsageError, pip_install

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.research.ranges import Range

SAMPLERS = ("tpe", "random", "nsga2", "cmaes")
PRUNERS = ("none", "median", "hyperband")
STARTUP = 10  # trials that tpe draws at random
GROWTH = 3  # a part of the bars is so many times as long as the one before


def require_optuna() -> Any:
    """Return Optuna, silenced: what it has to say is said by us.

    Raises:
        UsageError: If it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise UsageError(
            "optimising needs Optuna, which is not installed",
            hint=pip_install('"tradectl-sdk[optimize]"'),
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def check_sampler(sampler: str, ranges: Sequence[Range], objectives: int) -> None:
    """Refuse a sampler that cannot choose from these ranges for so many objectives.

    Raises:
        UsageError: If it is none, cannot, or is not installed.
    """
    if sampler not in SAMPLERS:
        raise UsageError(f"the sampler was {sampler!r}, expected one of {', '.join(SAMPLERS)}")
    if sampler != "cmaes":
        return
    if objectives > 1:
        raise UsageError(
            "cmaes cannot weigh several objectives, expected one",
            hint="take --sampler nsga2, or tpe",
        )
    listed = next((each.name for each in ranges if each.choices), None)
    if listed is not None:
        raise UsageError(
            f"{listed} is a list of values, which cmaes cannot choose from",
            hint=f"give it a range, such as {listed}=5:50:5, or take --sampler tpe",
        )
    if sum(each.high > each.low for each in ranges) < 2:
        raise UsageError("cmaes needs two ranges or more, expected another", hint="--sampler tpe")
    try:
        importlib.import_module("cmaes")
    except ImportError as error:
        raise UsageError(
            "the sampler cmaes needs the package cmaes, which is not installed",
            hint=pip_install('"tradectl-sdk[cmaes]"'),
        ) from error


def check_pruner(pruner: str, objectives: int) -> None:
    """Refuse a pruner that is none, or cannot judge.

    Raises:
        UsageError: If it is none, or there are several objectives.
    """
    if pruner not in PRUNERS:
        raise UsageError(f"the pruner was {pruner!r}, expected one of {', '.join(PRUNERS)}")
    if pruner != "none" and objectives > 1:
        raise UsageError(
            f"{pruner} stops trials by one objective, and {objectives} were given",
            hint="leave --pruner out, or name one objective",
        )


def make_sampler(sampler: str, own: int) -> Any:
    """Make one of Optuna's samplers."""
    samplers = require_optuna().samplers
    if sampler == "random":
        return samplers.RandomSampler(seed=own)
    if sampler == "nsga2":
        return samplers.NSGAIISampler(seed=own)
    if sampler == "cmaes":
        return samplers.CmaEsSampler(seed=own, warn_independent_sampling=False)
    return samplers.TPESampler(seed=own, n_startup_trials=STARTUP)


def make_pruner(pruner: str, parts: int) -> Any:
    """Make a pruner for trials that are looked at after so many parts before the end."""
    pruners = require_optuna().pruners
    if pruner == "median":
        return pruners.MedianPruner()
    if pruner == "hyperband":
        return pruners.HyperbandPruner(
            min_resource=1, max_resource=GROWTH**parts, reduction_factor=GROWTH
        )
    return pruners.NopPruner()


def distribution(given: Range) -> Any:
    """Return a range as Optuna has it."""
    from optuna import distributions

    if given.choices:
        return distributions.CategoricalDistribution(list(given.choices))
    if isinstance(given.low, int) and isinstance(given.high, int):
        return distributions.IntDistribution(given.low, given.high, step=int(given.step or 1))
    return distributions.FloatDistribution(given.low, given.high, step=given.step)
