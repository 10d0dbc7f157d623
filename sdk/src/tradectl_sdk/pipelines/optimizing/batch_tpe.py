"""Optuna's TPE for a batch: fitted once, all points of the batch drawn from that fit.

Optuna fits its two densities anew for each point, which takes longer than a trial once there are
some hundred; between the trials of a batch nothing becomes known, so one fit says all. The
densities are Optuna's own. No point is drawn twice for a batch while others are left.

Imported on use: it needs Optuna, and parts of its TPE that it does not promise to keep; a test says
when they have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import TPESampler
from optuna.samplers._tpe.sampler import _split_trials, default_gamma
from optuna.trial import TrialState

from tradectl_sdk.pipelines.optimizing.choosing import STARTUP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_CANDIDATES = 24  # for each point, as Optuna has it


class BatchTpe(TPESampler):
    """Chooses the points of one batch.

    Args:
        seed: Of the draw.
        size: Points that are wanted.
        skipped: Points that were asked for before, by a process that is no more.
    """

    def __init__(self, seed: int, size: int, skipped: int) -> None:
        super().__init__(seed=seed, n_startup_trials=STARTUP, constant_liar=False)
        self._size, self._skipped = size, skipped
        self._points: list[dict[str, Any]] | None = None

    def _sample(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        del trial
        if self._points is None:
            self._points = self._drawn(study, search_space)[self._skipped :]
        point = self._points.pop(0)
        return {name: kind.to_external_repr(point[name]) for name, kind in search_space.items()}

    def _drawn(self, study: Any, space: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Draw candidates where good trials are likely, and keep the likeliest of each group."""
        known = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        below, above = _split_trials(study, known, default_gamma(len(known)))
        good = self._build_parzen_estimator(study, dict(space), below, handle_below=True)
        bad = self._build_parzen_estimator(study, dict(space), above, handle_below=False)
        samples = good.sample(self._rng.rng, _CANDIDATES * self._size)
        worth = self._compute_acquisition_func(samples, good, bad)
        rows = np.column_stack([samples[name] for name in space])
        return [
            {name: rows[place, column].item() for column, name in enumerate(space)}
            for place in best_of_groups(rows, worth, self._size)
        ]


def best_of_groups(
    rows: NDArray[np.float64], worth: NDArray[np.float64], groups: int
) -> Sequence[int]:
    """Return the place of the best row of each group, one that no group before has, if it can be.

    Args:
        rows: Candidates, shape (n, parameters), one group after the other.
        worth: Of each, more is better, shape (n,).
        groups: How many there are.
    """
    chosen: list[int] = []
    taken: set[bytes] = set()
    for places in np.array_split(np.arange(len(rows)), groups):
        ranked = places[np.argsort(-worth[places], kind="stable")]
        fresh = (place for place in ranked if rows[place].tobytes() not in taken)
        chosen.append(int(next(fresh, ranked[0])))
        taken.add(rows[chosen[-1]].tobytes())
    return chosen
