"""The gateway as a running node: what it moves, what it survives, and how it stops."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from gateway_scene import (
    BROKEN,
    BTC,
    ETH,
    MINUTE,
    SECOND,
    SIMULATED,
    UP,
    ScriptedExchange,
    bar,
    minutes,
    submit,
    trade,
)
from tradectl_sdk.bus import ChannelLimits, Identity, in_process_pair, in_process_stream
from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.control import (
    BarsFetched,
    Declined,
    FetchBars,
    FetchInstruments,
    InstrumentsFetched,
    Reconcile,
)
from tradectl_sdk.bus.messages.market import Bars, Feed
from tradectl_sdk.bus.messages.orders import Answered
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import ChannelFullError, CredentialError
from tradectl_sdk.exchange import AccountLink, FeedState, KeyPermissions
from tradectl_sdk.nodes.gateway import Gateway, GatewayRules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

QUESTION = FetchBars(instrument=BTC, length=MINUTE, since=0, until=MINUTE)


class Running:
    """A gateway with what surrounds it in a session."""

    def __init__(
        self, exchange: ScriptedExchange, limits: ChannelLimits | None, key: str = "", **rules: Any
    ) -> None:
        me, executor, host = (
            Identity(name=role, role=role, epoch=1, session="s")
            for role in ("gateway", "executor", "host")
        )
        self.exchange = exchange
        to_executor, self.executor = in_process_pair(me, executor, limits=limits)
        to_host, self.host = in_process_pair(me, host)
        stream = in_process_stream(me)
        self.market = stream.subscribe(host)
        self.gateway = Gateway(
            exchange,
            to_executor,
            stream,
            to_host,
            epoch=1,
            rules=GatewayRules(**({"streams": minutes(BTC)} | rules)),
            redact=lambda text: text.replace("hunter2", "***"),
            patience=1.0,
            key=key,
        )
        self.task = asyncio.create_task(self.gateway.run())

    async def hear(self, kind: type) -> Any:
        """Return the executor's next message of a kind."""
        while not isinstance(message := await self.executor.receive(), kind):
            pass
        return message

    async def see(self, kind: type) -> Any:
        """Return the next market message of a kind."""
        while True:
            found = await self.market.receive()
            if isinstance(found, tuple) and isinstance(found[1], kind):
                return found[1]

    async def until(self, what: Callable[[], bool]) -> None:
        while not what():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(
    exchange: ScriptedExchange | None = None, limits: ChannelLimits | None = None, **rules: Any
) -> AsyncIterator[Running]:
    scene = Running(exchange or ScriptedExchange(SIMULATED), limits, **rules)
    try:
        yield scene
    finally:
        scene.gateway.stop()
        await asyncio.wait_for(asyncio.gather(scene.task, return_exceptions=True), 60)


