"""A host that is killed between any two steps: nothing is lost, nothing is done twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from casino import make_plan, seeds, several
from counterpart import Session, began, exact
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_live import possible
from tradectl_sdk.bus.messages.intents import Place
from tradectl_sdk.engine import Assumptions
from tradectl_sdk.nodes.host import HostCore, HostSetup
from tradectl_sdk.nodes.inputs import Datum

fewer = settings(several, max_examples=20)
generous = Assumptions(volume_share=Decimal(0), slippage_bps=Decimal(0), exits_in_entry_bar=False)


class Mortal(Session):
    """A session whose host dies in given steps, before or after what it wants is on its way."""

    def __init__(self, plan: Any, deaths: dict[int, bool]) -> None:
        self.deaths = deaths
        self.steps = 0
        self.dead = False
        super().__init__(plan)

    def step(self, event: Any) -> list[Any]:
        if self.dead:
            return []
        self.steps += 1
        death = self.deaths.get(self.steps)
        if death is False:  # it had decided, and nobody hears of it
            self.core.step(self.now, event)
            self.dead = True
            return []
        said = super().step(event)
        self.dead = self.dead or death is True
        return said

    def run(self, start: int = 0, end: int | None = None) -> Session:
        for at, bars in enumerate(self.instants[start:end]):
            self.pass_bars(bars)
            if self.dead:
                self.dead = False
                self.start(tuple(bar for each in self.instants[: at + 1] for bar in each))
            self.check()
        return self


@given(
    seed=seeds,
    count=st.integers(1, 2),
    assume=possible,
    deaths=st.dictionaries(st.integers(1, 150), st.booleans(), max_size=6),
)
@example(seed=1929, count=2, assume=generous, deaths={1: False, 52: False, 81: False})
@fewer
def test_a_host_that_dies_anywhere_agrees_with_the_executor_again(seed, count, assume, deaths):
    session = Mortal(exact(make_plan(seed, count, 40, assume)), deaths).run()
    placed = [
        (intents.epoch, command.number)
        for intents in session.executor.read
        for command in intents.commands
        if isinstance(command, Place)
    ]
    assert len(placed) == len(set(placed))


class Written(Session):
    """Keeps what the host was told; each bar comes after something that only the channel tells."""

    def pass_bars(self, bars: Any) -> None:
        self.executor.seq += 1
        super().pass_bars(bars)

    def step(self, event: Any) -> list[Any]:
        self.told = [*getattr(self, "told", ()), event]
        return super().step(event)


@given(
    seed=seeds,
    count=st.integers(1, 2),
    assume=possible,
    early=st.lists(st.integers(0, 30), min_size=40, max_size=40),
)
@fewer
def test_the_strategy_s_order_of_events_does_not_depend_on_which_way_was_faster(
    seed, count, assume, early
):
    """Bars may overtake what the executor tells; they wait for it."""
    plan = exact(make_plan(seed, count, 40, assume))
    session = Written(plan).run()
    core = HostCore(HostSetup(began=began(), plan=plan))
    frames = []
    for event in overtaken(session.told, early):
        frames += core.step(1, event).records
    assert [told(frame) for frame in frames] == [told(frame) for frame in session.frames]


def overtaken(events: list[Any], early: list[int]) -> list[Any]:
    """The same events with each datum so many places earlier, in the order of the data."""
    moved: list[Any] = []
    floor = 0
    places = iter(early)
    for event in events:
        at = len(moved)
        if isinstance(event, Datum):
            at = max(floor, at - next(places), 1)
            floor = at + 1
        moved.insert(at, event)
    return moved


def told(frame: Any) -> Any:
    """A frame without the times of the clock on the wall."""
    return msgspec.structs.replace(frame, time=0) if hasattr(frame, "time") else frame
