"""Bars that could as well have been: the same market, read a little differently.

A strategy that knows something earns about as much when every price is off by a fraction of what a
bar moves anyway. One that was fitted to these very bars does not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.checking import Floats, Integers, at_least, finite_array


def noised_prices(
    prices: npt.ArrayLike, *, noise: float, generator: np.random.Generator
) -> Integers:
    """Move every price by chance, and keep bars what bars are.

    Each of the four prices is multiplied by the exponential of a normal draw of its own whose
    deviation is ``noise`` times the middle bar's range as a share of its close. The highest and
    lowest of the four are the new high and low. Nothing adds up: closes stay near where they were.

    Args:
        prices: Open, high, low and close in ticks, above 0, shape (4, n).
        noise: Deviation as a share of the middle bar's range, 0 or more.
        generator: Source of chance.

    Returns:
        The same in whole ticks, 1 at least, shape (4, n).

    Raises:
        UsageError: For negative noise, or bars without a range to measure it by.
    """
    ticks = finite_array(prices, "prices", dimensions=2, least=4)
    at_least(noise, 0.0, "noise")
    middle = float(np.median((ticks[1] - ticks[2]) / ticks[3]))
    if noise > 0 and not middle > 0:
        raise UsageError(
            "most bars have one price only, so there is no range to measure noise by",
            hint="use longer bars, or leave the noise out",
        )
    moved: Floats = ticks * np.exp(noise * middle * generator.standard_normal(ticks.shape))
    moved = np.maximum(np.rint(moved), 1.0)
    return np.stack([moved[0], moved.max(axis=0), moved.min(axis=0), moved[3]]).astype(np.int64)
