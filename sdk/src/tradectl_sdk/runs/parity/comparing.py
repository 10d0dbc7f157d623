"""Order by order: what is different between a session and its backtest, and why.

Some differences are facts that explain themselves; :data:`CAUSE_WORDS` lists their causes. All
others are decisions of the strategy. Where something before was different, a decision that differs
is a ``consequence`` of it; where nothing was, the same strategy has decided otherwise on the same
data: ``signal``.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.runs.parity.matching import match

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradectl_sdk.runs.parity.facts import OrderFact

CAUSE_WORDS = {
    "latency": "the order came too late for the bar that the backtest filled it in, or acted late",
    "price": "it filled in time, at another price than the backtest assumes",
    "fee": "it cost something else than the rate that the backtest assumes",
    "partial fill": "the market took less of it, or more",
    "risk": "a risk gate refused it or made it smaller",
    "venue": "the venue refused it",
    "late exit": "the exit began to work some time after its entry had filled",
    "gap": "bars were missing when it was due, or it follows from that",
    "restart": "the host was down when it was due, or the strategy had lost its memory",
    "consequence": "the strategy decided otherwise because something before was different",
    "signal": "the strategy decided otherwise on the same data: its code, or chance",
}
CAUSES = tuple(CAUSE_WORDS)
TRAILING_STOP = int(OrderType.TRAILING_STOP)  # the venue moves its trigger
LOST = {int(CloseReason.UNHEARD)}
Value = int | float | str | dict[str, int] | None
_TERMS = ("limit", "trigger", "trail", "time_in_force", "expires", "flags")
_DENIED = {int(reason) for reason in DenyReason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which session and backtest differ.

    Attributes:
        kind: ``missing``, ``extra``, ``time``, ``terms``, ``size``, ``price``, ``fee`` or
            ``status``.
        cause: One of :data:`CAUSES`.
        follows: For a consequence, the cause of what came before.
        created: The instant of the decision.
        instrument: Index of the instrument.
        session: Name of the session's order, empty if it has none.
        backtest: Name of the backtest's order, the same.
        ours: The session's value, as the kind has it: lots, ticks, nanoseconds, money units, the
            outcome in a word, or terms by name; None where there is none.
        theirs: The backtest's.
        money: What it cost the session, in money units; 0 where that is not known.
    """

    kind: str
    cause: str
    follows: str = ""
    created: int
    instrument: int
    session: str = ""
    backtest: str = ""
    ours: Value = None
    theirs: Value = None
    money: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What happened around the orders of a session.

    Attributes:
        bar: Nanoseconds of a bar.
        late: Instants whose bars came too late to act on.
        downs: Times between which the host was down: the last instant before, the first after.
        price_bps: Basis points within which two prices count as the same.
        patience: Nanoseconds within which two times count as the same.
    """

    bar: int
    late: frozenset[int] = frozenset()
    downs: tuple[tuple[int, int], ...] = ()
    price_bps: float = 0.0
    patience: int = 0

    def cause_at(self, time: int) -> str:
        """Whether a decision at an instant met a gap or a host that was down; else empty."""
        if time in self.late:
            return "gap"
        return "restart" if any(down <= time < up for down, up in self.downs) else ""

    def trouble_before(self, time: int) -> list[tuple[int, str]]:
        """Gaps and restarts before an instant, with their times."""
        late = [(at, "gap") for at in self.late if at < time]
        return late + [(up, "restart") for _, up in self.downs if up <= time]


@dataclass(slots=True)
class _Roots:
    """Facts that were different so far, by the time they can first have had a consequence."""

    known: list[tuple[int, str]] = field(default_factory=list)

    def add(self, time: int, cause: str) -> None:
        self.known.append((time, cause))
        self.known.sort()

    def before(self, time: int) -> str:
        at = bisect_left(self.known, (time + 1, ""))
        return self.known[at - 1][1] if at else ""


def compare(
    session: Sequence[OrderFact], backtest: Sequence[OrderFact], around: Circumstances
) -> tuple[int, list[Difference]]:
    """Compare order by order.

    Returns:
        How many orders were matched; and all differences, oldest first.
    """
    pairs, extra, missing = match(session, backtest, around.bar)
    roots = _Roots()
    facts: list[Difference] = []
    for mine, theirs in pairs:
        for difference in _facts(mine, theirs, around):
            facts.append(difference)
            roots.add(_first_fill(mine, theirs), difference.cause)
    last = max((one.created for one in (*session, *backtest)), default=0)
    for time, cause in around.trouble_before(last + 1):
        roots.add(time, cause)
    decisions = [
        *(each for mine, theirs in pairs for each in _decisions(mine, theirs, around, roots)),
        *(_alone(order, "extra", around, roots) for order in extra),
        *(_alone(order, "missing", around, roots) for order in missing),
    ]
    found = sorted([*facts, *decisions], key=lambda one: (one.created, one.kind))
    return len(pairs), found


def _first_fill(mine: OrderFact, theirs: OrderFact) -> int:
    times = [order.fills[0].time for order in (mine, theirs) if order.fills]
    return min(times, default=min(mine.created, theirs.created))


# Facts ----------------------------------------------------------------------------------------


def _facts(mine: OrderFact, theirs: OrderFact, around: Circumstances) -> Iterator[Difference]:
    """Differences of what became of one decision."""
    refused = _refused(mine, theirs)
    if refused:
        yield _said(mine, theirs, "status", refused, mine.outcome, theirs.outcome)
        return
    late = _lateness(mine, theirs, around)
    if not mine.depends and mine.lots < min(mine.asked, theirs.lots) and mine.reason in _DENIED:
        yield _said(mine, theirs, "size", "risk", mine.lots, theirs.lots)
    elif mine.filled != theirs.filled and (mine.depends or mine.asked == theirs.asked):
        why = late or _fill_cause(mine, around)
        yield _said(mine, theirs, "size", why, mine.filled, theirs.filled)
    elif mine.outcome != theirs.outcome and _is_fact(mine, theirs):
        why = late or _fill_cause(mine, around)
        yield _said(mine, theirs, "status", why, mine.outcome, theirs.outcome)
    if mine.fills and theirs.fills:
        yield from _price(mine, theirs, around, late)
        yield from _time(mine, theirs, around, late)
        yield from _fee(mine, theirs)


def _refused(mine: OrderFact, theirs: OrderFact) -> str:
    """Who refused what the other side took; empty for nobody."""
    if (mine.outcome == "denied") != (theirs.outcome == "denied"):
        return "risk"
    if (mine.outcome == "rejected") != (theirs.outcome == "rejected"):
        return "restart" if mine.reason in LOST else "venue"
    return ""


def _is_fact(mine: OrderFact, theirs: OrderFact) -> bool:
    """Whether another end of an order is something that happened, and nobody's decision."""
    return bool(mine.fills or theirs.fills) or mine.reason in LOST


