"""A value that was another one when later bars were missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tradectl_sdk.pipelines.checking.words import moment, number
from tradectl_sdk.pipelines.checks import Check

# Columns may be summed up in another order when there are fewer rows; looking ahead is coarser.
_RELATIVE, _ABSOLUTE = 1e-6, 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """A value that was another one when later bars were missing.

    Attributes:
        name: What holds the value.
        time: When the bar closed that it stands beside, UTC nanoseconds.
        cut: When the last bar closed that was there.
        now: The value then.
        later: The value with the later bars.
    """

    name: str
    time: int
    cut: int
    now: Any
    later: Any

    def check(self, name: str) -> Check:
        """Return it as a finding."""
        text = (
            f"{self.name} at {moment(self.time)} is {number(self.now)} when the data end at "
            f"{moment(self.cut)}, and {number(self.later)} with the bars after that"
        )
        facts = {
            "name": self.name, "time": moment(self.time), "cut": moment(self.cut),
            "now": self.now, "later": self.later,
        }  # fmt: skip
        return Check(name=name, status="fail", text=text, facts=facts)


def first_difference(
    name: str, now: Any, later: Any, closes: np.ndarray[Any, Any], cut: int
) -> Peek | None:
    """Compare the rows of a column made of fewer bars with the same rows made of all.

    Args:
        name: The column's.
        now: Its rows up to the cut, made of the bars up to the cut.
        later: The same rows, made of all bars.
        closes: When the bars beside them closed.
        cut: When the last bar before the cut closed.
    """
    if len(now) != len(later):
        return Peek(name=f"the length of {name}", time=cut, cut=cut, now=len(now), later=len(later))
    finite = np.abs(later[np.isfinite(later)]) if later.dtype.kind == "f" else np.abs(later)
    scale = float(finite.max()) if finite.size else 0.0
    same = np.isclose(now, later, rtol=_RELATIVE, atol=_ABSOLUTE * scale, equal_nan=True)
    if same.all():
        return None
    row = int(np.flatnonzero(~same)[0])
    time = int(closes[row])
    return Peek(name=name, time=time, cut=cut, now=now[row].item(), later=later[row].item())
