"""The same inputs are the same story, in whatever process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import hashlib, sys
sys.path.insert(0, {here!r})
from test_storms import settled
from tradectl_sdk.nodes.executor import records as of
storm = settled(11, steps=200)
digest = hashlib.sha256(b"".join(of.encode(one) for one in storm.floor.records))
digest.update(repr(storm.floor.to_gateway).encode() + repr(storm.floor.to_host).encode())
print(digest.hexdigest())
"""


def test_nothing_depends_on_how_a_process_hashes():
    script = SCRIPT.format(here=str(Path(__file__).parent))
    found = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True, text=True, timeout=120, check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )  # fmt: skip
        found.add(done.stdout.strip())
    assert len(found) == 1
