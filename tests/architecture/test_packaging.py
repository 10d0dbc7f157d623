"""Lock files name no place and hash everything; distributions agree with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging_rules import distribution_problems, lock_problems
from workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
HASH = "--hash=sha256:" + "0a" * 32


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_place_and_hashes_everything(lock: Path) -> None:
    assert lock_problems(lock.read_text(encoding="utf-8")) == []


def test_there_is_a_lock() -> None:
    assert LOCKS


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (
            f"a==1.0 \\\n    {HASH} \\\n    {HASH}\nb==2 ; os_name == 'nt' \\\n    {HASH}\n",
            0,
        ),
        (f"# a note\n\na==1 {HASH}", 0),
        ("a==1.0\n", 1),
        (f"a==1 {HASH}\nb==2 \\\n", 1),
        (f"a>=1 {HASH}", 1),
        ("a==1 --hash=sha256:0a0a", 1),
        (f"a==1 @ https://example.org/a.whl {HASH}", 1),
        (f"--index-url pypi.example.org\na==1 {HASH}", 3),
        (f"# made with --find-links /opt/wheels\na==1 {HASH}", 1),
        (f"a==1 {HASH}\n# from /opt/wheels", 1),
        (f"a==1 {HASH}\n# from file:x", 1),
        (f"a==1 {HASH}\n# via C:\\wheels", 1),
    ],
)
def test_a_bad_lock_is_found(text: str, count: int) -> None:
    assert len(lock_problems(text)) == count


def test_distributions_are_typed_listed_and_of_one_version() -> None:
    assert distribution_problems(ROOT) == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("cli/src/tradectl/py.typed", "", []),
        ("cli/src/tradectl/py.typed", None, ["tradectl: no py.typed"]),
        (
            "cli/src/tradectl/__init__.py",
            '__version__ = "1.1"',
            ["tradectl: __version__ is 1.1, version 1.0"],
        ),
        ("cli/src/tradectl/__init__.py", "", []),
        ("requirements/workspace.txt", "-e ./sdk", ["tradectl: not in requirements/workspace.txt"]),
        (
            "cli/pyproject.toml",
            '[project]\nname = "tradectl"\nversion = "1.0"\ndependencies = ["tradectl-sdk~=0.9.0"]',
            ["tradectl: wants tradectl-sdk~=0.9.0, here is 1.0"],
        ),
    ],
)
def test_a_distribution_out_of_step_is_found(
    name: str, text: str | None, found: list[str], plant: Callable[[dict[str, str]], Path]
) -> None:
    files = {"requirements/workspace.txt": "-e ./sdk\n-e ./cli\n"}
    for folder, distribution in (("sdk", "tradectl-sdk"), ("cli", "tradectl")):
        package = f"{folder}/src/{distribution.replace('-', '_')}"
        files[f"{folder}/pyproject.toml"] = f'[project]\nname = "{distribution}"\nversion = "1.0"\n'
        files[f"{package}/__init__.py"] = '__version__ = "1.0"'
        files[f"{package}/py.typed"] = ""
    if text is None:
        del files[name]
    else:
        files[name] = text
    assert distribution_problems(plant(files)) == found
