"""Who is given a second look, who is not, and what a run says of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from real_time import MARKER, PLACES, lives_in_real_time
from second_look import MOST, worth_a_second_look

ROOT = Path(__file__).resolve().parents[2]
# Fails unless it was here before, as a test does that a busy machine makes late.
LATE = """
from pathlib import Path

def test_late():
    before = Path(__file__).with_name("was here")
    was_here = before.exists()
    before.touch()
    assert was_here, "waited too long"

def test_in_time():
    pass
"""
PLUGINS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "second_look,xdist.plugin",
}
WRONG = "def test_wrong():\n    assert 1 + 1 == 3\n"


def report(name: str, *keywords: str, when: str = "call") -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=name,
        location=(name, None, name),
        keywords=dict.fromkeys(keywords, 1),
        outcome="failed",
        longrepr="",
        when=when,  # type: ignore[arg-type]
    )


def test_a_few_that_live_in_real_time_are_looked_at_again_each_once() -> None:
    failed = [
        report("a.py::test_one[x]", MARKER),
        report("a.py::test_one[x]", MARKER, when="teardown"),
        report("b.py::test_two", MARKER),
        report("c.py::test_three[p@q]", MARKER),
    ]
    tests = ("a.py::test_one[x]", "b.py::test_two", "c.py::test_three[p@q]")
    assert worth_a_second_look(failed) == tests


@pytest.mark.parametrize(
    "other",
    [
        report("engine.py::test_exact", "slow"),
        report("a.py::test_dead", MARKER, when="???"),  # so does xdist tell that a worker died
        pytest.CollectReport("a.py", "failed", "cannot be imported", []),
    ],
)
def test_one_other_among_the_failed_fails_the_run(other: object) -> None:
    assert worth_a_second_look([report("a.py::test_late", MARKER), other]) == ()


def test_many_are_no_accident() -> None:
    failed = [report(f"a.py::test_{number}", MARKER) for number in range(MOST + 1)]
    assert len(worth_a_second_look(failed[:MOST])) == MOST
    assert worth_a_second_look(failed) == ()


def run(folder: Path, **files: str) -> tuple[int, str]:
    """Run tests as the decision on a change does, in a folder like the repository's."""
    (folder / "pytest.ini").write_text(f"[pytest]\nmarkers =\n    {MARKER}: x\n")
    for name, text in files.items():
        place = {"late": "tests/live/test_late.py", "wrong": "sdk/tests/engine/test_wrong.py"}[name]
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    words = ["-n", "1", "--dist", "loadfile", "--max-worker-restart", "0", "--second-look"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)} | PLUGINS,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_what_passes_only_alone_passes_and_is_named(tmp_path: Path) -> None:
    status, shown = run(tmp_path, late=LATE)
    assert status == 0, shown
    assert "FLAKY, mend it: tests/live/test_late.py::test_late\n" in shown
    assert "waited too long" in shown
    assert re.search(r"=+ 1 passed, 1 flaky in [\d.]+s =+$", shown.rstrip())


@pytest.mark.parametrize(
    ("files", "closing"),
    [
        ({"late": LATE, "wrong": WRONG}, "2 failed, 1 passed"),
        ({"late": LATE.replace("touch()", "name")}, "1 failed, 1 passed"),
        ({"late": "import os\ndef test_late():\n    os._exit(0)\n"}, "1 failed"),
    ],
    ids=["one is deterministic", "late again", "a worker died"],
)
def test_whatever_else_fails_fails(files: dict[str, str], closing: str, tmp_path: Path) -> None:
    status, shown = run(tmp_path, **files)
    assert status != 0, shown
    assert re.search(rf"=+ {closing} in [\d.]+s =+$", shown.rstrip())
    assert "FLAKY" not in shown


@pytest.mark.parametrize("place", PLACES)
def test_the_list_names_files_that_are_there(place: str) -> None:
    files = list(ROOT.glob(place))
    assert files
    assert all(lives_in_real_time(file, ROOT) for file in files)


@pytest.mark.parametrize(
    "room", ["engine", "kernel", "indicators", "runs", "evidence", "domain", "data", "models"]
)
def test_no_room_whose_results_are_exact_is_in_the_list(room: str) -> None:
    files = list((ROOT / "sdk" / "tests" / room).rglob("test_*.py"))
    assert files
    assert not [file for file in files if lives_in_real_time(file, ROOT)]


def test_what_lands_is_judged_by_examples_that_stay() -> None:
    landing, usual = settings.get_profile("landing"), settings.get_profile("workspace")
    assert landing.derandomize
    assert landing.max_examples == usual.max_examples
    assert landing.deadline is usual.deadline is None
    assert "--hypothesis-profile=landing" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
