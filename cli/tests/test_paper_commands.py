"""``tradectl paper`` from the first word to the exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tradectl.application import run
from tradectl_sdk.nodes.session_folder import Sessions

if TYPE_CHECKING:
    from pathlib import Path

START = ["paper", "start", "sma-cross", "SPX.SAMPLE", "--replay", "--start", "2017-06-01"]
QUICK = ["--set", "fast=5", "--set", "slow=20"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tradectl.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sessions(project: Path) -> Sessions:
    return Sessions(project / ".tradectl" / "sessions")


def test_a_replay_in_this_process_says_what_came_of_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*START, *QUICK, "--in-process", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (folder,) = sessions(project).list()
    assert document["schema"] == "tradectl.session/1"
    assert document["data"]["session"] == folder.id
    assert document["data"]["state"] == "finished"
    assert document["data"]["fills"] > 4
    assert document["next"] == [f"tradectl parity {folder.id}", f"tradectl fills {folder.id}"]
    assert run(["parity", folder.id]) == 0
    assert run(["paper", "start", "--resume", folder.id, "--in-process"]) == 0


def test_the_screen_names_the_assumptions_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*START, "--in-process", "--assume", "cash=5000"]) == 0
    shown = capsys.readouterr()
    assert "SPX.SAMPLE  1d" in shown.out
    assert "replay of the catalog" in shown.out
    assert "finished" in shown.out
    assert "tradectl parity p-" in shown.err


def test_who_stops_a_session_is_told_of_the_position_that_stays(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["paper", "start", "buy-and-hold", *START[3:], "--in-process"]) == 0
    (folder,) = sessions(project).list()
    capsys.readouterr()
    stopped = "tradectl_sdk.pipelines.sessions.supervising.stop_session"
    monkeypatch.setattr(stopped, lambda _: {"state": "stopped"})
    assert run(["paper", "stop", folder.id]) == 0
    said = capsys.readouterr().err
    assert "it still holds " in said
    assert "SPX.SAMPLE, and nobody looks after that" in said
    assert "panic --flatten" in said


@pytest.mark.slow
def test_a_session_in_the_background_is_seen_and_stopped(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*START[:-2], "--speed", "1e6", "--detach"]) == 0
    (folder,) = sessions(project).list()
    assert folder.id in capsys.readouterr().out
    assert run(["status"]) == 0
    assert run(["paper", "stop", folder.id]) == 0
    assert "stopped" in capsys.readouterr().out
    assert run(["paper", "stop", folder.id]) == 6


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["paper", "start"], 2, "a strategy and at least one symbol are needed"),
        (["paper", "start", "sma-cross", "SPX.SAMPLE"], 2, "no exchange was named"),
        ([*START, "--detach", "--in-process"], 2, "contradict"),
        (["paper", "start", "sma-cross", "X.Y", "--replay"], 3, "there is no data for X.Y"),
        (["paper", "start", "nope", "SPX.SAMPLE", "--replay"], 6, "there is no strategy 'nope'"),
        ([*START, "--set", "fast=0"], 2, "fast was 0"),
        (["paper", "start", "sma-cross", "BTC/USDT", "--exchange", "nope"], 6, "'nope'"),
        (["paper", "start", "sma-cross", "X.Y", "--speed", "2", "--exchange", "x"], 2, "replay"),
        (["paper", "start", "x", "--resume", "p-1"], 2, "no strategy or symbol is taken"),
        (["paper", "start", "--resume", "p-1"], 6, "there is no session 'p-1'"),
        ([*START, "--speed", "inf"], 2, "speed was inf"),
        (["paper", "stop"], 6, "there is no session"),
        (["node", "host", "--session", "nowhere"], 6, "no folder of a session"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == status
    assert text in capsys.readouterr().err
