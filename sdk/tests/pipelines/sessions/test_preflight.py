"""The checklist before real money moves: each row, what it is good for, and for how long."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from listing import Listing, coin, plan
from tradectl_sdk.config import Settings
from tradectl_sdk.errors import (
    CredentialError,
    DeadlineError,
    ExchangeError,
    InternalError,
    LiveRefusedError,
    PluginError,
)
from tradectl_sdk.exchange import Balance, BarClosed, Credentials, KeyPermissions, OrderReport
from tradectl_sdk.nodes.executor import Journal
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.pipelines.sessions import examination, preflight
from tradectl_sdk.pipelines.sessions.examination import Examination, Row, examine, examine_apart
from tradectl_sdk.pipelines.sessions.opening import create_session
from tradectl_sdk.pipelines.sessions.pinning import pinned
from tradectl_sdk.pipelines.sessions.preflight import Preflight, require_preflight, run_preflight
from tradectl_sdk.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tradectl_sdk.pipelines.sessions.plan import SessionPlan

CAPS = {"max_order_notional": 100, "max_position_notional": 200, "max_daily_loss": 10}
HOUR = 3_600_000_000_000


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins.discover().load()


def settings_in(root: Path, **sections: Any) -> Settings:
    given = {"risk": CAPS, "session": {"directory": str(root / "sessions")}} | sections
    return Settings.model_validate(given)


def live(**options: Any) -> SessionPlan:
    return plan(Listing(coin()), "BTC/USDT", mode="live", account="x", **options)


def fine(_: Examination) -> list[Row]:
    return [Row(name="keys", status="ok", text="found")]


def go(
    root: Path, plugins: Plugins, what: SessionPlan | None = None, **sections: Any
) -> tuple[Preflight, dict[str, Row]]:
    found = run_preflight(what or live(), settings_in(root, **sections), plugins, examine=fine)
    return found, {row.name: row for row in found.rows}


def test_a_preflight_that_passed_allows_exactly_what_it_checked(
    tmp_path: Path, plugins: Plugins
) -> None:
    found, rows = go(tmp_path, plugins)
    # The venue of this test is simulated, which is worth a word and no reason to refuse
    assert {row.status for row in found.rows} == {"ok", "warn"}
    assert rows["order ids"].status == "warn"
    assert "interpreted" in rows["strategy"].text
    assert found.passed
    settings = settings_in(tmp_path)
    assert require_preflight(live(), settings) == found
    for other in (live(timeframe="30m"), live(parameters={"fast": 8}), replace(live(), code="x")):
        with pytest.raises(LiveRefusedError, match="no preflight of exactly this"):
            require_preflight(other, settings)
    with pytest.raises(LiveRefusedError, match="no preflight of exactly this"):
        require_preflight(live(), settings_in(tmp_path, risk={**CAPS, "max_daily_loss": 11}))


def test_it_grows_old(tmp_path: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    go(tmp_path, plugins)
    later = time.time() + 61 * 60
    monkeypatch.setattr("time.time", lambda: later)
    with pytest.raises(LiveRefusedError, match="was 61 minutes ago, expected at most 60"):
        require_preflight(live(), settings_in(tmp_path))


def test_one_that_failed_allows_nothing(tmp_path: Path, plugins: Plugins) -> None:
    found, rows = go(tmp_path, plugins, risk={"max_order_notional": 5})
    assert not found.passed
    assert rows["caps"].text == "not set: risk.max_position_notional, risk.max_daily_loss"
    with pytest.raises(LiveRefusedError, match="the latest preflight failed: caps"):
        require_preflight(live(), settings_in(tmp_path, risk={"max_order_notional": 5}))


def test_too_little_disk_fails(tmp_path: Path, plugins: Plugins) -> None:
    _, rows = go(tmp_path, plugins, live={"least_disk_mb": 10**9})
    assert rows["disk"].status == "fail"


def test_a_place_where_no_journal_can_be_kept_fails(
    tmp_path: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> Journal:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(preflight, "Journal", refuse)
    _, rows = go(tmp_path, plugins)
    assert rows["journal"].status == "fail"


def test_a_broken_plugin_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Plugins.discover().load()
    monkeypatch.setattr(
        type(host), "failures", property(lambda _: (PluginError("acme is broken"),))
    )
    _, rows = go(tmp_path, host)
    assert (rows["plugins"].status, rows["plugins"].text) == ("fail", "acme is broken")


def test_a_venue_without_ids_of_ours_fails(tmp_path: Path, plugins: Plugins) -> None:
    card = replace(live().card, client_ids=None)
    _, rows = go(tmp_path, plugins, replace(live(), card=card))
    assert rows["order ids"].status == "fail"


def test_a_strategy_that_cannot_run_fails(tmp_path: Path, plugins: Plugins) -> None:
    path = tmp_path / "bad.py"
    path.write_text(
        "from tradectl_sdk import Strategy\n"
        "class Bad(Strategy):\n    def on_bar(self, ctx, bar):\n        x = 1 / 0\n"
    )
    _, rows = go(tmp_path, plugins, replace(live(), strategy=f"{path}:Bad", parameters={}))
    assert rows["strategy"].status == "fail"
    assert "ZeroDivisionError" in rows["strategy"].text


def test_bars_longer_than_a_day_are_not_tried(tmp_path: Path, plugins: Plugins) -> None:
    _, rows = go(tmp_path, plugins, replace(live(), timeframe="1w"))
    assert rows["strategy"].status == "warn"


def test_an_account_that_was_halted_and_not_released_fails(
    tmp_path: Path, plugins: Plugins
) -> None:
    folder = create_session(live(), settings_in(tmp_path))
    journal = Journal(folder.journal)
    journal.commit([of.Switched(1, "halted", "tried", "me")])
    journal.close()
    _, rows = go(tmp_path, plugins)
    assert rows["kill switch"].status == "fail"
    assert folder.id in rows["kill switch"].text


# The part that needs the key ---------------------------------------------------------------------


class Account(Listing):
    """An exchange with an account, as far as an examination asks."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(coin())
        self._answers = {
            "permissions": KeyPermissions(trade=True, withdraw=False, restricted_by_address=True),
            "venue_time": time.time_ns,
            "history": lambda: [_bar(time.time_ns() // HOUR * HOUR)],
            "open_orders": (),
            "balances": (Balance(currency="USDT", free=5),),
            "open": None,
            **answers,
        }

    async def _say(self, name: str) -> Any:
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    async def open(self) -> None:
        await self._say("open")

    async def permissions(self) -> Any:
        return await self._say("permissions")

    async def venue_time(self) -> Any:
        return await self._say("venue_time")

    async def history(self, *_: Any) -> Any:
        return await self._say("history")

    async def open_orders(self) -> Any:
        return await self._say("open_orders")

    async def balances(self) -> Any:
        return await self._say("balances")


def _bar(at: int) -> BarClosed:
    return BarClosed(
        instrument="BTC/USDT.X", length=HOUR, time=at, open=1, high=1, low=1, close=1, volume=1
    )


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Row]]:
    """Examine an account that answers so."""
    monkeypatch.setenv("TRADECTL_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TRADECTL_KEY_X_API_KEY", "public-part")
    monkeypatch.setenv("TRADECTL_KEY_X_SECRET", "hunter2hunter2")

    def found(**answers: Any) -> dict[str, Row]:
        account = Account(**answers)
        given: list[Credentials] = []

        def make(name: str, *, settings: Settings, credentials: Credentials) -> Account:
            given.append(credentials)
            return account

        monkeypatch.setattr(examination, "exchange_of", make)
        rows = asyncio.run(examine(_what(tmp_path)))
        assert account.closed
        assert not [row for row in rows if "hunter2hunter2" in row.text + row.hint]
        assert given[0].api_key.reveal() == "public-part"
        return {row.name: row for row in rows}

    return found


