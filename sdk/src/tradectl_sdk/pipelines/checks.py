"""What every backtest is checked for, as findings beside its result."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import Columns, DenyReason, Mode, run
from tradectl_sdk.engine.build import longest_warmup
from tradectl_sdk.engine.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.engine import Outcome, Plan
    from tradectl_sdk.pipelines.modelling import SignalModel
    from tradectl_sdk.pipelines.series import LoadedSeries

RANDOM_CUTS, ORDER_CUTS = 2, 4
# Cuts fall among this many first bars, so that a check of a long run stays cheaper than the run.
HORIZON = {Mode.COMPILED: 200_000, Mode.INTERPRETED: 20_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: Such as ``look-ahead``.
        status: ``ok``, ``warn``, ``fail`` or ``skip``.
        text: What was found, in a few words.
        facts: The numbers in it, for programs.
    """

    name: str
    status: str
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)


def run_checks(
    plan: Plan,
    outcome: Outcome,
    series: Sequence[LoadedSeries],
    models: Sequence[SignalModel] = (),
) -> tuple[Check, ...]:
    """Check a finished run; the models are those that made signals of it."""
    return (
        look_ahead(plan, outcome, series, models),
        _warm_up(outcome, plan),
        _gaps(series),
        _volume(series),
        _open_at_end(plan, outcome),
        _refusals(outcome),
    )


def look_ahead(
    plan: Plan,
    outcome: Outcome,
    series: Sequence[LoadedSeries] = (),
    models: Sequence[SignalModel] = (),
) -> Check:
    """Run again on data cut short; what was done before a cut must not change.

    A strategy that uses the future acts differently when the future is missing. Cuts fall right
    after bars on which it ordered, where a peek at the next bar shows, and at random ones, which
    find a longer look into the future. They are drawn from the run itself, so that the same run
    gets the same answer. Signals of models are made again first: they must not change either.
    """
    bars = len(outcome.times)
    if bars < 2:
        return Check(name="look-ahead", status="skip", text="too few bars to cut")
    horizon = min(bars, HORIZON[outcome.mode])
    places = _places(outcome, horizon)
    last_bars = [int(outcome.times[place - 1]) for place in places]
    if models and (found := _knew_the_future(models, plan, series, last_bars)):
        return Check(name="look-ahead", status="fail", text=found)
    for place in places:
        last = outcome.times[place - 1]
        part = run(cut(plan, int(last)), outcome.mode, compiled=outcome.compiled)
        if not _same_bits(part.equity, outcome.equity[: len(part.equity)]) or placed(
            part, int(last)
        ) != placed(outcome, int(last)):
            moment = np.datetime_as_string(last.astype("M8[ns]"), unit="s")
            text = f"without the bars after {moment}Z it acts differently before them"
            return Check(name="look-ahead", status="fail", text=text)
    where = f" in its first {horizon:,} bars" if bars > horizon else ""
    text = f"the same on data cut at {len(places)} places{where}"
    return Check(name="look-ahead", status="ok", text=text)


def _knew_the_future(
    models: Sequence[SignalModel],
    plan: Plan,
    series: Sequence[LoadedSeries],
    last_bars: Sequence[int],
) -> str:
    from tradectl_sdk.pipelines.foresight import made_with_the_future

    return made_with_the_future(models, plan.signals, series, last_bars)


