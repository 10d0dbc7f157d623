"""The cache: a second process needs no compiler, and no stale or damaged unit is ever used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tradectl_sdk.kernel import cache_status, compile_kernel, compiled, store

HELPER = "def scale(x):\n    return x * FACTOR\n\nFACTOR = 2.0\n"
MODULE = """
import enum
import scaling
from averages import Engine

class Mode(enum.IntEnum):
    ON = 1

class Kernel(Engine):
    STEP = 1.0

    def __init__(self, closes):
        super().__init__(closes)
        self.result, self.by, self.mode = 0.0, 1.0, Mode.ON

    def run(self):
        fills = super().run()
        self.result = scaling.scale(self.ctx.cash) / self.by + self.STEP + Mode.ON
        return fills
"""
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from subject import Kernel
from tradectl_sdk.kernel import KernelRaisedError, compile_kernel
notes = []
kernel = Kernel([100.0 + i * 7 % 5 for i in range(60)])
call = compile_kernel(kernel, notify=notes.append)
fills = call(kernel)
broken = Kernel([1.0])
broken.by = 0.0
try:
    call(broken)
    raised = None
except KernelRaisedError as error:
    raised = [error.exception, error.filename, error.line]
heavy = [name for name in ("numba", "tradectl_sdk.kernel.functions", "tradectl_sdk.kernel.unit")
         if name in sys.modules]
print(json.dumps(dict(notes=notes, fills=fills, result=kernel.result, raised=raised, heavy=heavy)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a kernel, the helper it calls and a program that runs it."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(Path(__file__).with_name("averages.py"), folder)
    (folder / "scaling.py").write_text(HELPER)
    (folder / "subject.py").write_text(MODULE)
    (folder / "program.py").write_text(PROGRAM)
    return folder


def start(project: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-B", str(project / "program.py"), str(project)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors == ""
    found: dict[str, Any] = json.loads(output)
    return found


def run(project: Path) -> dict[str, Any]:
    return finish(start(project))


def units(cache: Path) -> list[Path]:
    return sorted((cache / "kernels").glob("*.kernel"))


def test_a_second_process_compiles_nothing_and_loads_no_compiler(project, cache):
    first, second = run(project), run(project)
    assert first["notes"] == ["compiling Kernel (first run only)"]
    assert second["notes"] == []
    assert second["heavy"] == []
    assert second["fills"] == first["fills"] > 0
    assert second["result"] == first["result"]
    assert len(units(cache)) == 1


def test_an_exception_is_named_by_a_process_that_compiled_nothing(project):
    first, second = run(project), run(project)
    line = (
        MODULE.splitlines().index(
            "        self.result = scaling.scale(self.ctx.cash) / self.by + self.STEP + Mode.ON"
        )
        + 1
    )
    assert first["raised"] == second["raised"]
    assert second["raised"] == ["ZeroDivisionError", str(project / "subject.py"), line]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("scaling.py", "x * FACTOR", "x * FACTOR + 1.0"),
        ("scaling.py", "FACTOR = 2.0", "FACTOR = 3.0"),
        ("subject.py", "STEP = 1.0", "STEP = 2.0"),
        ("subject.py", "ON = 1", "ON = 2"),
        ("averages.py", "* 0.001", "* 0.002"),
        ("averages.py", "SMA(fast), SMA(slow)", "SMA(fast), SMA(slow)\n        self.added = 1"),
    ],
)
def test_a_change_anywhere_it_reaches_is_a_new_unit(project, name, old, new):
    before = run(project)
    path = project / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    after = run(project)
    assert after["notes"] != []
    assert ("added" in new) or after["result"] != before["result"]


def test_a_change_it_does_not_reach_is_no_new_unit(project):
    run(project)
    path = project / "scaling.py"
    path.write_text(path.read_text() + "\n\ndef unused():\n    return 1\n")
    assert run(project)["notes"] == []


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign"])
def test_a_damaged_unit_is_compiled_again(project, cache, damage):
    whole = run(project)
    (path,) = units(cache)
    data = path.read_bytes()
    flipped = data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]
    broken = {"truncated": data[:-1], "flipped": flipped, "empty": b"", "foreign": b"x" * 500}
    path.write_bytes(broken[damage])
    again = run(project)
    assert again["notes"] != []
    assert again["result"] == whole["result"]
    assert path.read_bytes() == data


def test_two_processes_at_once_both_succeed(project, cache):
    both = [start(project), start(project)]
    first, second = [finish(process) for process in both]
    assert first["result"] == second["result"]
    assert len(units(cache)) == 1
    assert not list((cache / "kernels").glob("*.part"))


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that cannot be made (root may write anywhere, but not below a file)."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(blocked / "cache"))
    spare = tmp_path / "temporary"
    spare.mkdir()
    monkeypatch.setattr(store.tempfile, "tempdir", str(spare))
    monkeypatch.setenv("TMPDIR", str(spare))
    return spare


def test_a_private_temporary_folder_takes_the_place_of_an_unwritable_one(project, unwritable):
    assert run(project)["notes"] != []
    assert run(project)["notes"] == []
    status = cache_status()
    assert (status.writable, status.fallback, status.units) == (True, True, 1)
    assert status.path.is_relative_to(unwritable)
    assert status.path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owners here")
def test_a_temporary_folder_others_can_write_to_is_not_trusted(project, unwritable):
    run(project)
    cache_status().path.parent.chmod(0o777)
    assert run(project)["notes"] != []
    assert not cache_status().writable


def test_the_status_counts_units_and_bytes(cache, averages):
    assert (cache_status().units, cache_status().size) == (0, 0)
    compiled._memory.clear()
    compile_kernel(averages.Engine([1.0]))
    status = cache_status()
    (unit,) = units(cache)
    assert status.path == cache / "kernels"
    assert (status.units, status.size) == (1, unit.stat().st_size)
    assert status.writable
    assert not status.fallback


def test_the_units_used_last_are_kept(cache, averages, monkeypatch):
    monkeypatch.setattr(store, "_KEPT", 3)
    folder = cache / "kernels"
    folder.mkdir(parents=True)
    for age in range(5):
        path = folder / f"{age}.kernel"
        path.write_bytes(b"old")
        os.utime(path, (1e9 - age, 1e9 - age))
    litter = folder / "dead.part"
    litter.write_bytes(b"")
    os.utime(litter, (1e9, 1e9))
    compiled._memory.clear()
    compile_kernel(averages.Engine([1.0]))
    names = {path.name for path in folder.iterdir()}
    assert len(names) == 3
    assert {"0.kernel", "1.kernel"} < names


def test_one_process_compiles_once(averages):
    notes: list[str] = []
    compiled._memory.clear()
    one = compile_kernel(averages.Engine([1.0]), notify=notes.append)
    assert compile_kernel(averages.Engine([2.0, 3.0]), notify=notes.append) is one
    assert len(notes) == 1


LIVE = """
import scaling