def play(what: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(what(), 120)

    asyncio.run(bounded())


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradectl_sdk.nodes.gateway.shell._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("tradectl_sdk.nodes.gateway.shell._FAREWELL", 0.3)


def test_orders_go_out_and_what_the_venue_tells_comes_in() -> None:
    async def scene() -> None:
        async with running() as one:
            await one.hear(PeerChanged)
            await one.until(lambda: one.gateway.status().state == "ready")
            one.executor.send(submit())
            assert isinstance(await one.hear(Answered), Answered)
            one.exchange.account.put_nowait(trade(1))
            assert await one.hear(type(trade(1))) == trade(1)
            one.exchange.data.put_nowait(bar(BTC, 1))
            group = await one.see(Bars)
            assert group.bars == (bar(BTC, 1),)
            status = one.gateway.status()
            told = status.data.seq  # that data are live, and the bar
            assert (status.state, status.busy, told) == ("ready", 0, 2)
            assert status.executions == group.executions
            assert one.gateway.latest_bar == MINUTE
        assert one.exchange.closed

    play(scene)


def test_an_exchange_that_is_away_is_tried_again_and_its_words_are_redacted() -> None:
    async def scene() -> None:
        exchange = ScriptedExchange(SIMULATED, open=[type(BROKEN)("hunter2 is down"), BROKEN, None])
        async with running(exchange) as one:
            await one.until(lambda: bool(one.gateway.status().text))
            assert one.gateway.status().state == "starting"
            assert "hunter2" not in one.gateway.status().text
            await one.until(lambda: one.gateway.status().state == "ready")
            assert one.gateway.status().text == ""

    play(scene)


def test_what_trying_again_does_not_mend_ends_the_node() -> None:
    async def scene() -> None:
        exchange = ScriptedExchange(SIMULATED, open=CredentialError("the key was refused"))
        async with running(exchange) as one:
            with pytest.raises(BaseExceptionGroup) as caught:
                await one.task
            assert caught.group_contains(CredentialError)

    play(scene)


@pytest.mark.parametrize(
    ("permissions", "text"),
    [
        (KeyPermissions(trade=True, withdraw=True), "key acme can withdraw"),
        (KeyPermissions(trade=False, withdraw=False), "key acme cannot trade"),
    ],
)
def test_a_key_that_may_do_too_much_by_now_ends_the_node_before_anything_is_asked(
    permissions: KeyPermissions, text: str
) -> None:
    async def scene() -> None:
        exchange = ScriptedExchange(SIMULATED, permissions=[BROKEN, permissions])
        async with running(exchange, key="acme") as one:
            one.executor.send(submit())
            with pytest.raises(BaseExceptionGroup) as caught:
                await one.task
            (error,) = caught.value.exceptions
            assert isinstance(error, CredentialError)
            assert text in error.message
            assert "make another" in error.hint
        assert [name for name, _ in exchange.asked] == ["open", "permissions", "permissions"]
        assert exchange.closed

    play(scene)


def test_what_the_exchange_does_not_tell_of_a_key_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        exchange = ScriptedExchange(SIMULATED, permissions=KeyPermissions())
        async with running(exchange, key="acme") as one:
            await one.until(lambda: one.gateway.status().state == "ready")

    play(scene)
    assert "does not tell of key acme whether it can withdraw" in caplog.text


def test_streams_that_break_are_told_and_begun_again() -> None:
    async def scene() -> None:
        async with running() as one:
            await one.hear(PeerChanged)
            one.exchange.account.put_nowait(UP)
            await one.hear(AccountLink)
            one.exchange.account.put_nowait(ConnectionResetError("hunter2"))
            one.exchange.data.put_nowait(StopAsyncIteration)
            while (link := await one.hear(AccountLink)).up or "Reset" not in link.text:
                pass
            assert "hunter2" not in link.text
            feed = await one.see(Feed)
            assert not feed.state.live
            assert one.gateway.status().figures["stale"] == BTC
            one.exchange.data.put_nowait(FeedState(instrument=BTC, live=True))
            assert (await one.see(Feed)).state == FeedState(instrument=BTC, live=True)
            assert feed.state.instrument == BTC
            assert one.gateway.status().figures["stale"] == "none"
            assert "ended" in feed.state.text
            one.exchange.account.put_nowait(trade(7))
            one.exchange.data.put_nowait(bar(BTC, 2))
            assert await one.hear(type(trade(7))) == trade(7)
            assert (await one.see(Bars)).bars == (bar(BTC, 2),)
            asked = [name for name, _ in one.exchange.asked]
            assert asked.count("market_data") == 2

    play(scene)


def test_a_stream_that_is_begun_again_is_live_with_its_first_datum() -> None:
    """Not every exchange says so, and nobody would ever trust its data again."""

    async def scene() -> None:
        async with running() as one:
            await one.until(lambda: one.gateway.status().state == "ready")
            one.exchange.data.put_nowait(StopAsyncIteration)
            assert not (await one.see(Feed)).state.live
            one.exchange.data.put_nowait(bar(BTC, 2))
            assert (await one.see(Feed)).state == FeedState(instrument=BTC, live=True)
            assert (await one.see(Bars)).bars == (bar(BTC, 2),)
            assert one.gateway.status().figures["stale"] == "none"

    play(scene)


def test_a_host_is_told_of_the_past_by_its_channel_and_anybody_by_the_control_socket() -> None:
    one = Instrument(symbol="BTC/USDT", venue="X", tick_size=Decimal(1), lot_size=Decimal(1))
    exchange = ScriptedExchange(SIMULATED, history=[(bar(BTC, 1),), BROKEN], instruments=[[one]])

    async def scene() -> None:
        async with running(exchange) as running_one:
            running_one.host.send(QUESTION)
            answers = []
            while len(answers) < 1:
                message = await running_one.host.receive()
                answers += [] if isinstance(message, PeerChanged) else [message]
            assert answers == [BarsFetched(bars=(bar(BTC, 1),))]
            gateway = running_one.gateway
            declined = await gateway.answer(QUESTION)
            assert isinstance(declined, Declined)
            assert (declined.status, declined.text) == (5, "the venue said 503")
            terms = await gateway.answer(FetchInstruments(instruments=(BTC,)))
            assert isinstance(terms, InstrumentsFetched)
            assert json.loads(terms.terms[0])["symbol"] == "BTC/USDT"
            unknown = await gateway.answer(FetchInstruments(instruments=("DOGE.X",)))
            assert isinstance(unknown, Declined)
            assert unknown.status == 6
            assert isinstance(await gateway.answer(Reconcile()), Declined)

    play(scene)


def test_a_gateway_that_stops_waits_for_answers_that_are_under_way_and_passes_them_on() -> None:
    async def scene() -> None:
        release = asyncio.Event()

        async def slowly() -> Any:
            await release.wait()
            return ScriptedExchange().answers["submit"](submit().tickets)

        exchange = ScriptedExchange(SIMULATED, submit=lambda _: slowly())
        async with running(exchange) as one:
            await one.hear(PeerChanged)
            await one.until(lambda: one.gateway.status().state == "ready")
            one.executor.send(submit())
            await one.until(lambda: one.gateway.status().busy > 0)
            one.gateway.stop()
            await one.until(lambda: one.gateway.status().state == "stopping")
            release.set()
            assert isinstance(await one.hear(Answered), Answered)

    play(scene)


def test_a_gateway_that_stops_does_not_wait_for_ever() -> None:
    async def scene() -> None:
        exchange = ScriptedExchange(SIMULATED, submit=lambda _: asyncio.sleep(60))
        async with running(exchange) as one:
            await one.hear(PeerChanged)
            await one.until(lambda: one.gateway.status().state == "ready")
            one.executor.send(submit())
            await one.until(lambda: one.gateway.status().busy > 0)
            one.gateway.stop()
            await asyncio.wait_for(one.task, 30)

    play(scene)


def test_an_executor_that_takes_nothing_stops_the_gateway_instead_of_losing_executions() -> None:
    async def scene() -> None:
        async with running(limits=ChannelLimits(window=8)) as one:
            await one.hear(PeerChanged)
            await one.until(lambda: one.gateway.status().state == "ready")
            for number in range(50):
                one.exchange.account.put_nowait(trade(number))
            with pytest.raises((ChannelFullError, BaseExceptionGroup)):
                await one.task

    play(scene)


def test_bars_that_wait_for_others_leave_when_their_time_is_over() -> None:
    async def scene() -> None:
        async with running(grace=SECOND // 100, streams=minutes(BTC, ETH)) as one:
            one.exchange.data.put_nowait(bar(BTC, 1))
            assert (await one.see(Bars)).bars == (bar(BTC, 1),)
            assert one.gateway.status().figures["account stream"] == "down: not connected yet"

    play(scene)
