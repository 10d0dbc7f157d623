"""The executor as a running node: one commit for what has come, and nothing leaves before it."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

import pytest
from floor import CASH, X, place, setup
from tradectl_sdk.bus.identity import Identity
from tradectl_sdk.bus.in_process import in_process_pair, in_process_stream
from tradectl_sdk.bus.link import Gap, PeerLost, Stale
from tradectl_sdk.bus.messages.control import (
    AskPrices,
    AskStatus,
    CancelEverything,
    Declined,
    Done,
    FetchInstruments,
    LastPrices,
    Reconcile,
    Reconciled,
    SetSwitch,
)
from tradectl_sdk.bus.messages.events import AccountSnapshot, Filled, Progress
from tradectl_sdk.bus.messages.intents import Cursor, Intents, StrategyFailed
from tradectl_sdk.bus.messages.market import Bars
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    Answered,
    CancelOrder,
    FetchAccount,
    Submit,
)
from tradectl_sdk.errors import JournalError
from tradectl_sdk.exchange.values import Accepted, AccountLink, Balance, BarClosed, TradeReport
from tradectl_sdk.nodes.effects import Effects
from tradectl_sdk.nodes.executor import Executor, Journal, JournalView
from tradectl_sdk.nodes.executor.shell import in_order
from tradectl_sdk.nodes.inputs import Received

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


def in_a_loop(test: Callable[[Path], Awaitable[None]]) -> Callable[[Path], None]:
    """Run a test where an event loop runs."""

    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    return run


def identity(role: str, epoch: int = 1) -> Identity:
    return Identity(name=role, role=role, epoch=epoch, session="s")


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait, but not for ever, until something is so."""
    for _ in range(12000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


class Scene:
    """An executor between a gateway and a host that the test plays."""

    def __init__(self, path: Path, bought: int = 0) -> None:
        self.path = path
        self.bought = bought
        self.journal = Journal(path)
        epoch = self.journal.state.epoch + 1
        mine, self.gateway = in_process_pair(
            identity("executor", epoch), identity("gateway", epoch)
        )
        ours, self.host = in_process_pair(identity("executor", epoch), identity("host"))
        self.stream = in_process_stream(identity("gateway", epoch))
        self.executor = Executor(
            setup(), self.journal, gateway=mine, host=ours,
            market=self.stream.subscribe(identity("executor", epoch)), epoch=epoch,
        )  # fmt: skip
        self.requests: list[Any] = []
        self.events: list[Any] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.durable: list[int] = []
        self.answering = asyncio.Event()
        self.answering.set()

    async def __aenter__(self) -> Scene:
        self.running = asyncio.create_task(self.executor.run())
        self.tasks = [asyncio.create_task(self.play()), asyncio.create_task(self.listen())]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.executor.stop()
        await asyncio.wait([self.running], timeout=60)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def play(self) -> None:
        """A venue that takes everything and fills it whole."""
        while True:
            request = await self.gateway.receive()
            if isinstance(request, FetchAccount):
                self.gateway.send(
                    AccountFetched(
                        request=request.request, venue_time=request.since + 10**11,
                        since=request.since, open_orders=(), closed_orders=(), trades=(),
                        balances=(
                            Balance(currency="USDT", free=CASH - self.bought * 10_000 * 1000),
                            Balance(currency="BTC", free=self.bought * 100_000),
                        ),
                        positions=(),
                        executions=Cursor(1, 0),
                    )
                )  # fmt: skip
            elif isinstance(request, Submit):
                self.requests.append(request)
                with JournalView(self.path) as view:
                    names = {order.client_id for order in view.orders()}
                self.durable.append(request.tickets[0].client_id in names)
                await self.answering.wait()
                self.gateway.send(Answered(request=request.request, outcomes=(Accepted(),)))
                ticket = request.tickets[0]
                self.bought += ticket.lots
                self.gateway.send(
                    TradeReport(
                        trade_id=ticket.client_id, instrument=X, client_id=ticket.client_id,
                        side=ticket.side, lots=ticket.lots, price=10_000, time=ticket.decided,
                    )
                )  # fmt: skip
            elif isinstance(request, CancelOrder):
                self.requests.append(request)

    async def listen(self) -> None:
        while True:
            self.events.append(await self.host.receive())

    async def until(self, kind: type, count: int = 1) -> list[Any]:
        """Wait until the host was told so many of a kind."""
        found: list[Any] = []

        def enough() -> bool:
            found[:] = [one for one in self.events if isinstance(one, kind)]
            return len(found) >= count

        await eventually(enough)
        return found

    def bar(self, time: int = 1) -> Cursor:
        bar = BarClosed(instrument=X, length=1, time=time, open=10_000, high=10_000, low=10_000,
                        close=10_000, volume=1)  # fmt: skip
        return self.stream.publish(Bars(executions=Cursor(1, 0), bars=(bar,)))

    def intend(self, number: int, *commands: Any, data: Cursor) -> None:
        self.host.send(
            Intents(strategy="s", epoch=1, decided=1, data=data, commands=commands, number=number)
        )


@in_a_loop
async def test_an_order_goes_all_the_way_and_its_intent_is_on_disk_before_it_leaves(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        (snapshot,) = await scene.until(AccountSnapshot)
        assert snapshot.cash == CASH
        data = scene.bar()
        scene.intend(1, place(1), data=data)
        (fill,) = await scene.until(Filled)
        assert (fill.number, fill.lots, fill.at) == (1, 10, Cursor(1, 1))
        await scene.until(Progress, 2)
        assert scene.durable == [True]
        status = scene.executor.status()
        assert (status.state, status.busy, status.data) == ("ready", 0, data)
        assert {one.peer for one in status.traffic} == {"gateway", "host"}
    with JournalView(tmp_path / "j") as view:
        assert [one.status for one in view.orders()] == ["filled"]
        assert view.check() == ""


@in_a_loop
async def test_a_flood_is_committed_in_few_transactions(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        commits = []
        commit = scene.journal.commit

        def counted(records):
            commits.append(len(records))
            commit(records)

        scene.journal.commit = counted
        data = scene.bar()
        for number in range(1, 201):
            scene.intend(number, place(number), data=data)
        await scene.until(Filled, 200)
        assert sum(commits) > 600
        assert len([count for count in commits if count]) < 100


@in_a_loop
async def test_it_goes_on_where_it_was(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        scene.intend(1, place(1), data=scene.bar())
        await scene.until(Filled)
    async with Scene(tmp_path / "j", bought=10) as scene:
        (snapshot,) = await scene.until(AccountSnapshot)
        assert [one.lots for one in snapshot.holdings] == [10]
        assert scene.executor.status().epoch == 2
        assert scene.requests == []


@in_a_loop
async def test_people_are_answered(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        ask = scene.executor.answer
        assert await ask(AskPrices()) == LastPrices(ticks={})
        data = scene.bar()
        await eventually(lambda: scene.executor.status().data == data)
        assert await ask(AskPrices()) == LastPrices(ticks={X: 10_000})
        assert isinstance(await ask(Reconcile()), Reconciled)
        assert isinstance(await ask(SetSwitch(state="reducing", by="me")), Done)
        assert scene.executor.status().text.startswith("the kill switch is reducing")
        assert isinstance(await ask(SetSwitch(state="active")), Declined)
        assert isinstance(await ask(CancelEverything(by="me")), Done)
        assert scene.executor.status().state == "halted"
        assert isinstance(await ask(FetchInstruments(instruments=())), Declined)
        assert isinstance(await ask(AskStatus()), Declined)


@in_a_loop
async def test_a_stop_waits_for_what_the_venue_was_asked_and_hears_no_new_intents(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        scene.answering.clear()
        data = scene.bar()
        scene.intend(1, place(1), data=data)
        await eventually(lambda: bool(scene.requests))
        scene.executor.stop()
        scene.intend(2, place(2), data=data)
        done, _ = await asyncio.wait([scene.running], timeout=0.2)
        assert not done
        scene.answering.set()
        await asyncio.wait_for(scene.running, 60)
    with JournalView(tmp_path / "j") as view:
        (order,) = view.orders()
        assert order.status in {"accepted", "filled"}
        assert view.state.heard == 1


@in_a_loop
async def test_a_stop_does_not_wait_long_and_not_for_a_gateway_that_is_gone(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tradectl_sdk.nodes.executor.shell.FAREWELL", 0.1)
        async with Scene(tmp_path / "j") as scene:
            await scene.until(AccountSnapshot)
            scene.answering.clear()
            scene.intend(1, place(1), data=scene.bar())
            await eventually(lambda: bool(scene.requests))
            scene.executor.stop()
            await asyncio.wait_for(scene.running, 60)
            core = scene.executor._core
            assert core.awaits_answers
            core.step(0, Received("gateway", PeerLost(name="gateway")))
            assert not core.awaits_answers
    with JournalView(tmp_path / "j") as view:
        assert [one.status for one in view.orders()] == ["submitted"]


@in_a_loop
async def test_when_the_journal_fails_nothing_leaves_and_the_node_ends(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        connection = scene.journal._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        data = scene.bar()
        for number in range(1, 2001):
            scene.intend(number, place(number), data=data)
        with pytest.raises((JournalError, ExceptionGroup)) as caught:
            async with asyncio.timeout(60):
                await scene.running
        error = caught.value
        assert isinstance(error, JournalError) or error.subgroup(JournalError)
        assert all(scene.durable), "what left had been written"
    Journal(tmp_path / "j").close()


@in_a_loop
async def test_it_writes_a_checkpoint_now_and_then(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        scene.journal._every = 10
        data = scene.bar()
        for number in range(1, 31):
            scene.intend(number, place(number), data=data)
        await scene.until(Filled, 30)
        count = scene.journal._connection.execute("SELECT count(*) FROM checkpoints").fetchone()
        assert count[0] >= 1
    again = Journal(tmp_path / "j")
    assert again._since <= 10
    again.close()


@in_a_loop
async def test_a_turn_that_writes_a_checkpoint_does_not_tidy_up_as_well(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        journal, done = scene.journal, []
        journal._every = 10
        for name in ("commit", "checkpoint", "tidy"):
            plain = getattr(journal, name)

            def act(*given: Any, name: str = name, plain: Any = plain) -> None:
                done.append(name)
                plain(*given)

            setattr(journal, name, act)
        data = scene.bar()
        for number in range(1, 31):
            scene.intend(number, place(number), data=data)
        await scene.until(Filled, 30)
    turns = " ".join(done).split("commit")
    assert any("checkpoint" in turn for turn in turns)
    assert any("tidy" in turn for turn in turns)
    assert not any("checkpoint tidy" in turn for turn in turns)


@in_a_loop
async def test_a_venue_that_tells_nothing_is_shown(tmp_path):
    async with Scene(tmp_path / "j") as scene:
        await scene.until(AccountSnapshot)
        scene.gateway.send(AccountLink(up=False, text="cut"))
        await eventually(lambda: scene.executor.status().state == "reconciling")
        assert "does not tell" in scene.executor.status().text


def test_people_are_told_in_the_log_what_they_should_know(tmp_path, caplog):
    async def play() -> None:
        async with Scene(tmp_path / "j") as scene:
            await scene.until(AccountSnapshot)
            data = scene.bar()
            scene.intend(1, place(1), data=data)
            await scene.until(Filled)
            first = scene.requests[0].tickets[0]
            scene.gateway.send(
                TradeReport(trade_id=first.client_id, instrument=X, side=1, lots=9, price=1)
            )
            scene.bought = 3
            scene.host.send(StrategyFailed(strategy="s", epoch=1, text="boom", traceback="line 7"))
            scene.executor._core.parts.reconciler.soon()
            await eventually(lambda: "differ" in caplog.text)

    caplog.set_level("WARNING", "tradectl.executor")
    asyncio.run(play())
    for words in ("another trade of a known id", "line 7", "the kill switch is halted", "BTC"):
        assert words in caplog.text


class Odd:
    """A subscriber that has nothing to say but what is wrong."""

    def __init__(self) -> None:
        self.says = [Gap(expected=Cursor(1, 2), found=Cursor(1, 9)), Stale(text="silent")]

    def attend(self, ready: Any) -> None:
        ready()

    def take(self) -> Any:
        return self.says.pop(0) if self.says else None

    async def close(self) -> None:
        """Have nothing to close."""


@in_a_loop
async def test_what_the_stream_left_out_and_says_of_itself_reaches_the_core(tmp_path):
    scene = Scene(tmp_path / "j")
    scene.executor._market = Odd()
    async with scene:
        await scene.until(AccountSnapshot)
        standing = scene.executor._core.parts.standing
        await eventually(lambda: not standing.stream_fresh)
        assert list(standing.stale) == [X]


def test_progress_that_is_overtaken_is_not_said():
    one, two = Effects(), Effects()
    first, second = (Progress(executions=Cursor(1, n)) for n in (1, 2))
    one.messages += [("host", first), ("gateway", "x")]
    two.messages += [("host", second), ("host", "event"), ("host", second)]
    assert in_order([one, two]) == [
        ("gateway", "x"), ("host", second), ("host", "event"), ("host", second),
    ]  # fmt: skip
