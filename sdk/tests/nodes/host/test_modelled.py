"""Bars wait for what models say of them; nothing is handed over without, or in another order."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from casino import make_plan, seeds, several
from counterpart import Session, exact
from hypothesis import given, settings
from hypothesis import strategies as st
from test_handover import nothing, notices, plan, seen
from test_live import possible
from test_node import Scene, within
from tradectl_sdk.bus.link import Fresh, PeerBack, PeerLost, Stale
from tradectl_sdk.bus.messages.control import BarsFetched, FetchBars
from tradectl_sdk.bus.messages.intents import Cursor, StrategyFailed
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.errors import ModelError
from tradectl_sdk.nodes.host.handing import Foreseen, Wanted
from tradectl_sdk.nodes.host.recording import read_frames
from tradectl_sdk.nodes.host.records import Failed, Saw, Warmed
from tradectl_sdk.nodes.inputs import Missed, Received, Woken
from workbench import Scripted

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGNALS = ("first", "second")
LOST = PeerLost(name="executor", text="gone")
BACK = PeerBack(name="executor", role="executor", epoch=1)


class Reader(Scripted):
    """Keeps what stood beside each bar."""

    def on_start(self, ctx: Any) -> None:
        super().on_start(ctx)
        self.columns = [ctx.signal(name) for name in SIGNALS]
        self.read: list[Any] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        super().on_bar(ctx, bar)
        self.read.append((bar.time, *(column.value for column in self.columns)))


def beside(bars: Sequence[Any]) -> tuple[tuple[float, float], ...]:
    """What the models of these tests say of bars."""
    return tuple((bar.time / 7.0, float(bar.close)) for bar in bars)


class Modelled(Session):
    """A session whose models are asked, and answer when they are told to."""

    def __init__(self, made: Any, **setup: Any) -> None:
        self.asked: list[Wanted] = []
        super().__init__(made, signals=SIGNALS, **setup)

    def step(self, event: Any) -> list[Any]:
        said = super().step(event)
        self.asked += [message for port, message in said if port == "models"]
        return said

    def answer(self) -> None:
        (wanted,) = self.asked
        self.asked = []
        self.step(Received("models", Foreseen(beside(wanted.bars))))

    @property
    def read(self) -> list[Any]:
        return self.engine.strategies[0].read


def readers(script: Any = nothing, *prices: float, count: int = 1) -> Any:
    return replace(plan(script, *prices, count=count), make_strategy=lambda: Reader(script))


def expected(session: Session, numbers: Sequence[int]) -> list[Any]:
    return [(b[0].time, *beside(b)[0]) for b in (session.instants[at] for at in numbers)]


def test_a_bar_waits_for_its_forecasts_and_those_behind_it_wait_with_it():
    session = Modelled(readers()).run(0, 3)
    assert [one.bars for one in session.asked] == [tuple(session.instants[0])]
    assert seen(session) == []
    assert session.core.busy == 3
    assert session.core.read == Cursor(0, 0)
    for number in range(3):
        session.answer()
        assert seen(session) == list(range(number + 1))
    assert session.read == expected(session, [0, 1, 2])
    assert session.asked == []
    assert (session.core.busy, session.core.read) == (0, Cursor(1, 3))
    frames = [frame for frame in session.frames if isinstance(frame, Saw)]
    assert [frame.forecasts for frame in frames] == [beside(b) for b in session.instants[:3]]


@given(seed=seeds, count=st.integers(1, 2), assume=possible, detours=st.lists(st.booleans()))
@settings(several, max_examples=5)
def test_with_models_a_session_makes_the_fills_of_its_backtest(seed, count, assume, detours):
    made = exact(make_plan(seed, count, 40, assume))
    whole = run(made, Mode.INTERPRETED)
    session = Modelled(made)
    ways = iter(detours)
    for bars in session.instants:
        session.pass_bars(bars)
        if next(ways, False):
            session.say(LOST)
            session.answer()
            session.say(BACK)
        else:
            session.answer()
    assert session.executor.fills["price"].tolist() == whole.fills["price"].tolist()
    assert [vars(one) for one in session.engine.strategies] == [
        vars(one) for one in whole.strategies
    ]
    session.check()


def test_without_an_executor_nothing_is_decided_though_models_have_answered():
    session = Modelled(readers()).run(0, 1)
    session.say(LOST)
    session.answer()
    assert seen(session) == []
    session.say(BACK)
    assert session.read == expected(session, [0])


def test_what_models_were_asked_is_handed_over_whatever_becomes_of_the_data_meanwhile():
    """They have counted these bars; a strategy that were not shown them would be told others."""
    session = Modelled(readers()).run(0, 1)
    session.step(Received("market", Stale(text="silent")))
    session.answer()
    assert session.read == expected(session, [0])
    session.step(Received("market", Fresh()))


def test_missing_bars_are_forecast_in_their_order_before_the_one_that_showed_it():
    session = Modelled(readers()).run(0, 1)
    session.answer()
    session.published = 3
    session.step(Missed(Cursor(1, 4)))
    said = session.publish(session.executor.pass_bars(1, session.instants[3])[1])
    assert [type(message) for _, message in said] == [FetchBars]
    found = tuple(bar for bars in session.instants[1:3] for bar in bars)
    session.step(Received("gateway", BarsFetched(bars=found)))
    while session.asked:
        session.answer()
    assert seen(session, late=True) == [1, 2]
    assert session.read == expected(session, [0, 1, 2, 3])


def test_the_past_is_told_with_what_was_said_of_it():
    made = readers()
    first = Session(plan(nothing)).instants
    past = [bar for bars in first[:2] for bar in bars]
    foreseen = {(bar.instrument, bar.time): beside([bar])[0] for bar in past}

    class Warm(Modelled):
        def first_history(self) -> Any:
            return tuple(past)

    session = Warm(made, foreseen=foreseen)
    assert session.read == expected(session, [0, 1])
    frames = [frame for frame in session.frames if isinstance(frame, Warmed)]
    assert [frame.forecasts for frame in frames] == [beside(b) for b in first[:2]]


def test_a_bar_that_is_passed_over_moves_no_value_to_another():
    session = Modelled(readers(count=2)).run(0, 2)
    session.answer()
    session.answer()
    older, fresh = session.instants[1][0], session.instants[2][1]
    session.publish(session.executor.pass_bars(1, session.instants[2])[1])
    (wanted,) = session.asked
    session.asked = [Wanted((wanted.bars[0], wanted.bars[1]))]
    session.answer()
    assert session.engine.strategies[1].read[-1] == (fresh.time, *beside([fresh])[0])
    assert older.time < fresh.time


def test_a_model_that_fails_ends_the_strategy_with_its_words():
    session = Modelled(readers()).run(0, 1)
    said = session.step(Received("models", Foreseen(text="ridge: no", traceback="there")))
    assert (session.core.state, session.core.text) == ("failed", "ridge: no")
    ((_, failure),) = said
    assert isinstance(failure, StrategyFailed)
    assert failure.traceback == "there"
    assert isinstance(session.frames[-1], Failed)


def test_models_are_not_waited_for_for_ever():
    session = Modelled(readers(), thinking=50).run(0, 1)
    effects = session.core.step(session.now + 1, Woken())
    assert effects.wake is not None
    session.core.step(effects.wake, Woken())
    assert session.core.text == "RuntimeError: models have not answered for 5e-08 s"


def test_it_is_said_when_forecasts_took_longer_than_a_bar():
    session = Modelled(readers(), thinking=10**18).run(0, 1)
    session.now += session.instants[0][0].length + 10
    session.answer()
    assert notices(session) == ["models late"]
    assert session.read == expected(session, [0])


class Models:
    """Models in threads: they learn at length, or fail."""

    def __init__(self, fails: BaseException | None = None) -> None:
        self.fails = fails
        self.go_on = threading.Event()
        self.threads: set[str] = set()
        self.looked = threading.Event()

    def foresee(self, bars: Any) -> Any:
        self.threads.add(threading.current_thread().name)
        if self.fails is not None:
            raise self.fails
        self.go_on.wait(60)
        return beside(bars)

    def fit_ahead(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.looked.set()


def test_the_host_answers_while_a_model_learns_and_is_not_taken_for_hung(tmp_path):
    models = Models()
    barked: list[str] = []

    async def main() -> None:
        scene = Scene(
            tmp_path, readers(), setup={"signals": SIGNALS}, models=models, hang=1.0,
            on_hang=barked.append,
        )  # fmt: skip
        playing = asyncio.create_task(scene.play({0, 1}))
        while not scene.host.status().busy:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        await asyncio.sleep(1.2)  # longer than a handler may take
        assert scene.host.status().state == "ready"
        models.go_on.set()
        await playing
        frames = [frame for frame in read_frames(scene.path) if isinstance(frame, Saw)]
        assert [frame.forecasts for frame in frames] == [beside(b) for b in scene.instants[:2]]

    within(main())
    assert barked == []
    assert models.looked.wait(60)
    assert models.threads == {"models", "fits"}


@pytest.mark.parametrize(
    ("fails", "text"),
    [
        (ModelError("Deep: fit raised ValueError: no"), "Deep: fit raised ValueError: no"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_a_model_that_fails_in_its_thread_fails_the_host(tmp_path, fails, text):
    async def main() -> None:
        scene = Scene(tmp_path, readers(), setup={"signals": SIGNALS}, models=Models(fails))
        await scene.play({0})
        assert scene.host.failed == text
        assert [one.text for one in scene.heard if isinstance(one, StrategyFailed)] == [text]

    within(main())


def test_a_fit_ahead_that_fails_is_noted_and_the_session_goes_on(tmp_path, caplog):
    class Clumsy(Models):
        def fit_ahead(self) -> None:
            super().fit_ahead()
            raise ValueError("singular")

    models = Clumsy()
    models.go_on.set()

    async def main() -> None:
        scene = Scene(tmp_path, readers(), setup={"signals": SIGNALS}, models=models)
        await scene.play({0, 1})
        assert not scene.host.failed

    within(main())
    assert models.looked.wait(60)
    assert "a fit that was made ahead failed" in caplog.text
    assert "ValueError: singular" in caplog.text
