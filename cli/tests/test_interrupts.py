"""Ctrl-C ends a run that is under way, compiled or not, and leaves nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STRATEGY = """
from pathlib import Path
from tradectl_sdk import Strategy, param


class Slow(Strategy):
    within: int = param(0, ge=0, le=1, doc="stay inside one handler for ever")

    def on_start(self, ctx) -> None:
        self.state = 1
        self.started = 0
        Path("started").touch()

    def on_bar(self, ctx, bar) -> None:
        while self.within == 1 and self.state > 0:
            self.state = (self.state * 1103515245 + 12345) % 2147483648 + 1
"""


@pytest.fixture
def begin(project: Path) -> Iterator[object]:
    """Start ``tradectl backtest`` and return it once the strategy has started."""
    (project / "slow.py").write_text(STRATEGY)
    begun: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        (project / "started").unlink(missing_ok=True)
        command = [sys.executable, "-m", "tradectl", "backtest", "slow.py", "SPX.SAMPLE", *options]
        process = subprocess.Popen(command, text=True, stderr=subprocess.PIPE, cwd=project)
        begun.append(process)
        deadline = time.monotonic() + 180
        while not (project / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def stored(project: Path) -> list[Path]:
    runs = project / ".tradectl" / "runs"
    return list(runs.iterdir()) if runs.exists() else []


def test_ctrl_c_ends_an_interpreted_run_with_130(begin, project: Path) -> None:
    process = begin("--engine", "interpreted", "--set", "within=1")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 130
    assert errors.splitlines()[-1].endswith("interrupted")
    assert stored(project) == []


def in_its_handler(begin) -> subprocess.Popen[str]:
    """Return a run that a first Ctrl-C did not end, for it had come to its handler by then."""
    for moment in (2, 10, 30):
        process = begin("--set", "within=1")
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return process
    raise AssertionError("a first Ctrl-C ended the run")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the second meaning of Ctrl-C is System V's")
def test_a_second_ctrl_c_ends_a_compiled_handler_that_never_ends(begin, project: Path) -> None:
    assert begin("--set", "within=0").wait(timeout=180) == 0  # compiled, and kept
    kept = stored(project)
    process = in_its_handler(begin)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=180) == -signal.SIGINT  # which shells show as 130
    assert stored(project) == kept
