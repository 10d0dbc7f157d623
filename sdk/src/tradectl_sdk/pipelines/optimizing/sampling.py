"""Which points trials get: each has a chance of its own, whatever was drawn before.

Imported on use: it needs Optuna.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.pipelines.optimizing.choosing import STARTUP, make_sampler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.pipelines.optimizing.known import Known


class Sampling:
    """Chooses points without Optuna's way of asking where that gives the same ones.

    Args:
        study: Optuna's.
        spaces: Distributions of the parameters, Optuna's.
        sampler: One of ``SAMPLERS``.
        seed: Of all of them.
        batch: Trials that are chosen at once.
        objectives: How many there are.
        apart: Whether Optuna takes trials for several studies, as hyperband does.

    Attributes:
        notes: What Optuna is to find noted of each trial of the present batch.
    """

    def __init__(
        self,
        study: Any,
        spaces: Mapping[str, Any],
        *,
        sampler: str,
        seed: int,
        batch: int,
        objectives: int,
        apart: bool,
    ) -> None:
        self._study, self._sampler, self._seed, self._batch = study, sampler, seed, batch
        self._spaces = spaces
        self._open = {name: space for name, space in spaces.items() if not space.single()}
        self._only = {
            name: space.to_external_repr(_lowest(space))
            for name, space in spaces.items()
            if space.single()
        }
        known_whole = not apart and bool(self._open)
        self._at_once = known_whole and sampler == "tpe" and batch > 1 and objectives == 1
        self._bred = known_whole and sampler == "nsga2"
        self._tpe: Any = None
        self._genetic: Any = None
        self._chance: Any = None
        self._points: list[dict[str, Any]] = []
        self.notes: Mapping[str, Any] = {}

    def begin(self, known: Known) -> None:
        """Let what was fitted for a batch go: more is known now."""
        self._points = []
        if self._bred:
            if self._genetic is None:
                from tradectl_sdk.pipelines.optimizing.genetic import Genetic

                self._genetic = Genetic(self._study, self._open)
            self.notes = self._genetic.begin(known)

    def point(self, number: int, known: Known) -> dict[str, Any] | None:
        """Return the point of a trial; None if Optuna is to be asked for one.

        Args:
            number: Of the trial, among all that were ever asked for.
            known: What is known when its batch begins.
        """
        if self._sampler == "random":
            point = self._random(number)
        elif self._bred:
            point = self._genetic.point(own_seed(self._seed, number))
        elif self._at_once and len(known.trials) >= STARTUP:
            if not self._points:
                self._points = self._fitted(number, known)
            point = self._points.pop(0)
        else:
            return None
        whole = {**self._only, **point}
        return {name: whole[name] for name in self._spaces}

    def asking(self, number: int) -> Any:
        """Return Optuna's sampler for one trial."""
        return make_sampler(self._sampler, own_seed(self._seed, number))

    def _random(self, number: int) -> dict[str, Any]:
        if self._chance is None:
            self._chance = self.asking(number)
        # As a sampler of its own, which takes longer to make than to seed.
        self._chance._rng.rng.seed(own_seed(self._seed, number))  # noqa: SLF001
        return {
            name: self._chance.sample_independent(self._study, None, name, space)
            for name, space in self._open.items()
        }

    def _fitted(self, number: int, known: Known) -> list[dict[str, Any]]:
        """Draw a batch, and leave out what was asked for before, by a process that is no more."""
        if self._tpe is None:
            from tradectl_sdk.pipelines.optimizing.batch_tpe import BatchTpe

            self._tpe = BatchTpe(self._study, self._open)
        skipped = (number - known.first) % self._batch
        seed = own_seed(self._seed, number - skipped)
        points: list[dict[str, Any]] = self._tpe.points(known, seed, self._batch)
        return points[skipped:]


def own_seed(seed: int, number: int) -> int:
    """Return the seed of one trial."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _lowest(space: Any) -> Any:
    """The first value of a distribution, as Optuna numbers it."""
    return getattr(space, "low", 0)
