"""Running one plan again and again, with strategies that differ in their parameters.

Building an engine, looking at its objects and binding them to memory takes as long as running a
hundred thousand bars. All of it but the strategy is the same for every trial of a sweep, so it is
done once: an engine is kept, its strategies are exchanged, and whatever a run or a strategy did to
it is put back afterwards. Where that would not surely give the bytes of a run by itself, the run is
made by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tradectl_sdk.engine.bars import Feed
from tradectl_sdk.engine.build import (
    Lookup,
    assemble,
    begin,
    furnish,
    longest_warmup,
    looks_back,
    make_strategies,
)
from tradectl_sdk.engine.context import Context
from tradectl_sdk.engine.engine import GROW, PAUSE
from tradectl_sdk.engine.run import Mode, Outcome, Tables, finish, run, timed
from tradectl_sdk.errors import NotCompilableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.engine.bars import Columns
    from tradectl_sdk.engine.build import Plan, Resampler
    from tradectl_sdk.kernel import CompiledKernel
    from tradectl_sdk.strategy import Strategy

_PATIENCE = 8  # runs that may find the kept engine of no use before it is given up


class Reruns:
    """Runs of one plan, one after another, each the very one that :func:`.run.run` makes.

    Args:
        plan: What all runs share.
        mode: How; see :class:`.run.Mode`.
        notify: Told in words when something needs compiling.

    Attributes:
        reused: Runs that were made on the engine of an earlier one.
    """

    def __init__(
        self, plan: Plan, mode: Mode, *, notify: Callable[[str], None] | None = None
    ) -> None:
        once = None if plan.resample is None else _Once(plan.resample)
        self._plan, self._mode, self._notify = replace(plan, resample=once), mode, notify
        self._compiled: CompiledKernel | None = None
        self._stage: Stage | None = None
        self._in_vain = 0
        self.reused = 0

    def run(
        self, make_strategy: Callable[[], Strategy], turn: Callable[[], None] | None = None
    ) -> Outcome:
        """Run a strategy; the arrays of the outcome hold until the next run.

        Its strategies are as the run left them if they look back; if not, they may be as they were
        when they had started.

        Args:
            make_strategy: As in a plan.
            turn: Called whenever the loop pauses; what it raises ends the run.

        Raises:
            NotCompilableError: If the mode is compiled and the strategy cannot be.
            StrategyError: If the strategy raises.
        """
        outcome = self._on_stage(make_strategy, turn)
        if outcome is None:
            plan = replace(self._plan, make_strategy=make_strategy)
            outcome = run(plan, self._mode, notify=self._notify, compiled=self._compiled, turn=turn)
            self._compiled = outcome.compiled
        return outcome

    def _on_stage(
        self, make_strategy: Callable[[], Strategy], turn: Callable[[], None] | None
    ) -> Outcome | None:
        """Run it on the kept engine; None where that is of no use, whatever the reason."""
        if self._compiled is None or self._in_vain > _PATIENCE:
            return None
        stopped: list[Exception] = []

        def taking_turns() -> None:
            try:
                if turn is not None:
                    turn()
            except Exception as error:
                stopped.append(error)
                raise

        try:
            if self._stage is None:
                plan = replace(self._plan, make_strategy=make_strategy)
                self._stage = Stage(plan, self._compiled)
            outcome = self._stage.run(make_strategy, taking_turns)
        except Exception:
            if stopped:
                raise
            outcome = None  # the run by itself tells it as it is to be told
        if outcome is None:
            self._in_vain += 1
        else:
            self._in_vain = 0
            self.reused += 1
        return outcome


class Stage:
    """An engine that is built once and started anew with other strategies.

    Args:
        plan: What it is made of; it is started with this plan's strategies.
        compiled: Machine code of a run of the same plan.

    Raises:
        NotCompilableError: If a run on it might differ from one by itself.
        Exception: Whatever a strategy's ``on_start`` raises.
    """

    def __init__(self, plan: Plan, compiled: CompiledKernel) -> None:
        from tradectl_sdk.kernel.exchanging import Exchanging, Remembered, reachable

        self._plan, self._empty = plan, vars(Feed())
        self._empty_lists = [name for name, value in self._empty.items() if value == []]
        feed, strategies = Feed(), make_strategies(plan)
        desk = furnish(plan, feed, strategies)
        lookup = Lookup(plan, feed)
        context = Context(desk, lookup)
        context.position = desk.account.position[0]  # as it is left when strategies have started
        # The feed is empty while strategies start, and filled afterwards.
        self._before = Remembered(
            [one for one in reachable(context) if one is not feed], _passing(desk)
        )
        begin(context, desk, strategies)
        if not self._before.unchanged():
            raise NotCompilableError("a strategy changes the engine when it starts")
        lookup.load()
        engine = assemble(plan, strategies, context, desk, feed, ends=True)
        self._compiled = compiled
        self._engine, self._feed, self._lookup = engine, feed, lookup
        self._streams = lookup.streams()
        self._exchanging = Exchanging(compiled, engine, strategies)
        columns = [value for value in vars(feed).values() if isinstance(value, memoryview)]
        passing = [*_passing(desk), *columns, engine.equity, engine.times]
        self._after = Remembered(self._exchanging.fixed, passing)
        booking = desk.venue.booking
        read = {
            engine: ("instants",),
            feed: ("next",),
            desk.account: ("cash", "fees", "lots", "position"),
            booking.orders: ("count",),
            booking.fills: ("count",),
        }
        self._reading = self._exchanging.reading(read.items())
        self._read = Remembered([*read, desk, context], passing)
        self._loaded, self._tables = dict(vars(feed)), Tables(engine)

    def run(
        self, make_strategy: Callable[[], Strategy], turn: Callable[[], None] | None
    ) -> Outcome | None:
        """Run fresh strategies of the same class; None where that is of no use.

        Raises:
            Exception: Whatever strategies raise; the engine is as it was.
        """
        changed = self._after
        try:
            strategies = self._start(make_strategy)
            if strategies is None or not self._exchanging.exchange(strategies):
                return None
            if not looks_back(strategies):
                changed = self._read
            return self._play(strategies, turn)
        finally:
            changed.restore()
            self._after.restore_arrays()

    def _start(self, make_strategy: Callable[[], Strategy]) -> list[Strategy] | None:
        """Start fresh strategies as in an engine that has just been built."""
        engine, feed, lookup = self._engine, self._feed, self._lookup
        strategies = make_strategies(self._plan, make_strategy)
        lookup.forget()
        vars(feed).update(self._empty)
        vars(feed).update({name: [] for name in self._empty_lists})
        begin(engine.context, engine.desk, strategies)
        vars(feed).update(self._loaded)
        streams = lookup.streams()
        same = len(streams) == len(self._streams) and all(map(_same, streams, self._streams))
        if not same or not self._before.unchanged():
            return None
        lookup.bind()
        return strategies

    def _play(self, strategies: list[Strategy], turn: Callable[[], None] | None) -> Outcome | None:
        engine = self._engine
        engine.strategies[:] = strategies
        engine.warmup = longest_warmup(self._plan, strategies)
        self._exchanging.put(engine, "warmup")
        reading = None if looks_back(strategies) else self._reading
        went, seconds = timed(lambda: self._exchanging.run(pause=PAUSE, turn=turn, reading=reading))
        if went == GROW:
            return None  # tables of the right size are made for a run by itself
        return finish(engine, Mode.COMPILED, "", seconds, self._compiled, tables=self._tables)


class _Once:
    """Makes each longer series once: its bars are the same in every run."""

    def __init__(self, resample: Resampler) -> None:
        self._resample = resample
        self._made: dict[tuple[int, int], Columns] = {}

    def __call__(self, instrument: int, timeframe: Timeframe) -> Columns:
        """Return its columns."""
        key = instrument, timeframe.nanoseconds
        if key not in self._made:
            self._made[key] = self._resample(instrument, timeframe)
        return self._made[key]


def _same(one: object, other: object) -> bool:
    return one is other


def _passing(desk: object) -> list[object]:
    """Tables of which a run reads what it wrote itself, and nothing else."""
    booking = desk.venue.booking  # type: ignore[attr-defined]
    return [booking.orders.rows, booking.fills.rows, booking.journal.entries]
