"""Could the market have given these fills, and are there enough of them?"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.engine import BarPath
from tradectl_sdk.pipelines.checking.words import count
from tradectl_sdk.pipelines.checks import Check
from tradectl_sdk.runs.trades import count_closed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.pipelines.checking.cutting import Subject

LONG_WAIT = 10  # bars by the clock between a decision and its fill
MUCH = 0.1  # share of a bar's volume beyond which the price would not have stood still
TRADES, TRADES_EACH = 30, 10  # closed trades at least, and for each parameter
FEW = 0.05  # share of doubtful exits that is no remark worth, where the worse was assumed


def fill_timing(subject: Subject) -> Check:
    """No order fills in the bar it was decided on, or at a price that was stale.

    Stale is a price in a bar without volume, or that repeats the close before it without moving,
    and a market order that waited through a hole in the data.
    """
    fills, plan = subject.outcome.fills, subject.job.plan
    if not len(fills):
        return _nothing("fill timing")
    created = subject.outcome.orders["created"][fills["order"] - 1]
    same = int(np.count_nonzero(fills["known"] <= created))
    stale = int(np.count_nonzero(_in_still_bars(subject, fills)))
    length = np.array([one.length for one in plan.columns])[fills["instrument"]]
    market = subject.outcome.orders["type"][fills["order"] - 1] == OrderType.MARKET
    late = int(np.count_nonzero(market & (fills["time"] - created > LONG_WAIT * length)))
    facts = {"fills": len(fills), "same_bar": same, "stale": stale, "late": late}
    found = [
        f"{number:,} {what}"
        for number, what in (
            (same, "in the bar they were decided on"),
            (stale, "in bars where nothing moved"),
            (late, f"more than {LONG_WAIT} bars after the decision"),
        )
        if number
    ]
    if not found:
        text = f"{count(len(fills), 'fill')}, each after its decision and at a price that moved"
        return Check(name="fill timing", status="ok", text=text, facts=facts)
    text = f"of {count(len(fills), 'fill')}, {', '.join(found)}"
    asked = str(plan.assumptions.market_fill) == "this_close"
    status = "fail" if same and not asked else "warn"
    return Check(name="fill timing", status=status, text=text, facts=facts)


def fill_volume(subject: Subject) -> Check:
    """All that was filled in a bar is a small part of what was traded in it."""
    fills, columns = subject.outcome.fills, subject.job.plan.columns
    if not len(fills):
        return _nothing("fill volume")
    if not all(one.lots.any() for one in columns):
        text = "there is a series without volume, so nothing limits fills"
        return Check(name="fill volume", status="skip", text=text)
    most, above = 0.0, 0
    for index, one in enumerate(columns):
        own = fills[fills["instrument"] == index]
        bars, place = np.unique(own["bar"], return_inverse=True)
        taken = np.bincount(place, own["quantity"].astype(np.float64), len(bars))
        share = taken / np.maximum(one.lots[bars], 0.5)  # half a lot, where nothing was traded
        most = max(most, float(share.max(initial=0.0)))
        above += int(np.count_nonzero(share > MUCH + 1e-12))
    facts = {"largest_share": most, "bars_above": above}
    text = f"at most {max(most * 100, 0.01):.2f} % of the volume of a bar"
    if most > 1.0:
        text = f"up to {most:,.1f} times what was traded in the bar"
    elif above:
        text += f", above {MUCH * 100:.0f} % in {above:,} bars"
    status = "fail" if most > 1.0 else "warn" if above else "ok"
    return Check(name="fill volume", status=status, text=text, facts=facts)


def target_and_stop(subject: Subject) -> Check:
    """Few exits are decided by an assumption: target and stop did not lie in the same bar."""
    pairs, doubtful, stake = 0, 0, 0.0
    for fill, level in _exits(subject):
        pairs += 1
        index = int(fill["instrument"])
        ticks, bar = subject.job.plan.columns[index].ticks, int(fill["bar"])
        if ticks[2][bar] <= level <= ticks[1][bar]:
            doubtful += 1
            scale = float(subject.job.plan.instruments[index].value_scale)
            stake += abs(float(fill["price"] - level)) * float(fill["quantity"]) * scale
    if not pairs:
        text = "no exit had both a target and a stop"
        return Check(name="target and stop", status="skip", text=text)
    stake /= MONEY_UNITS
    path = subject.job.plan.assumptions.bar_path
    facts = {"exits": pairs, "doubtful": doubtful, "at_stake": stake, "bar_path": str(path)}
    if not doubtful:
        text = f"no bar held both, of {count(pairs, 'exit')}"
        return Check(name="target and stop", status="ok", text=text, facts=facts)
    pessimistic = path is BarPath.WORST_CASE
    assumed = "the worse was assumed" if pessimistic else f"bar_path = {path} decided"
    text = (
        f"{doubtful:,} of {count(pairs, 'exit')} lay in a bar that held both; {assumed}, and "
        f"{stake:,.2f} {subject.job.plan.instruments[0].quote} are at stake"
    )
    small = pessimistic and doubtful <= FEW * pairs
    status = "ok" if small else "warn"
    return Check(name="target and stop", status=status, text=text, facts=facts)


def enough_trades(subject: Subject) -> Check:
    """There are closed trades enough to say something of so many parameters."""
    trades, parameters = (
        count_closed(subject.outcome.fills),
        len(subject.job.found.cls.parameters()),
    )
    wanted = max(TRADES, TRADES_EACH * parameters)
    text = f"{count(trades, 'closed trade')} for {count(parameters, 'parameter')}"
    status = "ok" if trades >= wanted else "warn"
    if trades < wanted:
        text += f", expected at least {wanted:,}"
    facts = {"trades": trades, "parameters": parameters, "expected": wanted}
    return Check(name="enough trades", status=status, text=text, facts=facts)


def _nothing(name: str) -> Check:
    return Check(name=name, status="skip", text="nothing was filled")


def _in_still_bars(subject: Subject, fills: Any) -> Any:
    still = np.zeros(len(fills), np.bool_)
    for index, one in enumerate(subject.job.plan.columns):
        own = fills["instrument"] == index
        open_, high, low, close = one.ticks
        frozen = (
            (high == low)
            & (open_ == close)
            & (close == np.concatenate([close[:1] - 1, close[:-1]]))
        )
        if one.lots.any():
            frozen |= one.lots == 0
        still[own] = frozen[fills["bar"][own]]
    return still


def _exits(subject: Subject) -> Iterator[tuple[Any, int]]:
    """Yield fills of targets and stops that cancel each other, with the level of the other one."""
    orders, fills = subject.outcome.orders, subject.outcome.fills
    groups: dict[int, list[int]] = defaultdict(list)
    for row in np.flatnonzero(orders["group"]).tolist():
        groups[int(orders["group"][row])].append(row)
    for fill in fills:
        row = int(fill["order"]) - 1
        for other in groups.get(int(orders["group"][row]), ()):
            kinds = {int(orders["type"][row]), int(orders["type"][other])}
            if kinds == {OrderType.LIMIT, OrderType.STOP}:
                yield fill, int(orders["limit"][other] or orders["trigger"][other])
