"""What a p-value that was estimated by drawing is."""

from __future__ import annotations

from tradectl_sdk.evidence.checking import whole_number


def resampled_p_value(as_good: int, draws: int) -> float:
    """Estimate how probably chance does as well as what was observed.

    ``(k + 1) / (n + 1)``, since under the hypothesis what was observed is one more draw (Davison
    and Hinkley 1997, "Bootstrap methods and their application", section 4.2.1). It is never 0,
    which no number of draws can show, and a test that rejects at a level of ``j / (n + 1)`` is
    wrong that often at most, where ``k / n`` is wrong more often (Phipson and Smyth 2010).

    Args:
        as_good: Draws that did as well or better, k, not counting what was observed.
        draws: How many there were, n, 1 or more.

    Returns:
        A probability from ``1 / (n + 1)`` to 1.

    Raises:
        UsageError: For no draws at all.
    """
    draws = whole_number(draws, 1, "draws")
    return (as_good + 1) / (draws + 1)
