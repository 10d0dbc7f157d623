"""From what the engine gives to the record that is stored and shown."""

from __future__ import annotations

import datetime as dt
import platform
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk import __version__
from tradectl_sdk.domain.money import MONEY_UNITS, to_money
from tradectl_sdk.runs import RunRecord, closed_trades, extract_trades, order_list_hash
from tradectl_sdk.runs.metrics.definition import Need
from tradectl_sdk.runs.metrics.report import compute_metrics
from tradectl_sdk.runs.metrics.sample import Sample
from tradectl_sdk.runs.values import slippage_cost, traded_value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.engine import Columns, Outcome, Plan
    from tradectl_sdk.pipelines.checks import Check
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.runs.metrics.instants import Instants
    from tradectl_sdk.runs.values import Records

_COSTS = (
    ("slippage", Need.SLIPPAGE, slippage_cost),
    ("traded_value", Need.TRADED_VALUE, traded_value),
)
_CHUNK = 65_536  # instants at a time, so that what lies between input and result stays small


def make_record(
    job: Job,
    outcome: Outcome,
    checks: Sequence[Check],
    *,
    turn: Callable[[], None] = lambda: None,
) -> RunRecord:
    """Compute trades and metrics, and put everything into one record.

    Args:
        job: What was run.
        outcome: What came of it.
        checks: What was found beside.
        turn: Called after each piece of the data that was read.
    """
    plan = job.plan
    cash = to_money(plan.assumptions.cash)
    trades = trades_of(plan, outcome)
    held = exposure(plan, outcome, turn)
    metrics = compute_metrics(
        sample_of(plan, outcome, trials=job.trials, trades=trades, held=held, turn=turn)
    )
    turn()
    return RunRecord(
        identity=job.identity,
        strategy=job.found.name,
        engine={"mode": str(outcome.mode), "reason": outcome.why},
        instruments=tuple(plan.instruments),
        currency=plan.instruments[0].quote,
        initial_equity=cash,
        final_equity=outcome.final_equity,
        orders=outcome.orders,
        fills=outcome.fills,
        trades=trades,
        time=outcome.times,
        equity=outcome.equity,
        exposure=held,
        metrics=metrics,
        order_list_hash=order_list_hash(outcome.orders, outcome.fills),
        environment=_environment(job),
        warnings=tuple(
            f"{check.name}: {check.text}" for check in checks if check.status in {"warn", "fail"}
        ),
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )


def trades_of(plan: Plan, outcome: Outcome) -> Records:
    """Return the trades of a run, those still open valued at the last close."""
    marks = np.array([one.ticks[3][-1] for one in plan.columns], np.int64)
    return extract_trades(outcome.fills, plan.instruments, marks=marks)


def sample_of(
    plan: Plan,
    outcome: Outcome,
    *,
    trials: int,
    trades: Records | None,
    held: NDArray[np.float64] | None,
    needs: Collection[Need] = tuple(Need),
    first: int = 0,
    instants: Instants | None = None,
    turn: Callable[[], None] = lambda: None,
) -> Sample:
    """Return a run as metrics see it, from an instant on before which nothing was traded.

    Args:
        plan: What was run.
        outcome: What came of it.
        trials: Parameter sets that were tried to arrive at it.
        trades: Its trades, if a metric needs them.
        held: Its exposure, likewise.
        needs: What else to work out: what the metrics need that will be asked for.
        first: The instant's number; the benchmark is bought there, too.
        instants: What follows from the times, if it is known already.
        turn: Called after each piece of the data that was read.
    """
    fills, part = outcome.fills, slice(first, None)
    basket = None
    if Need.BENCHMARK in needs:
        basket = Basket(plan.columns, outcome.times, turn, bought=first)
    costs = {
        name: value(fills, plan.instruments) / MONEY_UNITS
        for name, need, value in _COSTS
        if need in needs
    }
    return Sample(
        time=instants.time if instants else outcome.times[part],
        equity=outcome.equity[part],
        initial_equity=to_money(plan.assumptions.cash) / MONEY_UNITS,
        trades=None if trades is None else closed_trades(trades),
        exposure=None if held is None else held[part],
        benchmark=basket[part] if basket is not None and first else basket,
        fees=outcome.fees / MONEY_UNITS,
        session_close=plan.instruments[0].session_close,
        trials=trials,
        instants=instants,
        **costs,
    )


def exposure(
    plan: Plan, outcome: Outcome, turn: Callable[[], None] = lambda: None
) -> NDArray[np.float64]:
    """Gross value of all positions at each instant, in the account currency, shape (n,)."""
    total = np.zeros(len(outcome.times))
    for index, columns in enumerate(plan.columns):
        own = outcome.fills[outcome.fills["instrument"] == index]
        if not len(own):
            continue
        one = plan.instruments[index]
        held = np.abs(np.concatenate(([0], own["position"])))
        values = held * float(one.lot_size * one.multiplier)
        since = np.searchsorted(outcome.times, own["known"])
        for start in range(0, len(total), _CHUNK):
            end = min(start + _CHUNK, len(total))
            part = slice(start, end)
            held_then = _steps(values, since, start, end)
            total[part] += held_then * at_instants(columns, outcome.times, part)
            turn()
    return total


def _steps(
    values: NDArray[np.float64], since: NDArray[np.int64], start: int, end: int
) -> NDArray[np.float64]:
    """What holds at each instant from ``start`` to ``end`` (exclusive): the last value since then.

    Args:
        values: The value before anything happened, then one after each event, shape (m + 1,).
        since: The first instant at which each event was known, rising, shape (m,).
        start: The first instant.
        end: The one after the last.
    """
    first, last = np.searchsorted(since, start, side="right"), np.searchsorted(since, end)
    edges = np.concatenate(([start], since[first:last], [end]))
    return np.repeat(values[first : last + 1], np.diff(edges))


class Basket:
    """Worth of buying equal parts of every instrument at a close, from 1, at each instant.

    They are bought at the first one unless told otherwise. It is read like an array of shape (n,),
    and computed where it is read: metrics look at few instants of it.
    """

    def __init__(
        self,
        columns: Sequence[Columns],
        times: NDArray[np.int64],
        turn: Callable[[], None],
        *,
        bought: int = 0,
    ) -> None:
        self._turn = turn
        self._columns = columns
        self._times = times
        self._paid = [at_instants(one, times, slice(bought, bought + 1))[0] for one in columns]
        self.shape = times.shape

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> NDArray[np.float64]:
        """Its worth at some instants."""
        total = np.zeros(len(self._times[rows]))
        for one, paid in zip(self._columns, self._paid, strict=True):
            total += at_instants(one, self._times, rows) / paid
        total /= len(self._columns)
        self._turn()
        return total


def at_instants(
    columns: Columns, times: NDArray[np.int64], rows: slice | NDArray[np.int64]
) -> NDArray[np.float64]:
    """Last close of a series at some of all instants; its first close before it has begun."""
    close = columns.prices[3]
    if len(columns.time) == len(times):
        return close[rows]
    return close[np.maximum(np.searchsorted(columns.time, times[rows], side="right") - 1, 0)]


def _environment(job: Job) -> dict[str, str]:
    return {
        "tradectl-sdk": __version__,
        "strategy source": job.found.source,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
    }
