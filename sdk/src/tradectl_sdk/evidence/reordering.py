"""What a run could have been with its trades or its returns in another order.

Shuffling keeps every trade and so the final equity; only the way there differs, and with it the
drawdown. Resampling draws trades with replacement, so the final equity differs too. Both treat
trades as independent and their sizes as fixed: streaks that the market makes are lost. Returns are
drawn by the stationary bootstrap, in blocks that keep such streaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.bootstrap import block_length, stationary_indices
from tradectl_sdk.evidence.checking import Floats, at_least, chance, finite_array, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_ONCE = 2_000_000  # values drawn in one piece


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """Outcomes of many paths.

    Attributes:
        final: Final equity of each path, shape (draws,).
        drawdown: Largest share lost from a peak, 1 or more where equity is used up, shape (draws,).
        ruin_probability: Share of the paths whose equity fell to the ruin or below.
    """

    final: Floats
    drawdown: Floats
    ruin_probability: float


def trade_paths(
    profits: npt.ArrayLike,
    equity: float,
    *,
    how: Literal["shuffle", "resample"],
    ruin: float = 0.5,
    draws: int = 2000,
    seed: int = 0,
) -> Paths:
    """Play the trades of a run in other orders.

    Args:
        profits: Net profit of each trade in money, shape (n,).
        equity: Money at the start, above 0.
        how: ``shuffle`` the order, or ``resample`` with replacement.
        ruin: Share of the starting money at which one would have given up.
        draws: Number of paths.
        seed: Of the chance.

    Raises:
        UsageError: For fewer than two trades, missing profits, no money, or another ``how``.
    """
    if how not in {"shuffle", "resample"}:
        raise UsageError(
            f"how was {how!r}, expected shuffle or resample",
            hint="shuffle keeps every trade, resample draws with replacement",
        )
    array = finite_array(profits, "profits")
    at_least(equity, np.finfo(float).tiny, "equity")
    draws = whole_number(draws, 1, "draws")
    generator = chance(seed)

    def draw(count: int) -> Floats:
        return equity + np.cumsum(_drawn(array, count, how, generator), axis=1)

    return _outcomes(draw, array.size, equity, ruin=ruin, draws=draws)


def return_paths(
    returns: npt.ArrayLike,
    equity: float,
    *,
    block: float | None = None,
    ruin: float = 0.5,
    draws: int = 2000,
    seed: int = 0,
) -> Paths:
    """Draw the returns of a run again, in blocks.

    Args:
        returns: Simple returns per period, shape (n,).
        equity: Money at the start, above 0.
        block: Expected block length; chosen by ``block_length`` unless given.
        ruin: Share of the starting money at which one would have given up.
        draws: Number of paths.
        seed: Of the chance.

    Raises:
        UsageError: For fewer than eight returns, missing ones, or no money.
    """
    array = finite_array(returns, "returns", least=8)
    at_least(equity, np.finfo(float).tiny, "equity")
    draws = whole_number(draws, 1, "draws")
    length = block_length(array) if block is None else block
    generator = chance(seed)

    def draw(count: int) -> Floats:
        drawn = array[stationary_indices(array.size, count, length, generator)]
        return np.asarray(equity * np.cumprod(1.0 + drawn, axis=1), np.float64)

    return _outcomes(draw, array.size, equity, ruin=ruin, draws=draws)


def _outcomes(
    draw: Callable[[int], Floats], length: int, equity: float, *, ruin: float, draws: int
) -> Paths:
    """Measure paths, drawn some at a time so that memory stays small."""
    final, depth, lowest = np.empty(draws), np.empty(draws), np.empty(draws)
    step = max(1, _AT_ONCE // length)
    for at in range(0, draws, step):
        part = slice(at, min(at + step, draws))
        path = draw(part.stop - at)
        peak = np.maximum(np.maximum.accumulate(path, axis=1), equity)
        final[part] = path[:, -1]
        depth[part] = (1.0 - path / peak).max(axis=1)
        lowest[part] = path.min(axis=1)
    return Paths(
        final=final,
        drawdown=np.maximum(depth, 0.0),
        ruin_probability=float(np.mean(lowest <= ruin * equity)),
    )


def _drawn(profits: Floats, count: int, how: str, generator: np.random.Generator) -> Floats:
    if how == "resample":
        return profits[generator.integers(0, profits.size, (count, profits.size))]
    return generator.permuted(np.tile(profits, (count, 1)), axis=1)
