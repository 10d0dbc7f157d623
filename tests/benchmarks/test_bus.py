"""The benchmark of the bus works, at tiny sizes; its numbers are nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("transport", ["ipc", "curve"])
def test_a_quick_run_measures_everything(transport: str, tmp_path: Path) -> None:
    output = tmp_path / "numbers.json"
    options = ["--quick", f"--transports={transport}", f"--output={output}", "--batches=1000"]
    command = [sys.executable, "-m", "benchmarks.bus", *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    rows = {row["what"]: row for row in json.loads(output.read_text())}
    assert set(rows) == {"round trip, us", "single messages", "ticks"}
    assert rows["round trip, us"]["p50"] <= rows["round trip, us"]["p99"]
    assert rows["single messages"]["per second"] > 0
    assert rows["ticks"]["ticks per second"] > 0
