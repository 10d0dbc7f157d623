"""Optuna's TPE for a batch: fitted once, all points of the batch drawn from that fit.

Optuna fits its two densities anew for each point, which takes longer than a trial once there are
some hundred; between the trials of a batch nothing becomes known, so one fit says all. No point is
drawn twice for a batch while others are left.

Where all parameters have few values, as whole numbers and lists do, the fit is ours and the points
are those that Optuna's would give; the densities of all others are Optuna's own.

Imported on use: it needs Optuna, and parts of its TPE that it does not promise to keep; a test says
when they have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import TPESampler
from optuna.samplers._tpe.sampler import _split_trials, default_gamma

from tradectl_sdk.pipelines.optimizing.grid_tpe import GridTpe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.pipelines.optimizing.known import Known

_CANDIDATES = 24  # for each point, as Optuna has it


class BatchTpe:
    """Chooses the points of batches of one study.

    Args:
        study: Optuna's.
        spaces: Distributions of the parameters, Optuna's.
    """

    def __init__(self, study: Any, spaces: Mapping[str, Any]) -> None:
        self._study, self._spaces = study, dict(sorted(spaces.items()))  # as Optuna draws them
        self._grids = GridTpe(self._spaces) if GridTpe.suits(self._spaces) else None

    def points(self, known: Known, seed: int, size: int) -> list[dict[str, Any]]:
        """Draw candidates where good trials are likely, and keep the likeliest of each group.

        Args:
            known: What the fit is made from.
            seed: Of the draw.
            size: Points that are wanted.
        """
        wanted = _CANDIDATES * size
        names = list(self._spaces)
        if self._grids is not None:
            rows, worth = self._grids.candidates(known, seed, wanted)
        else:
            rows, worth = self._fitted(known, seed, wanted)
        return [
            {
                name: self._spaces[name].to_external_repr(rows[place, column].item())
                for column, name in enumerate(names)
            }
            for place in best_of_groups(rows, worth, size)
        ]

    def _fitted(
        self, known: Known, seed: int, wanted: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return candidates and what they are worth by Optuna's own densities."""
        sampler = TPESampler(seed=seed)
        below, above = _split_trials(self._study, known.trials, default_gamma(len(known.trials)))
        estimate = sampler._build_parzen_estimator  # noqa: SLF001 - nothing else gives the fit
        good = estimate(self._study, self._spaces, below, handle_below=True)
        bad = estimate(self._study, self._spaces, above, handle_below=False)
        samples = good.sample(sampler._rng.rng, wanted)  # noqa: SLF001
        worth = sampler._compute_acquisition_func(samples, good, bad)  # noqa: SLF001
        return np.column_stack([samples[name] for name in self._spaces]), worth


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
