"""A live session through the real ccxt client, at the rehearsal exchange, start to stop."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from live_rehearsal import KEYS, Rehearsal, fills_of, only_session, wait, write_project
from tradectl.application import run
from tradectl_sdk.bus.messages.control import AskStatus, NodeStatus
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.nodes.control import ask
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

WORDS = ["pendulum.py:Pendulum", "BTC/USDT", "--exchange", "binance", "--timeframe", "1s"]
SHORT = ["--history", "30"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with Rehearsal(tmp_path) as box:
        write_project(tmp_path, box.urls)
        yield tmp_path
        run(["live", "stop"])


def test_from_preflight_to_stop_with_the_gateway_killed_on_the_way(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["live", "start", *WORDS, *SHORT, "--yes-i-mean", "Pendulum", "--detach"]) == 7
    assert "there is no preflight of exactly this" in capsys.readouterr().err
    assert run(["live", "preflight", *WORDS, *SHORT, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["data"]["passed"]
    assert {"keys", "permissions", "clock", "caps", "strategy", "data", "account"} <= {
        row["name"] for row in document["data"]["rows"]
    }
    assert "--history 30" in document["next"][0]
    assert run(["live", "start", *WORDS, *SHORT, "--yes-i-mean", "Pendulums"]) == 7
    assert run(["live", "start", *WORDS, "--yes-i-mean", "Pendulum"]) == 7  # another history
    assert run(["live", "start", *WORDS, *SHORT, "--yes-i-mean", "Pendulum", "--detach"]) == 0
    assert "LIVE" in capsys.readouterr().out
    folder = only_session(project)
    wait(lambda: fills_of(folder) >= 2)
    _kill_gateway(folder)
    before = fills_of(folder)
    wait(lambda: fills_of(folder) >= before + 2)
    assert run(["reconcile", folder.id]) == 0
    assert run(["live", "stop", folder.id]) == 0
    assert run(["paper", "start", "--resume", folder.id]) == 2
    with JournalView(folder.journal) as journal:
        orders = list(journal.orders())
        assert not [one for one in orders if one.status in {"unknown", "submitted"}]
        assert len({one.client_id for one in orders}) == len(orders)
        assert journal.check() == ""
    for path in [project / "box.db", *folder.path.iterdir()]:
        if path.is_file() and path.name != "box.db":
            assert KEYS["TRADECTL_KEY_BINANCE_SECRET"].encode() not in path.read_bytes()


def _kill_gateway(folder: SessionFolder) -> None:
    socket = folder.socket("gateway.sock")
    pid = ask(socket, AskStatus(), NodeStatus, seconds=60).pid
    os.kill(pid, signal.SIGKILL)

    def is_another() -> bool:
        try:
            status = ask(socket, AskStatus(), NodeStatus, seconds=60)
        except TradectlError:
            return False
        return status.pid != pid and status.state == "ready"

    wait(is_another)


def test_what_is_missing_is_named_and_nothing_is_started(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = project / "tradectl.toml"
    settings.write_text(settings.read_text().replace("max_daily_loss = 2000", ""))
    for name in KEYS:
        monkeypatch.delenv(name)
    assert run(["live", "preflight", *WORDS, *SHORT]) == 1
    shown = capsys.readouterr().out
    assert "not set: risk.max_daily_loss" in shown
    assert "there is no key 'binance'" in shown
    assert run(["live", "start", *WORDS, *SHORT, "--yes-i-mean", "Pendulum"]) == 7
    assert "the latest preflight failed: caps, keys" in capsys.readouterr().err
    assert Sessions(project / ".tradectl" / "sessions").list() == []
