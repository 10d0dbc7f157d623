"""Optuna's NSGA-II asked once for what holds for a whole batch: the generation and its parents.

Optuna counts all trials there are for each new one, and compares all their distributions; for each
child it looks through all parents for limits, and for those that are parents already. What is drawn
is left to Optuna, seed by seed, so that a study has the points that Optuna would have given.

Imported on use: it needs Optuna, and parts of its NSGA-II that it does not promise to keep; a test
says when they have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optuna._transform import _SearchSpaceTransform
from optuna.distributions import CategoricalDistribution
from optuna.samplers.nsgaii._constraints_evaluation import _constrained_dominates
from optuna.samplers.nsgaii._crossover import _is_contained, _select_parent, _try_crossover
from optuna.study._multi_objective import _dominates
from optuna.trial import TrialState

from tradectl_sdk.pipelines.optimizing.choosing import make_sampler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.pipelines.optimizing.known import Known


class Genetic:
    """Draws the children of generations of one study.

    Args:
        study: Optuna's.
        spaces: Distributions of the parameters that have a choice, Optuna's.
    """

    def __init__(self, study: Any, spaces: Mapping[str, Any]) -> None:
        self._study, self._spaces = study, dict(spaces)
        self._sampler = make_sampler("nsga2", 0)
        self._key = self._sampler._get_generation_key()  # noqa: SLF001 - as Optuna notes it
        self._counted = 0  # trials looked at
        self._latest, self._size = 0, 0  # generation, and trials of it that are complete
        self._generation = 0
        self._parents: list[Any] | None = None  # of that generation, in order
        self._breed = _Breeding(study, self._spaces, self._sampler)
        self._alone = {
            name: _SearchSpaceTransform({name: space}) for name, space in self._spaces.items()
        }

    def begin(self, known: Known) -> dict[str, int]:
        """See which generation the trials of a batch are of, and return how a trial notes it."""
        for trial in known.trials[self._counted :]:
            own = trial.system_attrs.get(self._key, -1)
            if trial.state != TrialState.COMPLETE or own < self._latest:
                continue
            self._size = self._size + 1 if own == self._latest else 1
            self._latest = own
        self._counted = len(known.trials)
        generation = self._latest + (self._size >= self._sampler.population_size)
        if generation != self._generation:
            self._generation, self._parents = generation, None
        return {self._key: generation}

    def point(self, seed: int) -> dict[str, Any]:
        """Return a child of two parents; what it has from none is drawn from the whole range."""
        sampler = self._sampler
        for rng in (sampler._rng.rng, sampler._random_sampler._rng.rng):  # noqa: SLF001
            rng.seed(seed)  # as a sampler of its own, which takes longer to make than to seed
        parents = self._ancestors()
        child = self._breed.child(parents) if parents else {}
        return {name: child[name] if name in child else self._drawn(name) for name in self._spaces}

    def _drawn(self, name: str) -> Any:
        """Draw a coordinate from its whole range."""
        alone = self._alone[name]
        bounds = alone.bounds
        chance = self._sampler._random_sampler._rng.rng  # noqa: SLF001
        return alone.untransform(chance.uniform(bounds[:, 0], bounds[:, 1]))[name]

    def _ancestors(self) -> list[Any]:
        """The parents: whoever is the first to ask chooses them, and has them in another order."""
        if self._parents is not None:
            return self._parents
        study, generation = self._study, self._generation
        study._thread_local.cached_all_trials = None  # noqa: SLF001 - as whoever is asked does
        parents: list[Any] = self._sampler.get_parent_population(study, generation)
        self._parents = self._sampler.get_parent_population(study, generation)
        return parents


class _Breeding:
    """What Optuna's child generation does, but for what is the same for all children.

    Args:
        study: Optuna's.
        spaces: Distributions of the parameters, Optuna's.
        sampler: Its NSGA-II.
    """

    def __init__(self, study: Any, spaces: Mapping[str, Any], sampler: Any) -> None:
        self._study, self._spaces = study, dict(sorted(spaces.items()))
        strategy = sampler._child_generation_strategy  # noqa: SLF001
        self._rng, self._crossover = strategy._rng, strategy._crossover  # noqa: SLF001
        self._crossing, self._swapping = strategy._crossover_prob, strategy._swapping_prob  # noqa: SLF001
        self._mutating = 1.0 / len(spaces)
        kinds = {name: isinstance(s, CategoricalDistribution) for name, s in self._spaces.items()}
        self._choices = {name: s for name, s in self._spaces.items() if kinds[name]}
        self._numbers = {name: s for name, s in self._spaces.items() if not kinds[name]}
        self._transform = _SearchSpaceTransform(self._numbers) if self._numbers else None
        self._latest: list[Any] = []  # parents that were looked at
        self._dominates = _dominates

    def child(self, parents: list[Any]) -> dict[str, Any]:
        """Return a child of two parents, without what mutates."""
        if parents is not self._latest:
            limited = any(each.constraints for each in parents)
            self._latest, self._dominates = (
                parents,
                _constrained_dominates if limited else _dominates,
            )
        rng = self._rng.rng
        if rng.rand() < self._crossing:
            found = self._crossed(parents, rng)
        else:
            found = parents[rng.choice(len(parents))].params
            found = {name: found[name] for name in self._spaces}
        return {name: value for name, value in found.items() if rng.rand() >= self._mutating}

    def _crossed(self, parents: list[Any], rng: Any) -> dict[str, Any]:
        while True:  # until it lies inside the ranges
            first = _select_parent(self._study, parents, rng, self._dominates)
            others = [each for each in parents if each is not first]
            second = _select_parent(self._study, others, rng, self._dominates)
            found: dict[str, Any] = _try_crossover(
                [first, second], self._crossover, self._study, rng, self._swapping,
                self._choices, self._numbers, self._transform,
            )  # fmt: skip
            if _is_contained(found, self._spaces):
                return found
