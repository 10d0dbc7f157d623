"""The same inputs are the same story, in whatever process."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from floor import Floor, place
from tradectl_sdk.bus.messages.events import Progress
from tradectl_sdk.nodes.inputs import Woken

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


def test_events_taken_together_do_what_they_do_one_by_one():
    alone, together = Floor().open(), Floor().open()
    one_by_one = together.core.step
    together.core.step = partial(one_by_one, more=True)
    for floor in (alone, together):
        for number in (1, 2, 3):
            floor.place(place(number, limit=9_900))
        floor.fill(1, 10)
        floor.fill(2, 4)
    together.core.step = one_by_one
    for floor in (alone, together):
        floor.step(Woken())
    assert together.records == alone.records
    assert together.to_gateway == alone.to_gateway
    assert together.wake == alone.wake
    told = [
        [one for one in floor.to_host if not isinstance(one, Progress)]
        for floor in (alone, together)
    ]
    assert told[0] == told[1]
    assert together.to_host[-1] == next(
        one for one in reversed(alone.to_host) if isinstance(one, Progress)
    )
