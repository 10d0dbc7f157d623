"""How probably the best of many trials was chosen for its luck.

Combinatorially symmetric cross-validation of Bailey, Borwein, Lopez de Prado and Zhu (2017), "The
probability of backtest overfitting": the periods are cut into blocks, every half of the blocks is
in turn the sample that the best trial is chosen from, and the other half tells how good the choice
was. Ratios are per-period Sharpe ratios (ddof 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.checking import Floats, finite_array, whole_number

_AT_ONCE = 2_000_000  # ratios computed in one piece, 16 MB an array
_MOST_BLOCKS = 20  # 184,756 splits
_STILL = 1e-7  # of a trial's mean: less deviation than that is what rounding leaves of none
_TIE = 1e-9  # of a ratio: trials that differ by less did the same


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overfitting:
    """What the splits said.

    Attributes:
        probability: Share of the splits whose choice did no better than the median trial on the
            other half.
        loss_probability: Share of the splits whose choice lost on the other half.
        slope: Of the line through (ratio in sample, ratio out of sample) of the choices; negative
            where what looked better was worse. NaN if the ratios in sample are all equal.
        logits: Log odds of each choice's rank out of sample, shape (splits,).
        in_sample: Ratio of each choice in its sample, shape (splits,).
        out_of_sample: Ratio of each choice on the other half, shape (splits,).
    """

    probability: float
    loss_probability: float
    slope: float
    logits: Floats
    in_sample: Floats
    out_of_sample: Floats


def backtest_overfitting(returns: npt.ArrayLike, *, blocks: int = 16) -> Overfitting:
    """Estimate how probably choosing the best trial is overfitting.

    A trial without any variation in a half has the ratio 0 there: it stayed out. Of equal best
    trials the first is chosen; equal ranks are shared.

    Args:
        returns: Returns per period of every trial, the discarded ones too, shape (periods,
            trials). The oldest ``periods % blocks`` periods are left out.
        blocks: Blocks to cut the periods into, even; 16 make 12,870 splits.

    Raises:
        UsageError: For fewer than two trials, fewer than two periods a block, or missing values.
    """
    array = finite_array(returns, "returns", dimensions=2)
    require_blocks(blocks)
    if array.shape[1] < 2:
        raise UsageError("returns had 1 trial, expected 2 or more", hint="give every trial made")
    finite_array(array, "returns", dimensions=2, least=2 * blocks)
    halves = _Halves.of(array, blocks)
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    member = np.zeros((len(chosen), blocks))
    np.put_along_axis(member, chosen, 1.0, axis=1)
    step = max(1, _AT_ONCE // array.shape[1])
    pieces = [_choices(halves, member[at : at + step]) for at in range(0, len(member), step)]
    logits, inside, outside = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return Overfitting(
        probability=float(np.mean(logits <= 0)),
        loss_probability=float(np.mean(outside < 0)),
        slope=_slope(inside, outside),
        logits=logits,
        in_sample=inside,
        out_of_sample=outside,
    )


def require_blocks(blocks: int) -> None:
    """Refuse a number of blocks that cannot be halved, or in too many ways.

    Raises:
        UsageError: If it is one.
    """
    whole_number(blocks, 0, "blocks")
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS:
        raise UsageError(f"blocks was {blocks}, expected an even number from 2 to {_MOST_BLOCKS}")


@dataclass(frozen=True, slots=True, eq=False)
class _Halves:
    """Sums by block, around each trial's mean so that no digits are lost.

    Attributes:
        sums: Shape (blocks, trials).
        squares: Sums of squares, the same shape.
        centre: Mean of each trial, shape (trials,).
        count: Periods in half of the blocks.
    """

    sums: Floats
    squares: Floats
    centre: Floats
    count: int

    @classmethod
    def of(cls, returns: Floats, blocks: int) -> _Halves:
        rows = returns[returns.shape[0] % blocks :]
        centre = rows.mean(axis=0)
        cut = (rows - centre).reshape(blocks, -1, rows.shape[1])
        return cls(cut.sum(axis=1), np.square(cut).sum(axis=1), centre, rows.shape[0] // 2)

    def ratios(self, member: Floats) -> Floats:
        """Return Sharpe ratios, shape (splits, trials), of the blocks marked with 1."""
        mean = member @ self.sums / self.count
        square = member @ self.squares - self.count * np.square(mean)
        deviation = np.sqrt(np.maximum(square, 0.0) / (self.count - 1))
        mean += self.centre
        rounding = 1e-12 * np.sqrt(self.squares.sum(axis=0) / self.count)
        noise = _STILL * np.abs(self.centre) + rounding
        ratios = np.zeros_like(mean)
        np.divide(mean, deviation, out=ratios, where=deviation > noise)
        return ratios


def _choices(halves: _Halves, member: Floats) -> tuple[Floats, Floats, Floats]:
    """Return log odds of the rank out of sample, and the ratios of the choices in both halves."""
    inside, outside = halves.ratios(member), halves.ratios(1.0 - member)
    best = inside.argmax(axis=1)[:, None]
    found = np.take_along_axis(outside, best, axis=1)
    alike = np.abs(outside - found) <= _TIE * np.abs(found)
    rank = ((outside < found) & ~alike).sum(axis=1) + (alike.sum(axis=1) + 1) / 2
    share = rank / (outside.shape[1] + 1)
    return (
        np.log(share / (1.0 - share)),
        np.take_along_axis(inside, best, axis=1)[:, 0],
        found[:, 0],
    )


def _slope(x: Floats, y: Floats) -> float:
    apart = x - x.mean()
    spread = float(apart @ apart)
    return float(apart @ (y - y.mean())) / spread if spread > 0 else math.nan
