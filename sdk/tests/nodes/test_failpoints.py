"""Places where real processes are made to die."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.nodes import failpoints
from tradectl_sdk.nodes.failpoints import NAMES, FailpointError, arm, failpoint

NAME = "executor.batch.stepped"


@pytest.fixture(autouse=True)
def disarmed():
    yield
    arm("")


def test_nothing_happens_unless_asked_for():
    failpoint(NAME)


def test_it_raises_at_the_place_and_time_asked_for():
    arm(f"{NAME}:raise:3, executor.fill.applied:raise")
    failpoint(NAME)
    failpoint(NAME)
    with pytest.raises(FailpointError, match=NAME):
        failpoint(NAME)
    failpoint(NAME)
    with pytest.raises(FailpointError):
        failpoint("executor.fill.applied")


@pytest.mark.parametrize("text", ["nowhere:kill", NAME, f"{NAME}:stumble", f"{NAME}:kill:often"])
def test_a_typo_is_refused(text):
    with pytest.raises(UsageError, match="expected NAME:kill"):
        arm(text)


def test_a_process_dies_where_its_environment_says():
    script = f"from tradectl_sdk.nodes.failpoints import failpoint; failpoint({NAME!r}); print(1)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=False,
        env=os.environ | {failpoints.VARIABLE: f"{NAME}:kill"},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == b""


def test_every_name_is_a_place_in_the_code():
    source = Path(failpoints.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    used = set(re.findall(r'failpoint\(\s*"([a-z_.]+)"', text))
    assert used == NAMES
