"""Windows of time that a sweep goes over: given one by one, or as equal parts of the data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.catalog import nanoseconds
from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.series import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.pipelines.series import LoadedSeries

LEAST = 2  # bars of a window
_BETWEEN = re.compile(r":(?=\d{4}-|$)|^:")  # a time of day has colons, too


@dataclass(frozen=True, slots=True)
class Span:
    """When bars of one account open, and when the last one is over, in nanoseconds UTC."""

    opens: NDArray[np.int64]
    end: int

    @classmethod
    def of(cls, series: Sequence[LoadedSeries]) -> Span:
        """Take all series of an account together, each moment once."""
        opens = _merged([one.bars.time for one in series])
        return cls(opens, max(int(one.bars.close_time[-1]) for one in series))


def read_windows(given: Sequence[str]) -> list[Window]:
    """Read windows such as ``2010-01-01:2015-01-01``; a side may be left out.

    Raises:
        UsageError: If one has another form, ends before it begins, or is there twice; or there
            are none.
    """
    found = [_window(text) for text in given]
    if not found:
        raise UsageError("there are no windows, expected at least one", hint=_HINT)
    twice = next((one for one in found if found.count(one) > 1), None)
    if twice is not None:
        raise UsageError(f"the window {name_of(twice)} was given twice, expected it once")
    return found


def name_of(window: Window) -> str:
    """Write a window as :func:`read_windows` takes it."""
    return f"{window.start or ''}:{window.end or ''}"


def equal_windows(spans: Sequence[Span], count: int) -> list[Window]:
    """Cut the time that all accounts have bars in into parts of as many bars, or one more.

    Raises:
        UsageError: If there is no such time, or not enough of it.
    """
    if count < 1:
        raise UsageError(f"the number of windows was {count}, expected at least 1")
    first, end = max(int(one.opens[0]) for one in spans), min(one.end for one in spans)
    opens = _merged([one.opens for one in spans])
    opens = opens[(opens >= first) & (opens < end)]
    if len(opens) < count * LEAST:
        raise UsageError(
            f"{count:,} windows take {count * LEAST:,} bars, expected at most the {len(opens):,} "
            + ("that all instruments have" if len(spans) > 1 else "there are"),
            hint="take fewer windows",
        )
    edges = [int(opens[len(opens) * part // count]) for part in range(count)]
    names = [_moment(edge) for edge in (*edges, end)]
    return [Window(*pair) for pair in pairwise(names)]


def check_within(window: Window, span: Span, whose: str) -> None:
    """Refuse a window that reaches beyond the bars there are: it would seem longer than it is.

    Less than the longest pause between two bars is no matter: nobody trades on a holiday.

    Raises:
        UsageError: If it does, with how to write it instead.
    """
    start, end = nanoseconds(window.start), nanoseconds(window.end)
    first, last = int(span.opens[0]), int(span.opens[-1])
    pause = int(np.diff(span.opens).max(initial=0))
    early = start is not None and start < first and start <= first - pause
    late = end is not None and end > max(span.end, last + pause)
    if not (early or late):
        return
    mended = Window(None if early else window.start, None if late else window.end)
    outside = early and end is not None and end <= first
    outside |= late and start is not None and start >= span.end
    raise UsageError(
        f"the window {name_of(window)} reaches beyond the bars of {whose}, which are from "
        f"{_moment(first)} to {_moment(span.end)}",
        hint=_HINT if outside else f"leave that side out: {name_of(mended)}",
    )


def check_filled(series: Sequence[LoadedSeries], window: Window) -> None:
    """Refuse a window that makes no backtest.

    Raises:
        UsageError: If it has too few bars of a series.
    """
    for one in series:
        if len(one.bars) < LEAST:
            raise UsageError(
                f"the window {name_of(window)} has {len(one.bars)} bar of "
                f"{one.bars.instrument.id}, expected at least {LEAST}",
                hint="take longer windows",
            )


def _merged(times: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return moments of several rising columns, each once; what is equal need not be sorted."""
    first, *rest = times
    if all(np.array_equal(first, other) for other in rest):
        return first
    every: NDArray[np.int64] = np.sort(np.concatenate(times))
    found: NDArray[np.int64] = every[np.append(True, np.diff(every) > 0)]
    return found


_HINT = "such as 2010-01-01:2015-01-01, or 2015-01-01: for all since then"


def _window(text: str) -> Window:
    parts = [part.strip() for part in _BETWEEN.split(text.strip())]
    if len(parts) != 2:
        raise UsageError(f"the window was {text!r}, expected FROM:TO", hint=_HINT)
    window = Window(parts[0] or None, parts[1] or None)
    start, end = nanoseconds(window.start), nanoseconds(window.end)
    if start is not None and end is not None and start >= end:
        raise UsageError(f"the window {text} is empty: it ends before it begins", hint=_HINT)
    return window


def _moment(time: int) -> str:
    """Write a moment as short as it can be: a day, or down to what it needs."""
    text = str(np.datetime64(time, "ns"))
    for zeros in ("000", "000", ".000", ":00"):
        text = text.removesuffix(zeros)
    return text.removesuffix("T00:00")
