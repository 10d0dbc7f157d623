"""What Python generates is compiled once and means the same afterwards."""

from __future__ import annotations

import builtins
import collections
import dataclasses
import inspect
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tradectl.generated import RememberedCode, home

if TYPE_CHECKING:
    from pathlib import Path


def made() -> list[Any]:
    """Make a class of each kind; their texts are the same every time."""

    @dataclass(frozen=True, slots=True, order=True)
    class Place:
        number: int = field(default=len("four"))
        names: list[str] = field(default_factory=list)

    return [Place, collections.namedtuple("Pair", "one other"), typing.ForwardRef("list[int]")]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "generated.code"


def compiling(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list of what is compiled from now on."""
    seen: list[object] = []
    compile_ = builtins.compile

    def watch(source: object, *how: Any, **more: Any) -> object:
        seen.append(source)
        return compile_(source, *how, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "compile", watch)
    return seen


def test_what_was_compiled_once_is_looked_up(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RememberedCode(str(kept)):
        made()
    seen = compiling(monkeypatch)
    with RememberedCode(str(kept)):
        made()
    assert not seen


def test_classes_are_what_they_would_be_without(kept: Path) -> None:
    plain, pair, name = made()
    for _ in range(2):
        with RememberedCode(str(kept)):
            again, other_pair, other_name = made()
        assert inspect.signature(again) == inspect.signature(plain)
        assert (again(3) < again(4), again(), again(5).number) == (True, again(4, []), 5)
        assert again(1).names is not again(1).names
        assert repr(again(1)) == repr(plain(1))
        with pytest.raises(dataclasses.FrozenInstanceError):
            again().number = 1
        assert other_pair(1, 2) == pair(1, 2) == (1, 2)
        assert other_name == name
        assert again.__init__.__code__.co_code == plain.__init__.__code__.co_code


@pytest.mark.parametrize("damage", [b"", b"tradectl", b"\0" * 1000])
def test_a_damaged_file_is_none(kept: Path, damage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with RememberedCode(str(kept)):
        made()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:40] + damage)
    seen = compiling(monkeypatch)
    with RememberedCode(str(kept)):
        made()
    assert seen
    seen.clear()
    with RememberedCode(str(kept)):
        made()
    assert not seen


def test_where_nothing_can_be_kept_everything_works(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with RememberedCode(str(tmp_path / "file" / "generated.code")):
        made()


def test_modules_are_left_as_they_were(kept: Path) -> None:
    with RememberedCode(str(kept)):
        assert "exec" in vars(dataclasses)
        with RememberedCode(str(kept)):  # a command may call another one
            made()
        assert "exec" in vars(dataclasses)
    assert not {"exec"} & vars(dataclasses).keys()
    assert not {"eval"} & vars(collections).keys()
    assert not {"compile"} & vars(typing).keys()


def test_a_file_that_grew_too_large_keeps_what_was_used_last(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RememberedCode(str(kept)):
        made()
    monkeypatch.setattr("tradectl.generated._LARGEST", 10)
    with RememberedCode(str(kept)):
        dataclasses.make_dataclass("Alone", ["word"])
    seen = compiling(monkeypatch)
    with RememberedCode(str(kept)):
        dataclasses.make_dataclass("Alone", ["word"])
    assert not seen
    with RememberedCode(str(kept)):
        made()
    assert seen


def test_it_lies_with_what_else_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECTL_CACHE_DIR", "somewhere")
    assert home().startswith("somewhere")
