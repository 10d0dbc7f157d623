"""Sessions from Python: the calls a bot makes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from listing import Listing, coin
from tradectl_sdk import Strategy, live_session, paper_session, preflight, resume_session
from tradectl_sdk.config import Settings
from tradectl_sdk.errors import LiveRefusedError, NotFoundError, PluginError, UsageError
from tradectl_sdk.pipelines import live_session as live_face
from tradectl_sdk.pipelines.sessions import making
from tradectl_sdk.pipelines.sessions.examination import Row
from tradectl_sdk.plugins import Plugins

if TYPE_CHECKING:
    from pathlib import Path

WINDOW = {"replay": True, "start": "2017-10-01", "parameters": {"fast": 5, "slow": 20}}
CAPS = {"max_order_notional": 100, "max_position_notional": 200, "max_daily_loss": 10}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = {"session": {"directory": str(tmp_path / "sessions")}, "risk": CAPS}
    return Settings.model_validate(given)


class BuyOnce(Strategy):
    """Buys one and keeps it."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if ctx.position == 0.0:
            ctx.buy(1.0)


def test_a_bot_runs_a_session_and_looks_at_what_came_of_it(tmp_path: Path) -> None:
    settings = Settings.model_validate({"session": {"directory": str(tmp_path)}})
    seen: list[str] = []
    session = paper_session("sma-cross", "SPX.SAMPLE", settings=settings, **WINDOW)  # type: ignore[arg-type]
    result = session.run(changed=seen.append)
    assert seen == ["running", "finished"]
    assert (result.session, result.state, result.currency) == (session.id, "finished", "USD")
    assert len(result.fills) == sum(1 for one in result.orders if one.filled)
    assert result.parity().ok
    again = resume_session(session.id, settings=settings)
    assert again.opened.plan == session.opened.plan
    assert again.result().fills == result.fills
    assert again.result().state == "finished"
    with pytest.raises(NotFoundError):
        again.stop()


def test_a_class_of_the_program_runs_in_its_process_and_nowhere_else(tmp_path: Path) -> None:
    settings = Settings.model_validate({"session": {"directory": str(tmp_path)}})
    options: dict[str, Any] = {"replay": True, "start": "2017-12-01", "settings": settings}
    session = paper_session(BuyOnce, ["SPX.SAMPLE"], **options)
    for start in (session.start, lambda: session.run(processes=True)):
        with pytest.raises(UsageError, match="the class BuyOnce, expected a name"):
            start()
    result = session.run()
    assert len(result.fills) == 1
    assert result.positions == {"SPX.SAMPLE": 1}
    assert result.parity().ok


def test_a_program_with_a_loop_of_its_own_does_other_things_meanwhile(tmp_path: Path) -> None:
    settings = Settings.model_validate({"session": {"directory": str(tmp_path)}})

    async def bot() -> None:
        made = paper_session(
            BuyOnce, "SPX.SAMPLE", replay=True, start="2017-06-01", settings=settings
        )
        assert made.statuses() == {}
        await made.wait()  # it does not run yet
        async with made as session:
            while len(session.statuses()) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert set(session.statuses()) == {"gateway", "executor", "host"}
            session.stop()
            await session.wait()
        async with resume_session(made.id, strategy=BuyOnce, settings=settings):
            pass  # left at once, and stopped in good order

    asyncio.run(asyncio.wait_for(bot(), 60))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "no exchange was named"),
        ({"exchange": "x", "speed": 2.0}, "are for a replay"),
        ({"exchange": "x", "start": "2017-01-01"}, "are for a replay"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        paper_session("sma-cross", "SPX.SAMPLE", **options)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An exchange without a network; which one was asked for."""
    asked: list[str] = []

    def make(name: str, **_: Any) -> Listing:
        asked.append(name)
        return Listing(coin())

    def examine(_: Any) -> list[Row]:
        return [Row(name="keys", status="ok", text="found")]

    monkeypatch.setattr(making, "exchange_of", make)
    real = live_face.run_preflight
    monkeypatch.setattr(live_face, "run_preflight", lambda *what: real(*what, examine=examine))
    return asked


def test_a_paper_session_uses_the_exchange_that_the_settings_name(
    tmp_path: Path, venue: list[str]
) -> None:
    given = {"session": {"directory": str(tmp_path)}, "paper": {"exchange": "mine"}}
    made = paper_session("sma-cross", "BTC/USDT", settings=Settings.model_validate(given))
    assert venue == ["mine"]
    assert (made.opened.plan.exchange, made.opened.plan.history) == ("mine", 500)
    assert made.id.startswith("p-")


def test_live_needs_a_preflight_of_exactly_this_and_the_name(
    settings: Settings, venue: list[str]
) -> None:
    what: dict[str, Any] = {"exchange": "x", "timeframe": "1h", "settings": settings}
    with pytest.raises(LiveRefusedError, match="no preflight"):
        live_session("sma-cross", "BTC/USDT", confirm="sma-cross", **what)
    assert preflight("sma-cross", "BTC/USDT", **what).passed
    with pytest.raises(LiveRefusedError, match="the name was 'smacross', expected 'sma-cross'"):
        live_session("sma-cross", "BTC/USDT", confirm="smacross", **what)
    made = live_session("sma-cross", ["BTC/USDT"], confirm="sma-cross", **what)
    assert made.id.startswith("l-")
    assert made.opened.plan.account == "x"
    with pytest.raises(UsageError, match="keeps its keys in a process of its own"):
        asyncio.run(made.__aenter__())
    assert set(venue) == {"x"}


def test_live_takes_exchange_and_account_from_the_settings(
    tmp_path: Path, venue: list[str]
) -> None:
    given = {
        "session": {"directory": str(tmp_path)},
        "risk": CAPS,
        "live": {"exchange": "mine"},
        "exchange": {"mine": {"adapter": "x", "account": "x-sub1"}},
    }
    settings = Settings.model_validate(given)
    assert preflight("sma-cross", "BTC/USDT", settings=settings).passed
    made = live_session("sma-cross", "BTC/USDT", confirm="sma-cross", settings=settings)
    assert (made.opened.plan.exchange, made.opened.plan.account) == ("mine", "x-sub1")
    assert venue[0] == "mine"


def test_a_broken_plugin_is_fatal_live(
    settings: Settings, venue: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Plugins.discover().load()
    monkeypatch.setattr(type(host), "failures", property(lambda _: (PluginError("acme broke"),)))
    with pytest.raises(PluginError, match="acme broke"):
        live_session(
            "sma-cross", "BTC/USDT", confirm="sma-cross",
            exchange="x", settings=settings, plugins=host,
        )  # fmt: skip
    assert venue == []
