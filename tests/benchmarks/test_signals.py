"""The benchmark of signals works, at tiny sizes; its numbers are nobody's business here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_bar_is_decided_on_in_the_other_process() -> None:
    command = [sys.executable, "-m", "benchmarks.signals", "--bars=7", "--pauses=0"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    name, *figures = done.stdout.splitlines()[-1].rsplit(maxsplit=5)
    assert name == "0 ms apart"
    count, median, *_, worst = (float(one.replace(",", "")) for one in figures)
    assert count == 7
    assert 0 < median <= worst
