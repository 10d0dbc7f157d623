from __future__ import annotations

import ast
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tradectl.scaffold import KINDS, LICENSES, NewPlugin
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Answer

FILES = {
    ".github/workflows/ci.yml",
    ".gitignore",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "src/tradectl_acme/__init__.py",
    "src/tradectl_acme/py.typed",
    "src/tradectl_acme/strategy.py",
    "tests/test_conformance.py",
}


def test_the_repository_is_complete(tmp_path: Path) -> None:
    folder = NewPlugin(name="acme", kind="strategy").write(tmp_path)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert folder == tmp_path / "tradectl-acme"
    assert found == FILES


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("licence", LICENSES)
@pytest.mark.parametrize("name", ["a", "acme", "two-words", "r2d2-x"])
def test_what_is_written_is_sound(kind: str, licence: str, name: str) -> None:
    plugin = NewPlugin(name=name, kind=kind, license=licence, summary="Ünïcode, and all")
    for path, text in plugin.contents().items():
        assert "$" not in path
        assert text.endswith("\n") or not text
        if path.endswith(".py"):
            ast.parse(text)
    project = tomllib.loads(plugin.contents()["pyproject.toml"])["project"]
    assert project["name"] == f"tradectl-{name}"
    assert project["entry-points"] == {"tradectl.v1": {name: f"{plugin.package}:plugin"}}
    assert project["description"] == "Ünïcode, and all"
    assert "${{ matrix.python }}" in plugin.contents()[".github/workflows/ci.yml"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Acme", "call it acme"),
        ("my_plugin", "call it my-plugin"),
        ("MyPlugin", "call it my-plugin"),
        ("tradectl-acme", "call it acme"),
        ("../evil", "call it evil"),
        ("-x", "call it x"),
        ("1st", ""),
        ("", ""),
        ("ü", ""),
        ("acme\n", "call it acme"),
    ],
)
def test_names_that_cannot_be_are_refused(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        NewPlugin(name=name, kind="strategy")
    assert caught.value.hint == hint


@pytest.mark.parametrize("text", ['a "quote"', "back\\slash", "two\nlines", "x" * 81, "\x1b[1m"])
def test_texts_that_would_break_a_file_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected one line"):
        NewPlugin(name="acme", kind="strategy", summary=text)
    with pytest.raises(UsageError, match="expected one line"):
        NewPlugin(name="acme", kind="strategy", author=text)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tradectl-acme").write_text("mine")
    with pytest.raises(UsageError, match="exists, and nothing is overwritten"):
        NewPlugin(name="acme", kind="strategy").write(tmp_path)
    assert (tmp_path / "tradectl-acme").read_text() == "mine"


def test_a_name_that_is_installed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tradectl_strategies is installed"):
        NewPlugin(name="strategies", kind="strategy").write(tmp_path)


def test_a_repository_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    whole = Path.write_text

    def fail_at_the_fifth(path: Path, *arguments: str, **options: str) -> int:
        written.append(path)
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        return whole(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", fail_at_the_fifth)
    target = tmp_path / "shelf"
    target.mkdir()
    with pytest.raises(UsageError, match="cannot be written: no space left on device"):
        NewPlugin(name="acme", kind="strategy").write(target)
    assert list(target.iterdir()) == []


def test_new_names_what_it_wrote_and_what_comes_next(
    run: Callable[..., Answer], project: Path
) -> None:
    answer = run("plugin", "new", "acme")
    assert answer.status == 0
    assert answer.out.splitlines()[0] == "created  tradectl-acme"
    assert set(answer.out.split()[2:]) == FILES
    assert "tradectl plugin check acme" in answer.err
    assert run("plugin", "new", "acme").status == 2
    assert run("plugin", "new", "other", "--json").data["files"] == sorted(
        name.replace("acme", "other") for name in FILES
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--kind", "strateggy"], "did you mean strategy?"),
        (["--license", "GPL"], "expected MIT or Apache-2.0 or Proprietary"),
        (["--into", "nowhere"], "cannot be written: no such file or directory"),
    ],
)
def test_wrong_choices_are_refused(
    run: Callable[..., Answer], project: Path, words: list[str], message: str
) -> None:
    answer = run("plugin", "new", "acme", *words)
    assert answer.status == 2
    assert message in answer.err
    assert os.listdir(project) == [".git"]  # noqa: PTH208 - names are all that matters