def _fill_cause(mine: OrderFact, around: Circumstances) -> str:
    if mine.reason in LOST:
        return "restart"
    return around.cause_at(mine.created) or "partial fill"


def _lateness(mine: OrderFact, theirs: OrderFact, around: Circumstances) -> str:
    """``late exit`` or ``latency`` if the order could not work when the backtest filled it."""
    if mine.is_exit and mine.delay > around.patience:
        return "late exit"
    if mine.fills and theirs.fills:
        return "latency" if mine.fills[0].time >= theirs.fills[0].time + around.bar else ""
    return ""


def _price(
    mine: OrderFact, theirs: OrderFact, around: Circumstances, late: str
) -> Iterator[Difference]:
    worse = (mine.price - theirs.price) * mine.side
    if abs(worse) > theirs.price * around.price_bps / 10_000:
        cost = round(worse / theirs.price * theirs.value * mine.filled / theirs.filled)
        yield _said(mine, theirs, "price", late or "price", mine.price, theirs.price, cost)


def _time(
    mine: OrderFact, theirs: OrderFact, around: Circumstances, late: str
) -> Iterator[Difference]:
    first, other = mine.fills[0].time, theirs.fills[0].time
    if abs(first - other) > around.patience:
        yield _said(mine, theirs, "time", late or "latency", first, other)


def _fee(mine: OrderFact, theirs: OrderFact) -> Iterator[Difference]:
    """Compare with what the backtest's rate makes of the session's value."""
    due = round(theirs.fees * mine.value / theirs.value) if theirs.value else 0
    if abs(mine.fees - due) > len(mine.fills) + len(theirs.fills):  # each is rounded to a unit
        yield _said(mine, theirs, "fee", "fee", mine.fees, due, mine.fees - due)


def _said(
    mine: OrderFact,
    theirs: OrderFact,
    kind: str,
    cause: str,
    ours: Value,
    other: Value,
    money: int = 0,
    *,
    follows: str = "",
) -> Difference:
    return Difference(
        kind=kind,
        cause=cause,
        follows=follows,
        created=theirs.created,
        instrument=theirs.instrument,
        session=mine.name,
        backtest=theirs.name,
        ours=ours,
        theirs=other,
        money=money,
    )


# Decisions ------------------------------------------------------------------------------------


def _decisions(
    mine: OrderFact, theirs: OrderFact, around: Circumstances, roots: _Roots
) -> Iterator[Difference]:
    """Differences of what was wanted."""
    cause, follows = _why(min(mine.created, theirs.created), around, roots)

    def said(kind: str, ours: Value, other: Value) -> Difference:
        return _said(mine, theirs, kind, cause, ours, other, follows=follows)

    if abs(mine.created - theirs.created) > around.patience:
        yield said("time", mine.created, theirs.created)
    names = [
        name
        for name in _TERMS
        if getattr(mine, name) != getattr(theirs, name)
        and not (name == "trigger" and mine.type == TRAILING_STOP)
    ]
    if names:
        yield said("terms", _terms(mine, names), _terms(theirs, names))
    if mine.asked != theirs.asked and not mine.depends and mine.outcome != "denied":
        yield said("size", mine.asked, theirs.asked)
    ended = mine.outcome != theirs.outcome and not _is_fact(mine, theirs)
    if ended and not _refused(mine, theirs):
        yield said("status", mine.outcome, theirs.outcome)


def _terms(order: OrderFact, names: Sequence[str]) -> dict[str, int]:
    return {name: int(getattr(order, name)) for name in names}


def _alone(order: OrderFact, kind: str, around: Circumstances, roots: _Roots) -> Difference:
    cause, follows = _why(order.created, around, roots)
    mine = kind == "extra"
    return Difference(
        kind=kind,
        cause=cause,
        follows=follows,
        created=order.created,
        instrument=order.instrument,
        session=order.name if mine else "",
        backtest="" if mine else order.name,
        ours=order.lots if mine else None,
        theirs=None if mine else order.lots,
    )


def _why(time: int, around: Circumstances, roots: _Roots) -> tuple[str, str]:
    """The cause of a decision that differs, and for a consequence what it follows from."""
    root = around.cause_at(time) or roots.before(time)
    if root in {"gap", "restart"}:
        return root, ""
    return ("consequence", root) if root else ("signal", "")
