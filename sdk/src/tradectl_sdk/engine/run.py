"""Running an engine, compiled or interpreted, and what comes out."""

from __future__ import annotations

import enum
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.records import FILL_DTYPE, ORDER_DTYPE, ORDER_FIELDS
from tradectl_sdk.engine.buffers import doubled
from tradectl_sdk.engine.build import build
from tradectl_sdk.engine.engine import DONE, GROW, PAUSE, ManyEngine, SingleEngine
from tradectl_sdk.errors import NotCompilableError, StrategyError, TradectlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Never

    from numpy.typing import NDArray

    from tradectl_sdk.engine.build import Plan
    from tradectl_sdk.kernel import CompiledKernel
    from tradectl_sdk.strategy import Strategy


class Mode(enum.StrEnum):
    """How handlers run."""

    AUTO = "auto"  # compiled when possible, and a notice when not
    COMPILED = "compiled"
    INTERPRETED = "interpreted"

    @classmethod
    def _missing_(cls, value: object) -> Never:
        raise UsageError(
            f"the mode was {value!r}, expected {', '.join(cls)}",
            hint="auto compiles what can be compiled, and gives the same result as the others",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What a run produced.

    Attributes:
        mode: ``compiled`` or ``interpreted``.
        why: Why it was not compiled; empty when it was, or was not meant to be.
        seconds: Time the loop took.
        orders: All orders, ORDER_DTYPE.
        fills: All fills, FILL_DTYPE.
        times: The instants, UTC nanoseconds, shape (n,).
        equity: Account value at the end of each, in the account currency, shape (n,).
        cash: Cash at the end, money units.
        fees: Fees of all fills, money units.
        final_equity: Account value at the end, money units, exact.
        positions: Signed lots held at the end, per instrument.
        strategies: The strategies as the run left them.
        compiled: The machine code, for further runs of equal shape; None when interpreted.
    """

    mode: Mode
    why: str
    seconds: float
    orders: NDArray[np.void]
    fills: NDArray[np.void]
    times: NDArray[np.int64]
    equity: NDArray[np.float64]
    cash: int
    fees: int
    final_equity: int
    positions: tuple[int, ...]
    strategies: tuple[Strategy, ...]
    compiled: CompiledKernel | None = None


def run(
    plan: Plan,
    mode: Mode = Mode.AUTO,
    *,
    notify: Callable[[str], None] | None = None,
    compiled: CompiledKernel | None = None,
    turn: Callable[[], None] | None = None,
) -> Outcome:
    """Run a plan to the end of its data.

    Args:
        plan: What to run.
        mode: How; see :class:`Mode`.
        notify: Told once, in words, when something needs compiling.
        compiled: Machine code of an earlier run with the same strategy class, rules and models;
            spares looking it up.
        turn: Called whenever the loop pauses, each time after some ten thousands of bars.

    Raises:
        NotCompilableError: If ``mode`` is compiled and the strategy cannot be.
        StrategyError: If the strategy raises.
    """
    engine = _build(plan)
    if mode is not Mode.INTERPRETED:
        try:
            return _run_compiled(engine, notify, compiled, turn)
        except NotCompilableError as error:
            if mode is Mode.COMPILED:
                raise
            return _run_interpreted(_build(plan), error.message, turn)
        except StrategyError:
            # It raised. Interpreted it raises at the same bar, and Python can say where and why.
            return _run_interpreted(_build(plan), "", turn)
    return _run_interpreted(engine, "", turn)


def _build(plan: Plan) -> SingleEngine | ManyEngine:
    try:
        return build(plan)
    except TradectlError:
        raise
    except (Exception, SystemExit) as error:  # a strategy must not end the program
        raise _explain(error, "on_start") from error


def _run_compiled(
    engine: SingleEngine | ManyEngine,
    notify: Callable[[str], None] | None,
    compiled: CompiledKernel | None,
    turn: Callable[[], None] | None,
) -> Outcome:
    from tradectl_sdk.kernel.census import take_census
    from tradectl_sdk.kernel.compiled import find_compiled

    census = take_census(engine)
    if compiled is None or not compiled.fits(census):
        compiled = find_compiled(engine, census, notify=_naming(engine, notify))
    started = time.perf_counter()
    went = compiled(engine, census, pause=PAUSE, turn=turn)
    while went == GROW:
        grow(engine)
        went = compiled(engine, pause=PAUSE, turn=turn)
    seconds = time.perf_counter() - started
    return finish(engine, Mode.COMPILED, "", seconds, compiled)


def _naming(
    engine: SingleEngine | ManyEngine, notify: Callable[[str], None] | None
) -> Callable[[str], None] | None:
    """Tell of the strategy that is compiled, not of the engine around it."""
    if notify is None:
        return None
    name = type(engine.strategies[0]).__name__
    return lambda _: notify(f"compiling {name} (first run only)")


def _run_interpreted(
    engine: SingleEngine | ManyEngine, why: str, turn: Callable[[], None] | None
) -> Outcome:
    started = time.perf_counter()
    try:
        while (state := engine.run()) != DONE:
            if state == GROW:
                grow(engine)
            elif turn is not None:
                turn()
    except TradectlError:
        raise
    except (Exception, SystemExit) as error:  # a strategy must not end the program
        raise _explain(error, _present_bar(engine)) from error
    return finish(engine, Mode.INTERPRETED, why, time.perf_counter() - started)


def grow(engine: SingleEngine | ManyEngine) -> None:
    """Give the tables of an engine twice the room."""
    booking = engine.desk.venue.booking
    booking.orders.rows = doubled(booking.orders.rows)
    booking.fills.rows = doubled(booking.fills.rows)
    booking.journal.entries = doubled(booking.journal.entries)


def timed(go: Callable[[], int]) -> tuple[int, float]:
    """Return what a function returns, and the seconds it took."""
    started = time.perf_counter()
    went = go()
    return went, time.perf_counter() - started


class Tables:
    """The tables of an engine as arrays, with room for more than a run has filled.

    Args:
        engine: It; its tables must not have grown since.
    """

    def __init__(self, engine: SingleEngine | ManyEngine) -> None:
        booking = engine.desk.venue.booking
        orders = np.asarray(booking.orders.rows)[:, : len(ORDER_FIELDS)]
        self.orders = orders.view(ORDER_DTYPE)[:, 0]
        self.fills = np.asarray(booking.fills.rows).view(FILL_DTYPE)[:, 0]
        self.times = np.frombuffer(engine.times, np.int64)
        self.equity = np.asarray(engine.equity)


def finish(
    engine: SingleEngine | ManyEngine,
    mode: Mode,
    why: str,
    seconds: float,
    compiled: CompiledKernel | None = None,
    *,
    tables: Tables | None = None,
) -> Outcome:
    """Let strategies look back on a run that is over, and return what it produced.

    Args:
        engine: It, after its last event.
        mode: How it ran.
        why: Why not compiled.
        seconds: Time the loop took.
        compiled: Its machine code.
        tables: Its tables, if they are at hand.
    """
    engine.desk.ended = True
    for number, strategy in enumerate(engine.strategies):
        engine.context.instrument = number
        engine.context.position = engine.desk.account.position[number]
        try:
            strategy.on_stop(engine.context)
        except TradectlError:
            raise
        except (Exception, SystemExit) as error:  # a strategy must not end the program
            raise _explain(error, "on_stop") from error
    booking, account = engine.desk.venue.booking, engine.desk.account
    tables = tables or Tables(engine)
    return Outcome(
        mode=mode,
        why=why,
        seconds=seconds,
        orders=tables.orders[: booking.orders.count],
        fills=tables.fills[: booking.fills.count],
        times=tables.times[: engine.instants],
        equity=tables.equity[: engine.instants],
        cash=account.cash,
        fees=account.fees,
        final_equity=_final_equity(engine),
        positions=tuple(account.lots),
        strategies=tuple(engine.strategies),
        compiled=compiled,
    )


def _final_equity(engine: SingleEngine | ManyEngine) -> int:
    """Cash and positions in money units; in plain Python, where no sum outgrows anything."""
    account, market = engine.desk.account, engine.desk.market
    total = account.cash
    for instrument, lots in enumerate(account.lots):
        worth = market.value(instrument, market.last(instrument), abs(lots))
        total += worth if lots > 0 else -worth
    return total


def _present_bar(engine: SingleEngine | ManyEngine) -> str:
    feed, now = engine.feed, np.datetime64(engine.desk.time, "ns")
    bars = [
        feed.next[stream] - feed.start[stream]
        for stream in range(feed.streams)
        if feed.drives[stream] and feed.instrument[stream] == engine.context.instrument
    ]
    return f"bar {bars[0]} ({np.datetime_as_string(now, unit='s')}Z)"


def _explain(error: Exception | SystemExit, where: str) -> StrategyError:
    """Say which line of the strategy raised, not which line of the engine called it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "tradectl_sdk/engine" not in f.filename.replace("\\", "/")]
    last = (own or list(frames))[-1]
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return StrategyError(
        f"the strategy raised {text} at {where}, {last.filename}:{last.lineno}",
        hint=f"the line is: {last.line}" if last.line else "",
    )
