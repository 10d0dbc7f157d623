"""Links, paths and names in the Markdown pages point to something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from page_examples import ROOT, pages

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
DOC_ROLE = re.compile(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`")
NAMED_TEST = re.compile(r"`((?:[\w-]+/)*tests/[\w/]+\.py)(?:::(\w+))?`")
CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)


def prose(path: Path) -> str:
    return CODE.sub("", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_resolve(page: Path) -> None:
    text = prose(page)
    targets = [page.parent / link for link in LINK.findall(text)]
    for name in DOC_ROLE.findall(text):
        base = ROOT / "docs" / name[1:] if name.startswith("/") else page.parent / name
        targets.append(next(base.parent.glob(f"{base.name}.*"), base))
    assert [str(target) for target in targets if not target.exists()] == []


NAMING_TESTS = [page for page in pages() if NAMED_TEST.search(prose(page))]


@pytest.mark.parametrize("page", NAMING_TESTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_tests_that_exist(page: Path) -> None:
    gone = [
        f"{path}::{name}"
        for path, name in NAMED_TEST.findall(prose(page))
        if not (ROOT / path).is_file()
        or (name and f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert gone == []


def test_the_map_names_tests() -> None:
    assert ROOT / "ARCHITECTURE.md" in NAMING_TESTS


def test_every_invariant_names_a_test() -> None:
    section = (
        prose(ROOT / "ARCHITECTURE.md").partition("\n## Invariants\n")[2].partition("\n## ")[0]
    )
    invariants = re.split(r"^\d+\. ", section, flags=re.MULTILINE)[1:]
    assert len(invariants) >= 5
    assert [text for text in invariants if not NAMED_TEST.search(text)] == []


def rooms() -> list[str]:
    package = ROOT / "sdk" / "src" / "tradectl_sdk"
    folders = [path.name for path in package.iterdir() if (path / "__init__.py").is_file()]
    modules = [path.stem for path in package.glob("*.py") if not path.stem.startswith("_")]
    return sorted({*folders, *modules})


@pytest.mark.parametrize("room", rooms())
def test_every_room_is_on_the_map(room: str) -> None:
    assert re.search(rf"`{room}/?`", prose(ROOT / "ARCHITECTURE.md"))


@pytest.mark.parametrize(
    "distribution",
    sorted(
        str(path.parent.relative_to(ROOT))
        for path in ROOT.glob("**/src/*/py.typed")
        for path in path.parents[1:2]
    ),
)
def test_every_distribution_is_on_the_map(distribution: str) -> None:
    assert f"`{distribution}/`" in prose(ROOT / "ARCHITECTURE.md")


def test_the_map_fits_a_sitting() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 300


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))


@pytest.mark.parametrize("record", DECISIONS, ids=lambda record: record.stem)
def test_a_decision_record_has_its_five_parts_on_one_page(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Status", "Context", "Options", "Decision", "Consequences",
    ]  # fmt: skip
    assert len(text.splitlines()) <= 60
    assert re.match(rf"# {int(record.stem[:4])}\. ", text)


def test_the_two_commands_are_on_the_first_screen() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:24]
    assert {"$ make demo", "$ make test"} <= set(first_screen)