class Kernel:
    STEP = 1.0

    def __init__(self):
        self.result = 1.5

    def run(self):
        self.result = scaling.scale(abs(self.result)) + self.STEP
"""


def redefine_a_constant(module, scaling):
    scaling.FACTOR = 7.0


def redefine_a_function(module, scaling):
    scaling.scale = triple


def replace_the_code_of_a_function(module, scaling):
    scaling.scale.__code__ = triple.__code__


def redefine_a_class_constant(module, scaling):
    module.Kernel.STEP = 5.0


def give_the_class_another_constant(module, scaling):
    module.Kernel.ADDED = 1


def hide_a_builtin(module, scaling):
    module.abs = triple


def triple(x):
    return x * 3.0


@pytest.mark.parametrize(
    "change",
    [
        redefine_a_constant,
        redefine_a_function,
        replace_the_code_of_a_function,
        redefine_a_class_constant,
        give_the_class_another_constant,
        hide_a_builtin,
    ],
)
def test_a_change_in_the_running_process_is_seen_at_the_next_call(
    load, importer, tmp_path, both_ways, change
):
    path = tmp_path / "scaling.py"
    path.write_text(HELPER)
    scaling = importer("scaling", path)
    try:
        module = load(LIVE)
        before = compile_kernel(module.Kernel())
        assert compile_kernel(module.Kernel()) is before
        change(module, scaling)
        assert compile_kernel(module.Kernel()) is not before
        both_ways(module.Kernel())
    finally:
        del sys.modules["scaling"]