def _what(root: Path, account: str = "x") -> Examination:
    return Examination(
        exchange="x",
        account=account,
        instruments=("BTC/USDT.X",),
        length=HOUR,
        settings=pinned(settings_in(root)),
    )


def test_an_account_in_order_is_all_ok(look: Callable[..., dict[str, Row]]) -> None:
    rows = look()
    assert list(rows) == ["keys", "permissions", "clock", "data", "account"]
    assert {row.status for row in rows.values()} == {"ok"}


ORDER = OrderReport(instrument="BTC/USDT.X", client_id="strange", status=3, side=1, lots=1)


@pytest.mark.parametrize(
    ("answers", "name", "status", "text"),
    [
        ({"permissions": KeyPermissions(withdraw=True)}, "permissions", "fail", "can withdraw"),
        ({"permissions": KeyPermissions(trade=False)}, "permissions", "fail", "cannot trade"),
        ({"permissions": KeyPermissions()}, "permissions", "warn", "whether it can withdraw"),
        (
            {
                "permissions": KeyPermissions(
                    trade=True, withdraw=False, restricted_by_address=False
                )
            },
            "permissions",
            "warn",
            "any address",
        ),
        ({"venue_time": lambda: time.time_ns() + 5_400_000_000}, "clock", "fail", "+5."),
        ({"history": ()}, "data", "fail", "no bars"),
        ({"history": lambda: [_bar(time.time_ns() - 9 * HOUR)]}, "data", "fail", "old"),
        ({"open_orders": (ORDER,)}, "account", "fail", "1 orders are working there already"),
        ({"balances": ExchangeError("hunter2hunter2 is bad")}, "account", "fail", "*** is bad"),
        ({"open": CredentialError("hunter2hunter2 refused")}, "exchange", "fail", "*** refused"),
    ],
)
def test_what_is_not_in_order_is_named(
    look: Callable[..., dict[str, Row]], answers: dict[str, Any], name: str, status: str, text: str
) -> None:
    row = look(**answers)[name]
    assert row.status == status
    assert text in row.text


