"""What holds for every test of the workspace."""

import gc
import os
import signal
import sys
import tracemalloc
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tests" / "second_look"))
pytest_plugins = ["second_look"]  # which also marks what lives in real time

# A property is judged by what holds, not by how fast a busy machine draws or runs an example.
settings.register_profile("workspace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workspace")
# What decides whether a change lands draws the same examples each time, from the test's own text.
settings.register_profile(
    "landing", settings.get_profile("workspace"), derandomize=True, database=None, print_blob=True
)

# The user's cache of machine code is left alone. One for all tests, workers and runs is as good as
# an empty one each, for nothing makes it stale; tests that are about compiling have their own.
os.environ["TRADECTL_CACHE_DIR"] = str(ROOT / ".pytest_cache" / "machine-code")

# The same for what mypy found out of the SDK, half a minute's work. It is kept in files, each of
# them replaced whole and passed over where it does not fit, so that two workers may write at once.
os.environ["MYPY_CACHE_DIR"] = str(ROOT / ".pytest_cache" / "known-types")

# A shell starts what it runs in the background with Ctrl-C ignored, and what that starts, too.
# Tests press Ctrl-C in programs of theirs, which are to hear it wherever the tests were started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Half a million objects are there once 8,000 tests are collected, and stay. Python would look
# through all of them for cycles again and again, which took a fifth of collecting alone.
gc.disable()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what pytest makes of the tests' assertions, half of collecting, whatever the habit.

    The workers of one run, which are never quite in step, take it from each other. Tests and the
    processes they start keep bytecode only where one's environment lets them.
    """
    habit, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = habit


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave what was collected out of every later look for cycles; tests have theirs as usual."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Hold each test to what would make all that come after it in its process several times slower.

    Tracing memory does: after a test that had left it on, a property took 36 s instead of 1.5.
    """
    yield
    if tracemalloc.is_tracing():
        tracemalloc.stop()
        pytest.fail("the test goes on tracing memory, and whatever comes after it pays for that")


def pytest_unconfigure() -> None:
    """Have Python find all cycles on its way out: DuckDB complains of what is left of its own."""
    gc.unfreeze()
