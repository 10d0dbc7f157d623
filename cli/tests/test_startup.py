"""Budgets for what start-up imports: counts, since a stop-watch on a busy machine lies."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HEAVY = {"numpy", "pydantic", "numba", "duckdb", "pandas", "rich", "tradectl_strategies"}

COUNT = """
import sys
from tradectl.__main__ import main
status = main(sys.argv[1:])
assert status == 0, status
print(*sorted(sys.modules), file=sys.stderr)
"""


def modules_after(*words: str) -> set[str]:
    """Return what is in ``sys.modules`` once a command line is done."""
    process = subprocess.run(
        [sys.executable, "-c", COUNT, *words], capture_output=True, text=True, check=True
    )
    return set(process.stderr.splitlines()[-1].split())


@pytest.fixture
def twenty_plugins(install: Callable[..., None]) -> None:
    for number in range(20):
        points = {
            "tradectl.v1": {f"fake{number}": f"fake{number}:plugin"},
            "tradectl.commands": {f"fake{number}": f"fake{number}:app"},
        }
        install(f"acme-fake{number}", points, {f"fake{number}": "raise SystemExit('imported')"})


def test_version_loads_next_to_nothing() -> None:
    assert len(modules_after("--version")) <= 50
    assert "typer" not in modules_after("--version", "--json")


@pytest.mark.usefixtures("twenty_plugins")
def test_help_loads_little_and_no_plugin_however_many_there_are() -> None:
    loaded = modules_after("--quiet", "--help")
    assert len(loaded) <= 220
    assert not loaded & HEAVY
    assert "typer" not in loaded
    assert not [name for name in loaded if name.startswith("fake")]


@pytest.mark.usefixtures("twenty_plugins")
def test_completion_of_a_command_loads_no_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TRADECTL_COMPLETE", "bash")
    loaded = modules_after("pl")
    assert len(loaded) <= 220
    assert not loaded & HEAVY


LAST_WORDS = """
import sys, threading

class Held:
    def __del__(self):
        print("taken apart", flush=True)

def late():
    threading.main_thread().join()
    print("a thread is done")

held = Held()
sys.argv[1:] = {words}
from tradectl.__main__ import console
threading.Thread(target=late).start()
console()
"""


def last_words(*words: str, before: str = "") -> tuple[list[str], int]:
    process = subprocess.run(
        [sys.executable, "-c", before + LAST_WORDS.format(words=list(words))],
        capture_output=True,
        text=True,
        check=False,
    )
    return process.stdout.splitlines()[-3:], process.returncode


def test_a_command_ends_once_threads_are_done_without_being_taken_apart() -> None:
    ends, status = last_words("explain", "-q")
    assert "a thread is done" in ends
    assert "taken apart" not in ends
    assert status == 0
    assert last_words("no-such-command")[1] == 2


def test_what_ends_by_itself_is_left_to_do_so() -> None:
    """Such as ZeroMQ, which sends what was said last."""
    ends, _ = last_words("explain", "-q", before="import sys; sys.modules['zmq'] = sys\n")
    assert ends[-1] == "taken apart"


@pytest.mark.parametrize("words", [["explain", "-q"], ["plugin", "list", "-q"], ["config", "show"]])
def test_everyday_commands_load_no_engine(words: list[str]) -> None:
    assert not modules_after(*words) & {"numpy", "numba", "duckdb", "pandas", "rich"}


@pytest.mark.parametrize("again", [False, True], ids=["first", "from the store"])
def test_a_backtest_loads_no_compiler_of_python_no_database_and_no_data_frames(
    again: bool,
) -> None:
    words = ("backtest", "buy-and-hold", "SPX.SAMPLE", "--engine", "interpreted", "--quiet")
    if again:
        modules_after(*words)
    loaded = modules_after(*words)
    assert "numpy" in loaded
    assert not loaded & {"numba", "duckdb", "pandas", "scipy", "rich", "arch", "pyarrow"}
    assert not loaded & {"tradectl_sdk.models", "importlib.metadata", "email"}


@pytest.mark.parametrize(("disabled", "looks"), [("__all__", False), ("one", True)])
def test_pydantic_is_kept_from_looking_for_plugins_and_from_nothing_else(
    monkeypatch: pytest.MonkeyPatch, disabled: str, looks: bool
) -> None:
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", disabled)
    program = """
import sys
from tradectl.__main__ import main
main(["explain", "-q"])
import pydantic
pydantic.TypeAdapter(int)
looks = "importlib.metadata" in sys.modules
from pydantic.plugin import _loader
print(looks, len(tuple(_loader.get_plugins())), _loader.PYDANTIC_ENTRY_POINT_GROUP)
"""
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert process.stdout.splitlines()[-1] == f"{looks} 0 pydantic"
