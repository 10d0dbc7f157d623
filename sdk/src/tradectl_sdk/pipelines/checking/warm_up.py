"""After how many bars does it no longer matter where the data begin?"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.engine.build import longest_warmup
from tradectl_sdk.pipelines.checking.cutting import Subject, part
from tradectl_sdk.pipelines.checking.watching import watch
from tradectl_sdk.pipelines.checking.words import count
from tradectl_sdk.pipelines.checks import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tradectl_sdk.engine import Outcome
    from tradectl_sdk.strategy import Strategy

STARTS = 3
AFTER = 150  # bars over which orders are compared
LONGEST, TIMES_DECLARED = 500, 4  # the longest history tried: so many bars, or what it asks for
OUT_OF_STEP = (0, 1, 17, 29)  # shorter histories by so many bars, for what depends on their number
TOLERANCE = 1e-3  # values that fade, as exponential averages do, agree to within a thousandth


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """What was ordered when, and how large and at which prices; or what was raised instead."""

    kinds: bytes
    amounts: NDArray[np.float64]
    raised: str

    def alike(self, other: _Orders) -> bool:
        """Whether they are the same, amounts within a tolerance or to a lot or a tick."""
        if (self.kinds, self.raised) != (other.kinds, other.raised):
            return False
        most = np.maximum(np.abs(self.amounts), np.abs(other.amounts))
        apart = np.abs(self.amounts - other.amounts)
        return bool(np.all(apart <= np.maximum(TOLERANCE * most, 1)))


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What a run with some history held at its first free bar, and what it ordered from there."""

    held: Mapping[str, Any]
    orders: _Orders


def warm_up(subject: Subject) -> Check:
    """The bars it wants to see before it may order are as many as it needs.

    It starts at random bars with more and more history before them, during which orders are
    denied. The least history from which on its orders, and the values it holds at the first free
    bar, are those that a long history gives, is what it needs. Sizes, prices and values agree
    within a tolerance, since averages fade and never quite forget. Values that never agree, such
    as counters and places in rings, are left out.
    """
    times = subject.times
    declared = longest_warmup(subject.job.plan, subject.outcome.strategies)
    longest = min(max(TIMES_DECLARED * declared, LONGEST), (len(times) - AFTER) // 2)
    if longest < max(20, 2 * declared):
        text = (
            f"{count(len(times), 'bar')} are too few to start at several places, "
            f"expected at least {AFTER + max(40, 4 * declared):,}"
        )
        return Check(name="warm-up", status="skip", text=text, facts={"declared": declared})
    draw = random.Random(subject.seed)  # noqa: S311 - places to start, no secret
    starts = sorted(draw.sample(range(longest, len(times) - AFTER), STARTS))
    search = _Search(subject, starts, longest)
    need = search.least(declared)
    facts = {"declared": declared, "needed": need, "tried": longest}
    if need is None:
        after = count(longest // 2, "bar")
        text = f"its {search.depends()} still depend on where the data begin after {after}"
        return Check(name="warm-up", status="warn", text=text, facts=facts)
    text = f"{count(need, 'bar')} needed, {declared:,} asked for"
    if need <= declared:
        return Check(name="warm-up", status="ok", text=text, facts=facts)
    what = search.reason(declared)
    return Check(name="warm-up", status="warn", text=f"{text}: {what}", facts=facts)


class _Search:
    """Finds the least history; runs are kept, for the search comes back to some."""

    def __init__(self, subject: Subject, starts: list[int], longest: int) -> None:
        self._subject, self._starts, self._longest = subject, starts, longest
        self._told: dict[tuple[int, int], _Told] = {}
        self._fading = [self._settled(start) for start in starts]

    def _settled(self, start: int) -> set[str]:
        """Names of what long histories agree on, however many bars they have."""
        long, half = self._tell(start, self._longest).held, self._longest // 2
        return set.intersection(
            *(_agreeing(long, self._tell(start, half - less).held) for less in OUT_OF_STEP)
        )

    def least(self, declared: int) -> int | None:
        """The least history that is enough; None where the longest two do not agree."""
        half = self._longest // 2
        if not self._enough(half):
            return None
        low, high = (-1, declared) if self._enough(declared) else (declared, half)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._enough(middle) else (middle, high)
        return high

    def reason(self, history: int) -> str:
        """What is another one with too short a history."""
        for start, names in zip(self._starts, self._fading, strict=True):
            short, long = self._tell(start, history), self._tell(start, self._longest)
            if not short.orders.alike(long.orders):
                return "with fewer, it orders otherwise"
            other = names - _agreeing(long.held, short.held)
            if other:
                return f"with fewer, {min(other)} is off by more than {TOLERANCE * 100:.1f} %"
        return "with fewer, results differ at other starts"

    def depends(self) -> str:
        """What does not settle down."""
        half = self._longest // 2
        same = all(
            self._tell(start, half).orders.alike(self._tell(start, self._longest).orders)
            for start in self._starts
        )
        return "values" if same else "orders"

    def _enough(self, history: int) -> bool:
        for start, names in zip(self._starts, self._fading, strict=True):
            short, long = self._tell(start, history), self._tell(start, self._longest)
            if not short.orders.alike(long.orders) or names - _agreeing(long.held, short.held):
                return False
        return True

    def _tell(self, start: int, history: int) -> _Told:
        key = (start, history)
        if key not in self._told:
            self._told[key] = _tell(self._subject, start, history)
        return self._told[key]


def _tell(subject: Subject, start: int, history: int) -> _Told:
    times = subject.times
    first, free, last = (int(times[at]) for at in (start - history, start, start + AFTER - 1))
    plan = part(subject, last, first)
    before = sum(int(np.searchsorted(one.time, free)) for one in plan.columns)

    def wait(strategy: Strategy) -> None:
        strategy.warmup = history

    story = watch(plan, keep={before}, columns=(), started=wait)
    outcome = story.outcome
    return _Told(story.kept.get(before, {}), _ordered(outcome, free, story.raised))


def _ordered(outcome: Outcome | None, first: int, raised: str) -> _Orders:
    if outcome is None:
        return _Orders(b"", np.zeros((3, 0)), raised)
    orders = outcome.orders[outcome.orders["created"] >= first]
    kinds = np.stack([orders[name] for name in ("created", "instrument", "side", "type")])
    amounts = np.stack([orders[name] for name in ("quantity", "limit", "trigger")])
    return _Orders(kinds.tobytes(), amounts.astype(np.float64), raised)


def _agreeing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    return {name for name, value in one.items() if name in other and _alike(value, other[name])}


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        close = abs(one - other) <= TOLERANCE * max(abs(one), abs(other))
        return close or one == other or (math.isnan(one) and math.isnan(other))
    return bool(one == other)
