"""Optuna's NSGA-II asked once for what holds for a whole batch: the generation and its parents.

Optuna counts all trials there are for each new one, and compares all their distributions. What is
drawn is left to Optuna, seed by seed, so that a study has the points that Optuna would have given.

Imported on use: it needs Optuna, and parts of its NSGA-II that it does not promise to keep; a test
says when they have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        child: dict[str, Any] = {}
        if parents := self._ancestors():
            breed = sampler._child_generation_strategy  # noqa: SLF001
            child = breed(self._study, dict(sorted(self._spaces.items())), parents)
        return {
            name: child[name]
            if name in child
            else sampler.sample_independent(self._study, None, name, space)
            for name, space in self._spaces.items()
        }

    def _ancestors(self) -> list[Any]:
        """The parents: whoever is the first to ask chooses them, and has them in another order."""
        if self._parents is not None:
            return self._parents
        study, generation = self._study, self._generation
        study._thread_local.cached_all_trials = None  # noqa: SLF001 - as whoever is asked does
        parents: list[Any] = self._sampler.get_parent_population(study, generation)
        self._parents = self._sampler.get_parent_population(study, generation)
        return parents
