"""Whether an entry rule knows anything, asked before its parameters are tuned.

The rule's positions earn the market's returns less their mean (Aronson 2006, "Evidence-based
technical analysis"), so that a rising market alone earns nothing. Three questions are put:

- *random entries*: would as many positions, held as long and in the same direction, have earned as
  much when entered at random times?
- *rotation*: would the same positions have earned as much at another time? All rotations of the
  positions against the returns are computed at once, with no chance in it; streaks of both stay
  whole;
- *bootstrap*: is the mean of what was earned above 0, by the stationary bootstrap?

Several markets are pooled as equal shares of one account. What is drawn is then drawn for all of
them at once: the same rotation, the same days. Markets that move together, and positions that are
taken together, stay together, so that many of them are not taken for as much evidence as they look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.bootstrap import block_length, bootstrap_statistic
from tradectl_sdk.evidence.checking import Floats, Integers, chance, finite_array, whole_number
from tradectl_sdk.evidence.p_values import resampled_p_value

_AT_ONCE = 500_000  # entries drawn in one piece


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EntryEvidence:
    """What the rule's timing is worth before costs.

    Attributes:
        mean: Mean return per period above what the same exposure earned anyway.
        entries: Positions taken: how many decisions were tested.
        held: Share of the periods with a position.
        p_value: Probability that random entries earn as much; small speaks for the rule.
        drawn: Mean return per period of each set of random entries, shape (draws,).
        rotation: Share of all rotations that earned as much.
        bootstrap: Probability of such a mean if the true one were 0.
        block: Expected block length of that bootstrap.
        markets: How many are pooled.
        independent: As how many independent markets they count.
    """

    mean: float
    entries: int
    held: float
    p_value: float
    drawn: Floats
    rotation: float
    bootstrap: float
    block: float
    markets: int = 1
    independent: float = 1.0


def entry_evidence(
    positions: npt.ArrayLike, returns: npt.ArrayLike, *, draws: int = 2000, seed: int = 0
) -> EntryEvidence:
    """Test the timing of a rule.

    Args:
        positions: Held during each period, decided before it, such as -1, 0 and 1, shape (n,).
        returns: The market's simple returns of the same periods, shape (n,).
        draws: Sets of random entries, and samples of the bootstrap.
        seed: Of the chance.

    Raises:
        UsageError: For lengths that differ, too few or missing values, or positions that never
            change.
    """
    held = finite_array(positions, "positions", least=8)
    market = finite_array(returns, "returns", least=8)
    if held.size != market.size:
        raise UsageError(f"positions had length {held.size}, expected {market.size} as returns")
    _check_decided(held)
    draws = whole_number(draws, 1, "draws")
    apart = market - market.mean()
    earned = held * apart
    mean, length = float(earned.mean()), block_length(earned)
    resampled = bootstrap_statistic(
        earned - mean, lambda samples: samples.mean(axis=1), draws=draws, block=length, seed=seed
    )
    drawn = _random_entries(held, apart, draws, chance(seed))
    return EntryEvidence(
        mean=mean,
        entries=len(_spans(held)[0]),
        held=float(np.mean(held != 0)),
        p_value=_as_good(drawn, mean),
        drawn=drawn,
        rotation=_rotations_as_good(held, apart),
        bootstrap=_as_good(resampled, mean),
        block=length,
    )


def joint_entry_evidence(
    positions: npt.ArrayLike, returns: npt.ArrayLike, *, draws: int = 2000, seed: int = 0
) -> EntryEvidence:
    """Test the timing of a rule in several markets at once.

    Chance is all rotations of the positions, the same in every market; ``p_value`` and ``drawn``
    are of these. A market that was closed earned nothing, and its position stayed.

    Args:
        positions: Held during each period in each market, shape (n, markets).
        returns: The markets' simple returns, shape (n, markets).
        draws: Samples of the bootstrap.
        seed: Of the chance.

    Raises:
        UsageError: For shapes that differ, too few or missing values, or positions that never
            change.
    """
    held = finite_array(positions, "positions", dimensions=2, least=8)
    market = finite_array(returns, "returns", dimensions=2, least=8)
    if held.shape != market.shape:
        raise UsageError(f"positions had shape {held.shape}, expected {market.shape} as returns")
    _check_decided(held)
    draws = whole_number(draws, 1, "draws")
    apart = market - market.mean(axis=0)
    each = held * apart
    earned = each.mean(axis=1)
    mean, length = float(earned.mean()), block_length(earned)
    resampled = bootstrap_statistic(
        earned - mean, lambda samples: samples.mean(axis=1), draws=draws, block=length, seed=seed
    )
    pairs = zip(held.T, apart.T, strict=True)
    rotated = np.sum([_rotated(*pair) for pair in pairs], axis=0) / held.size
    noise = 1e-9 * np.abs(held).max() * np.abs(apart).sum() / held.size
    chance = _others_as_good(rotated, noise)
    return EntryEvidence(
        mean=mean,
        entries=sum(len(_spans(one)[0]) for one in held.T),
        held=float(np.mean(held != 0)),
        p_value=chance,
        drawn=rotated,
        rotation=chance,
        bootstrap=_as_good(resampled, mean),
        block=length,
        markets=held.shape[1],
        independent=_independent(each),
    )


def _check_decided(held: Floats) -> None:
    if not np.count_nonzero(np.diff(held, axis=0)):
        raise UsageError(
            "the position never changed, so there is no decision to test",
            hint="use more bars, or parameters with which the strategy trades",
        )


def _independent(each: Floats) -> float:
    """As how many independent ones of their mean variance columns count, by that of their mean."""
    together = float(np.var(each.mean(axis=1)))
    alone = float(np.var(each, axis=0).mean())
    return min(alone / together, float(each.shape[1])) if together > 0.0 else 1.0


def _as_good(drawn: Floats, mean: float) -> float:
    """How probably chance reaches the mean, but for rounding."""
    noise = 1e-12 * abs(mean)
    return resampled_p_value(int(np.count_nonzero(drawn >= mean - noise)), drawn.size)


def _spans(held: Floats) -> tuple[Integers, Integers]:
    """Return where each position begins, and how long it is held."""
    edges = np.concatenate(([0], np.flatnonzero(np.diff(held)) + 1, [held.size]))
    begin, length = edges[:-1], np.diff(edges)
    taken = held[begin] != 0
    return begin[taken], length[taken]


def _random_entries(
    held: Floats, apart: Floats, draws: int, generator: np.random.Generator
) -> Floats:
    """Enter the same positions, in random order, at random ones of the flat periods."""
    begin, length = _spans(held)
    size, flat = held[begin], held.size - int(length.sum())
    sums = np.concatenate(([0.0], np.cumsum(apart)))
    step = max(1, _AT_ONCE // begin.size)
    pieces = []
    for count in (min(step, draws - done) for done in range(0, draws, step)):
        order = generator.permuted(np.tile(np.arange(begin.size), (count, 1)), axis=1)
        gaps = np.sort(generator.integers(0, flat + 1, (count, begin.size)), axis=1)
        lasting = length[order]
        end = gaps + np.cumsum(lasting, axis=1)
        earned = size[order] * (sums[end] - sums[end - lasting])
        pieces.append(earned.sum(axis=1) / held.size)
    return np.concatenate(pieces)


def _rotations_as_good(held: Floats, apart: Floats) -> float:
    noise = 1e-9 * np.abs(held).max() * np.abs(apart).sum()
    return _others_as_good(_rotated(held, apart), noise)


def _others_as_good(earned: Floats, noise: float) -> float:
    """Share of the rotations that earn as much as none, which is the first, itself included."""
    others = earned[1:]
    return resampled_p_value(int(np.count_nonzero(others >= earned[0] - noise)), others.size)


def _rotated(held: Floats, apart: Floats) -> Floats:
    """Return what each rotation of the positions earned in sum, none first."""
    earned: Floats = np.fft.irfft(np.conj(np.fft.rfft(held)) * np.fft.rfft(apart), held.size)
    return earned