def test_a_key_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECTL_CONFIG_HOME", str(tmp_path))
    (row,) = asyncio.run(examine(_what(tmp_path, "nobody")))
    assert (row.name, row.status) == ("keys", "fail")


def test_the_examination_happens_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECTL_CONFIG_HOME", str(tmp_path))
    (row,) = examine_apart(_what(tmp_path, "nobody"))
    assert row.text == "there is no key 'nobody'"


@pytest.mark.parametrize(
    ("done", "error", "text"),
    [
        (subprocess.TimeoutExpired("x", 1), DeadlineError, "x was not examined within 120 s"),
        (subprocess.CompletedProcess("x", 1, b"", b"Trace\nKilled"), InternalError, "Killed"),
        (subprocess.CompletedProcess("x", -9, b"", b""), InternalError, "no word"),
    ],
)
def test_a_process_that_does_not_answer_is_told_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    done: Any,
    error: type[Exception],
    text: str,
) -> None:
    def run(*_: Any, **__: Any) -> Any:
        if isinstance(done, Exception):
            raise done
        return done

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(error, match=text):
        examine_apart(_what(tmp_path))


def test_rows_can_be_kept(tmp_path: Path, plugins: Plugins) -> None:
    found, _ = go(tmp_path, plugins)
    kept = json.loads(json.dumps(found.document()))
    assert msgspec.convert(kept["rows"], list[Row]) == list(found.rows)


@pytest.mark.parametrize(("objection", "status"), [("", "ok"), ("this user may not", "fail")])
def test_whether_nodes_may_run_first_is_tried_where_it_is_wanted(
    tmp_path: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch, objection: str, status: str
) -> None:
    monkeypatch.setattr(preflight, "objection_to_first", lambda: objection)
    session = {"directory": str(tmp_path / "sessions"), "realtime": True}
    found, rows = go(tmp_path, plugins, session=session)
    assert rows["priority"].status == status
    assert found.passed == (status == "ok")
    assert "priority" not in go(tmp_path, plugins)[1]
