"""``tradectl data pull``: from the venue in memory, stopped, killed, and shown on a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tradectl.scaffold import NewPlugin
from tradectl_sdk.data import Catalog
from tradectl_sdk.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]
    Install = Callable[[str, Mapping[str, Mapping[str, str]], Mapping[str, str]], None]

ASKS = 'answer = await self._ask(\n            "bars"'  # in the adapter's history
BARS = 1_500  # what the venue in memory has
PULL = ("data", "pull", "ACME-USD", "--timeframe", "1m", "--since", "2023-11-14", "--exchange")


@pytest.fixture
def venue(site: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Install a new exchange plugin under a name of its own."""

    def install_exchange(name: str, pause: float = 0.0) -> str:
        plugin = NewPlugin(name=name, kind="exchange")
        for path, text in plugin.contents().items():
            if path.startswith("src/"):
                file = site / path.removeprefix("src/")
                file.parent.mkdir(parents=True, exist_ok=True)
                slow = f"await asyncio.sleep({pause})\n        {ASKS}"
                file.write_text(text.replace(ASKS, slow), encoding="utf-8")
        install(plugin.distribution, {"tradectl.v1": {name: f"{plugin.package}:plugin"}}, {})
        monkeypatch.setenv("TRADECTL_PLUGINS", name)
        return name

    return install_exchange


def rows(project: Path, name: str) -> int:
    instrument = f"ACME-USD.{name.replace('-', '').upper()}"
    catalog = Catalog(project / ".tradectl" / "catalog")
    assert catalog.verify(instrument, "1m").ok
    return len(catalog.bars(instrument, "1m"))


def test_bars_are_pulled_and_pulled_again(run: Run, venue: Callable[..., str]) -> None:
    name = venue("pull-one")
    answer = run(*PULL, name)
    assert answer.status == 0, answer.err
    assert f"{BARS:,} new bars, {BARS:,} in all" in answer.out
    assert "next: tradectl backtest sma-cross ACME-USD.PULLONE --timeframe 1m" in answer.err
    again = run(*PULL, name, "--json").data
    assert (again["added"], again["same"], again["series"]["rows"]) == (0, 10, BARS)
    assert run("data", "verify").status == 0


def test_wrong_words_end_with_their_own_status(run: Run, venue: Callable[..., str]) -> None:
    name = venue("pull-two")
    for words, status in (
        ([*PULL, "pull-tow"], ExitStatus.NOT_FOUND),
        ([*PULL, name, "--timeframe", "1x"], ExitStatus.USAGE),
        ([*PULL, name, "--since", "yesterday"], ExitStatus.USAGE),
        ([*PULL, name, "--since", "2030-01-01"], ExitStatus.USAGE),
        ([*PULL, name, "--restate", "perhaps"], ExitStatus.USAGE),
    ):
        assert run(*words).status == status, words


def test_nothing_moves_where_there_is_no_terminal(start: Run, venue: Callable[..., str]) -> None:
    name = venue("pull-three")
    answer = start(*PULL, name)
    assert answer.status == 0, answer.err
    assert "\r" not in answer.err
    assert "left" not in answer.err


def begin(name: str, **options: Any) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tradectl", *PULL, name, "--json"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def pages(project: Path) -> list[Path]:
    return list((project / ".tradectl" / "catalog" / ".pulled").rglob("page-*"))


def wait_for_a_page(project: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while not pages(project) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)


def test_killed_at_any_moment_it_goes_on_where_it_was(
    project: Path, venue: Callable[..., str], run: Run
) -> None:
    name, kills = venue("pull-four", 0.15), 0
    for moment in (0.05, 0.2, 0.35):
        process = begin(name)
        wait_for_a_page(project, process)
        time.sleep(moment)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert kills
    data = run(*PULL, name, "--json").data
    assert data["series"]["rows"] == rows(project, name) == BARS
    assert data["series"]["missing"] == 0
    assert pages(project) == []


def test_interrupted_it_keeps_what_came_and_goes_on(
    project: Path, venue: Callable[..., str], run: Run
) -> None:
    name = venue("pull-five", 0.3)
    process = begin(name)
    wait_for_a_page(project, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=180)
    assert process.returncode == ExitStatus.INTERRUPTED, err
    assert out == b""
    assert json.loads(err)["error"]["code"] == "INTERRUPTED"
    kept = rows(project, name)
    assert 0 < kept < BARS
    data = run(*PULL, name, "--json").data
    assert (data["added"], data["series"]["rows"]) == (BARS - kept, BARS)


def test_on_a_terminal_one_line_tells_rate_and_time_left(venue: Callable[..., str]) -> None:
    name = venue("pull-six", 0.15)
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "tradectl", *PULL, name]
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "NO_COLOR": "1"}
    )
    os.close(theirs)
    shown, end = b"", time.monotonic() + 180
    while time.monotonic() < end:
        if not select.select([ours], [], [], 1)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            chunk = os.read(ours, 4096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    process.wait(timeout=120)
    os.close(ours)
    lines = shown.decode().split("\r\x1b[K")
    assert any("ACME-USD 1m  200 bars  " in line and " left" in line for line in lines), shown
    assert "next: tradectl backtest" in lines[-1].replace("\n", " ")
