"""Does the strategy know what comes? What it holds and does must not depend on later bars."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.pipelines.checking.cutting import Subject, bars_until, part
from tradectl_sdk.pipelines.checking.leaves import differing
from tradectl_sdk.pipelines.checking.outside import beside, taken_away, without_the_rest
from tradectl_sdk.pipelines.checking.watching import Story, watch
from tradectl_sdk.pipelines.checking.words import moment, number
from tradectl_sdk.pipelines.checks import Check, placed
from tradectl_sdk.pipelines.prepared import make_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradectl_sdk.pipelines.checking.outside import Beside
    from tradectl_sdk.strategy import Strategy

LEAST = 20  # bars before and after a cut
RUN_CUTS, ORDER_CUTS = 16, 6
COLUMN_CUTS, STANDSTILLS = 32, 16
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


def look_ahead(subject: Subject) -> Check:
    """What a strategy holds and decides is the same when the data end earlier.

    The run is repeated on data cut short at random bars and right after bars on which it ordered.
    After each bar up to the cut, the attributes of the strategy and its orders must be the same,
    so that one that never trades is seen through as well. What its code reaches outside the run,
    one value for each bar, is cut along.
    """
    times = subject.times
    if len(times) < 2 * LEAST:
        return Check(
            name="look-ahead", status="skip",
            text=f"{len(times)} bars are too few to cut, expected at least {2 * LEAST}",
        )  # fmt: skip
    plan = part(subject, int(times[-1]))
    whole = watch(plan)
    outcome = whole.finished
    lengths = {len(one.bars) for one in subject.job.series} | {
        len(one.time) for one in plan.columns
    }
    outside = beside(subject.job.found.cls, lengths, _moments(subject))
    places = _places(subject, outcome.orders["created"])
    for place in places:
        found = _peek(subject, whole, outside, lengths, int(times[place - 1]))
        if found is not None:
            again = watch(plan, columns=list(whole.columns))
            if again.digests != whole.digests:
                return Check(
                    name="look-ahead", status="skip",
                    text="it holds other values each time it runs on the same data",
                )  # fmt: skip
            return found.check("look-ahead")
    also = f", {len(outside)} of its arrays outside the run cut along" if outside else ""
    return Check(
        name="look-ahead",
        status="ok",
        text=f"all it holds and orders is the same on data cut at {len(places)} places among "
        f"{len(times):,} bars{also}",
        facts={"cuts": len(places), "bars": len(times), "outside": [one.name for one in outside]},
    )


def columns(subject: Subject) -> Check:
    """Columns prepared before the run have the same rows when they are made of fewer bars.

    Columns given as functions of the bars are made again on data cut at random bars, and inside
    stretches where they stand still, which is where filling backwards shows. Columns given as
    values cannot be made again.
    """
    signals = subject.job.plan.signals
    if not signals:
        return Check(name="prepared columns", status="skip", text="the run has none")
    for name, maker in subject.makers.items():
        for index, values in enumerate(signals[name]):
            for place in _column_places(subject, index, values):
                closes = subject.job.plan.columns[index].time
                cut = int(closes[place - 1])
                made = make_column(maker, bars_until(subject, cut)[index])
                peek = _first_difference(name, made, values[:place], closes, cut)
                if peek is not None:
                    return peek.check("prepared columns")
    fixed = sorted(set(signals) - set(subject.makers))
    if fixed:
        text = f"{', '.join(fixed)} cannot be made again; give the function that makes them of bars"
        return Check(name="prepared columns", status="warn", text=text, facts={"fixed": fixed})
    names = ", ".join(sorted(subject.makers))
    text = f"{names}: the same rows when made again on data cut at {COLUMN_CUTS} places"
    return Check(name="prepared columns", status="ok", text=text)


def _peek(
    subject: Subject, whole: Story, outside: Sequence[Beside], lengths: set[int], cut: int
) -> Peek | None:
    """What was another one without the bars after a cut, if anything was."""
    plan = part(subject, cut)
    rows = len(plan.columns[0].time)

    def started(strategy: Strategy) -> None:
        held = vars(strategy)
        for name in whole.columns:  # read from elsewhere, for they are longer than the data
            if name in held and len(held[name]) != rows and len(held[name]) in lengths:
                held[name] = without_the_rest(held[name], rows, cut)

    def retell(*keep: int) -> Story:
        with taken_away(outside, rows, cut):
            return watch(plan, keep=keep, columns=list(whole.columns), started=started)

    story = retell()
    place = _first_other(story, whole, subject.earliest)
    if place is not None:
        kept = watch(part(subject, int(subject.times[-1])), keep={place}, columns=[*whole.columns])
        now, later = retell(place).kept.get(place, {}), kept.kept.get(place, {})
        name, first, second = differing(now, later) or ("what it holds", None, None)
        return Peek(name=name, time=whole.times[place], cut=cut, now=first, later=second)
    if story.raised:
        text = f"it raises ({story.raised})"
        return Peek(name="a bar", time=cut, cut=cut, now=text, later="it does not")
    return _column_peek(subject, story, whole, rows, cut) or _order_peek(story, whole, cut)


def _first_other(story: Story, whole: Story, earliest: int) -> int | None:
    for place, (mine, theirs) in enumerate(zip(story.digests, whole.digests, strict=False)):
        if mine != theirs and whole.times[place] >= earliest:
            return place
    return None


def _column_peek(subject: Subject, story: Story, whole: Story, rows: int, cut: int) -> Peek | None:
    """Attributes that hold a value for each bar, made when the strategy started."""
    closes = subject.job.plan.columns[0].time
    for name, values in whole.columns.items():
        made = np.asarray(story.columns.get(name, ()))[:rows]
        later = np.asarray(values)[:rows]
        if made.dtype.kind in "fiub" and made.ndim == 1:
            peek = _first_difference(name, made, later, closes, cut)
            if peek is not None:
                return peek
    return None


def _order_peek(story: Story, whole: Story, cut: int) -> Peek | None:
    if placed(story.finished, cut) == placed(whole.finished, cut):
        return None
    counts = [
        int(np.searchsorted(one.finished.orders["created"], cut, side="right"))
        for one in (story, whole)
    ]
    words = [f"{count} orders by then" for count in counts]
    return Peek(name="what it ordered", time=cut, cut=cut, now=words[0], later=words[1])


def _first_difference(
    name: str, now: Any, later: Any, closes: np.ndarray[Any, Any], cut: int
) -> Peek | None:
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


def _places(subject: Subject, created: np.ndarray[Any, Any]) -> list[int]:
    times = subject.times
    first = max(LEAST, int(np.searchsorted(times, subject.earliest, side="right")) + 1)
    if first >= len(times):
        first = LEAST
    draw = random.Random(subject.seed)  # noqa: S311 - places to cut, no secret
    early = created[: np.searchsorted(created, times[-2])]
    after = sorted({p for p in (np.searchsorted(times, early) + 1).tolist() if p >= first})
    chosen = draw.sample(after, min(ORDER_CUTS, len(after)))
    return sorted({*chosen, *_spread(draw, first, len(times), RUN_CUTS)})


def _column_places(subject: Subject, index: int, values: np.ndarray[Any, Any]) -> list[int]:
    """Where to make a column again: spread, and where the next value is the same."""
    rows = min(len(values), len(subject.job.series[index].bars))
    if rows < 2 * LEAST:
        return []
    draw = random.Random(subject.seed)  # noqa: S311 - places to cut, no secret
    still = (
        np.flatnonzero(values[LEAST : rows - 1] == values[LEAST + 1 : rows]) + LEAST + 1
    ).tolist()
    chosen = draw.sample(still, min(STANDSTILLS, len(still)))
    return sorted({*chosen, *_spread(draw, LEAST, rows, COLUMN_CUTS)})


def _spread(draw: random.Random, first: int, end: int, count: int) -> Iterator[int]:
    """Yield one random place in each of as many equal stretches."""
    step = (end - first) / count
    for number_ in range(count):
        yield min(first + int((number_ + draw.random()) * step), end - 1)


def _moments(subject: Subject) -> list[int]:
    opened = [one.bars.time[: subject.bars] for one in subject.job.series]
    moments: list[int] = np.concatenate([subject.times, *opened]).tolist()
    return moments
