"""A live session killed at every step of an order's way, at an exchange that lives on meanwhile.

Executor, gateway and host are processes of their own, the gateway trades with the unmodified ccxt
client, and the rehearsal exchange is another process whose ledger sees none of the deaths.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from live_rehearsal import KEYS, Rehearsal, fills_of, only_session, wait, write_project
from tradectl.application import run
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.failpoints import VARIABLE
from tradectl_sdk.paper import SqliteLedger

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

# The exchange goes on while a node is dead, which it cannot where it is a part of the gateway.
STEPS = {
    "executor.intent.committed": 2,
    "executor.intent.sent": 3,
    "executor.answer.stepped": 2,
    "executor.fill.applied": 2,
    "executor.fill.committed": 3,
    "gateway.order.begun": 2,
    "gateway.order.answered": 2,
    "gateway.order.told": 2,
    "gateway.account.begun": 3,
    "gateway.account.told": 5,
    "host.decision.sent": 3,
    "host.fill.heard": 3,
}
SESSION = """
[session]
restarts = 100
restart_window_seconds = 1
"""
WORDS = [
    "pendulum.py:Pendulum", "BTC/USDT", "--exchange", "binance", "--timeframe", "1s",
    "--history", "30", "--set", "every=2",
]  # fmt: skip


def test_an_exchange_that_outlives_every_node_has_each_order_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    bullets = tmp_path / "bullets"
    bullets.mkdir()
    with Rehearsal(tmp_path) as box:
        write_project(tmp_path, box.urls, SESSION)
        try:
            assert run(["live", "preflight", *WORDS]) == 0, capsys.readouterr()
            monkeypatch.setenv(VARIABLE, load(bullets))
            assert run(["live", "start", *WORDS, "--yes-i-mean", "Pendulum", "--detach"]) == 0
            folder = only_session(tmp_path)
            wait(lambda: not list(bullets.iterdir()))
            before = fills_of(folder)
            wait(lambda: fills_of(folder) >= before + 2)
            assert run(["reconcile", folder.id]) == 0, capsys.readouterr()
            deaths = sum(node["restarts"] for node in folder.state()["nodes"].values())
            assert deaths >= len(STEPS)
        finally:
            run(["live", "stop"])
    compare(tmp_path / "box.db", folder.journal)


def load(folder: Path) -> str:
    """Lay out one death for each step, and return what the nodes' environment is to hold."""
    for name in STEPS:
        (folder / name).touch()
    return ",".join(f"{name}:kill:{nth}:{folder / name}" for name, nth in STEPS.items())


def compare(box: Path, path: Path) -> None:
    """Compare the exchange's ledger with the executor's journal, order by order."""
    ledger = SqliteLedger(box)
    try:
        taken = [one.ticket.client_id for one in ledger.orders("BTC/USDT.SANDBOX", 0, 0)]
        trades = ledger.trades("BTC/USDT.SANDBOX", 0, 1, 0)
    finally:
        ledger.close()
    with JournalView(path) as journal:
        ours = {one.client_id: one for one in journal.orders() if one.client_id}
        fills = list(journal.fills())
        assert journal.check() == ""
    assert [name for name, count in Counter(taken).items() if count > 1] == []
    assert {name for name, one in ours.items() if one.status != "rejected"} == set(taken)
    assert [name for name, one in ours.items() if one.status in {"unknown", "submitted"}] == []
    assert {one.trade_id for one in fills} == {one.report.trade_id for one in trades}
    assert len(fills) == len(trades) > 5