def _same_bits(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    return np.array_equal(first.view(np.int64), second.view(np.int64))


def _places(outcome: Outcome, horizon: int) -> list[int]:
    draw = random.Random(horizon)  # noqa: S311 - places to cut, no secret
    created = outcome.orders["created"]
    early = created[: np.searchsorted(created, outcome.times[horizon - 1])]
    after_orders = sorted(set((np.searchsorted(outcome.times, early) + 1).tolist()))
    chosen = draw.sample(after_orders, min(ORDER_CUTS, len(after_orders)))
    return sorted({*chosen, *(draw.randrange(1, horizon) for _ in range(RANDOM_CUTS))})


def cut(plan: Plan, last: int) -> Plan:
    """A plan whose data end with the bars known at ``last``."""
    columns = [_until(columns, last) for columns in plan.columns]
    signals = {
        name: [values[: len(own.time)] for values, own in zip(each, columns, strict=True)]
        for name, each in plan.signals.items()
    }
    resample = plan.resample
    cut_resample = None if resample is None else lambda i, frame: _until(resample(i, frame), last)
    return replace(plan, columns=columns, signals=signals, resample=cut_resample)


def _until(columns: Columns, last: int) -> Columns:
    part = slice(0, int(np.searchsorted(columns.time, last, side="right")))
    return replace(
        columns,
        time=columns.time[part],
        ticks=tuple(one[part] for one in columns.ticks),
        lots=columns.lots[part],
        prices=tuple(one[part] for one in columns.prices),
        volume=columns.volume[part],
    )


def placed(outcome: Outcome, last: int) -> bytes:
    """The decisions made up to a moment: what was asked for, not what became of it."""
    known = np.searchsorted(outcome.orders["created"], last, side="right")  # ids rise with time
    orders = outcome.orders[:known]
    # Fills change the quantity of exits and siblings, so theirs says nothing of the decision.
    alone = (orders["parent"] == 0) & (orders["group"] == 0)
    asked = [orders[name] for name in ("created", "instrument", "side", "type", "limit")]
    return np.stack([*asked, orders["quantity"] * alone]).tobytes()


def _warm_up(outcome: Outcome, plan: Plan) -> Check:
    bars = longest_warmup(plan, outcome.strategies)
    if bars >= len(outcome.times):
        return Check(name="warm-up", status="warn", text=f"{bars} bars are all there are")
    return Check(
        name="warm-up", status="ok", text=f"{bars:,} bars without orders" if bars else "none"
    )


def _gaps(series: Sequence[LoadedSeries]) -> Check:
    counted = [one.gaps for one in series if one.gaps is not None]
    if not counted:
        return Check(name="gaps", status="skip", text="not counted outside the catalog")
    missing = sum(counted)
    status = "warn" if missing else "ok"
    return Check(
        name="gaps", status=status, text=f"{missing:,} bars missing" if missing else "none"
    )


def _volume(series: Sequence[LoadedSeries]) -> Check:
    without = [one.bars.instrument.id for one in series if not one.bars.volume.any()]
    if not without:
        return Check(name="volume", status="ok", text="there is volume to share")
    text = f"none in {', '.join(without)}: fills are not limited by it"
    return Check(name="volume", status="warn", text=text)


def _open_at_end(plan: Plan, outcome: Outcome) -> Check:
    held = [one.id for one, lots in zip(plan.instruments, outcome.positions, strict=True) if lots]
    if not held:
        return Check(name="open at end", status="ok", text="nothing")
    text = f"{len(held)} position{'s' if len(held) > 1 else ''}, valued at the last price"
    return Check(name="open at end", status="ok", text=text)


def _refusals(outcome: Outcome) -> Check:
    orders = outcome.orders
    refused = np.isin(orders["status"], (OrderStatus.DENIED, OrderStatus.REJECTED))
    codes, counts = np.unique(orders["reason"][refused], return_counts=True)
    counts[codes == DenyReason.WARMING] = 0
    most = [at for at in np.argsort(-counts, kind="stable")[:3].tolist() if counts[at]]
    if not most:
        return Check(name="refused orders", status="ok", text="none")
    text = "; ".join(_refused(int(codes[at]), int(counts[at])) for at in most)
    return Check(name="refused orders", status="warn", text=text)


def _refused(code: int, count: int) -> str:
    words = f": {REASONS[code].summary}" if code in REASONS else ""
    return f"{count:,} {reason_name(code)}{words}"


def reason_name(code: int) -> str:
    """The stable name of a deny or close reason, such as ``CASH``."""
    return REASONS[code].name if code in REASONS else str(code)
