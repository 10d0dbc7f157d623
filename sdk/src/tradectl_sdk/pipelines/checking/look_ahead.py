"""Does the strategy know what comes? What it holds and does must not depend on later bars."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.pipelines.checking.cutting import LEAST, Subject, part, spread
from tradectl_sdk.pipelines.checking.leaves import differing
from tradectl_sdk.pipelines.checking.outside import beside, taken_away, without_the_rest
from tradectl_sdk.pipelines.checking.peeks import Peek, first_difference
from tradectl_sdk.pipelines.checking.watching import Story, watch
from tradectl_sdk.pipelines.checks import Check, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.pipelines.checking.outside import Beside
    from tradectl_sdk.strategy import Strategy

RUN_CUTS, ORDER_CUTS = 16, 6


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
            peek = first_difference(name, made, later, closes, cut)
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


def _places(subject: Subject, created: np.ndarray[Any, Any]) -> list[int]:
    times = subject.times
    first = max(LEAST, int(np.searchsorted(times, subject.earliest, side="right")) + 1)
    if first >= len(times):
        first = LEAST
    draw = random.Random(subject.seed)  # noqa: S311 - places to cut, no secret
    early = created[: np.searchsorted(created, times[-2])]
    after = sorted({p for p in (np.searchsorted(times, early) + 1).tolist() if p >= first})
    chosen = draw.sample(after, min(ORDER_CUTS, len(after)))
    return sorted({*chosen, *spread(draw, first, len(times), RUN_CUTS)})


def _moments(subject: Subject) -> list[int]:
    opened = [one.bars.time[: subject.bars] for one in subject.job.series]
    moments: list[int] = np.concatenate([subject.times, *opened]).tolist()
    return moments
