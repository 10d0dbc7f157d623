"""Modules and functions stay short enough to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sizes import long_functions, long_modules
from workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOMS = ("sdk", "cli", "marketplace", "plugins", "tests", "scripts", "benchmarks", "docs")
FILES = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def test_no_module_is_longer_than_agreed() -> None:
    assert len(FILES) > 50
    assert long_modules(FILES) == []


def test_no_function_is_longer_than_agreed() -> None:
    assert long_functions(FILES) == []


def test_a_long_module_is_found(plant: Callable[[dict[str, str]], Path]) -> None:
    root = plant({"a.py": "x\n" * 401, "tests/a.py": "x\n" * 601, "tests/b.py": "x\n" * 600})
    found = long_modules([root / "a.py", root / "tests/a.py", root / "tests/b.py"])
    assert [line.rpartition(": ")[2] for line in found] == ["401 lines", "601 lines"]


def test_a_long_function_is_found_its_signature_and_docstring_forgiven(
    plant: Callable[[dict[str, str]], Path],
) -> None:
    body = "    x = 1\n" * 59
    docstring = '    """One.\n' + "    more\n" * 30 + '    """\n'
    long = f"{body}    y = 1\n    z = 1\n"
    root = plant({"a.py": f"def f():\n{docstring}{body}\nclass C:\n  async def g():\n{long}"})
    (found,) = long_functions([root / "a.py"])
    assert found.endswith(" g: 61 lines")
