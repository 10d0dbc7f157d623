"""``tradectl report``: one file, and every reason not to write it."""

from __future__ import annotations

import csv
import re
import struct
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from cli_market import CROSS, wave, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

ABC = ("backtest", "cross.py", "ABC.TEST", "--engine", "interpreted")


@pytest.fixture
def two(run: Run, project: Path) -> tuple[str, str]:
    """Two runs that differ in a parameter."""
    (project / "cross.py").write_text(CROSS)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    first, second = (run(*ABC, "--json", "--set", f"bars={bars}").data["run"] for bars in (5, 20))
    return first, second


def test_a_run_becomes_the_one_file_that_the_commands_before_named(
    run: Run, project: Path, two: tuple[str, str]
) -> None:
    assert f"tradectl report {two[0][:10]}" in run("runs", "show", two[0]).err
    assert f"tradectl report {two[0][:10]}" in run(*ABC, "--set", "bars=5").err
    answer = run("report", two[0][:8])
    assert answer.status == 0
    page = project / f"report-{two[0][2:10]}.html"
    assert answer.out == f"written  {page.name}\n"
    assert f"next: tradectl runs show {two[0][:10]}" in answer.err
    text = page.read_text(encoding="utf-8")
    assert two[0] in text
    assert "Trades on ABC.TEST" in text
    assert [each.name for each in project.glob(".report*")] == []


def test_several_runs_are_compared_though_bars_came_since(
    run: Run, project: Path, two: tuple[str, str]
) -> None:
    write_csv(project / "more.csv", wave(260)[200:])
    words = ("data", "import", "more.csv", "--instrument", "ABC.TEST", "--append")
    assert run(*words).status == 0
    data = run("report", *two, "--output", "out/both.html", "--json").data
    assert (data["page"], data["runs"], data["missing"]) == ("out/both.html", list(two), [])
    text = (project / "out" / "both.html").read_text(encoding="utf-8")
    assert "Side by side" in text
    assert all(each in text for each in two)


def test_charts_and_numbers_are_files_too(run: Run, project: Path, two: tuple[str, str]) -> None:
    answer = run("report", two[0], "--svg", "pictures", "--csv", "numbers")
    assert answer.out.splitlines()[1:] == [
        "written  pictures, 7 files",
        "written  numbers, 5 files",
    ]
    shown = run("runs", "show", two[0], "--trades", "--fills", "--orders", "--json").data
    for name in ("trades", "fills", "orders"):
        with (project / "numbers" / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["id"] for row in rows] == [str(row["id"]) for row in shown[name]]
    with (project / "numbers" / "metrics.csv").open(newline="") as file:
        values = {row["metric"]: row["value"] for row in csv.DictReader(file)}
    assert values == {
        name: "" if value is None else str(value)
        for name, value in shown["metrics"]["values"].items()
    }
    data = run("report", *two, "--csv", "both", "--svg", "both", "--json").data
    folders = {path.split("/")[1] for path in data["numbers"]}
    assert folders == {run_id[:10] for run_id in two}
    for picture in data["pictures"]:
        ET.parse(project / picture)  # noqa: S314 - our own file


def test_charts_are_pixels_too(run: Run, project: Path, two: tuple[str, str]) -> None:
    pytest.importorskip("resvg_py")
    answer = run("report", two[0], "--png", "images")
    assert answer.out.splitlines()[1:] == ["written  images, 7 files"]
    assert "fonts" not in answer.err
    for picture in (project / "images").iterdir():
        data = picture.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", data[16:24]) == (1920, 668)


def test_without_what_draws_pixels_nothing_is_written(
    run: Run, project: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    answer = run("report", two[0], "--png", "images")
    assert answer.status == 2
    assert "resvg-py, which is not installed" in answer.err
    assert "pip install 'tradectl-sdk[png]'" in answer.err
    assert not list(project.glob("*.html"))
    assert run("report", two[0], "--svg", "pictures").status == 0


def test_a_machine_without_fonts_is_told_why_words_are_missing(
    run: Run, project: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resvg = pytest.importorskip("resvg_py")
    draw = resvg.svg_to_bytes

    def without_fonts(*, svg_string: str, **words: Any) -> bytes:
        probe = len(svg_string) < 300  # whether there are letters; the charts take their time
        return draw(svg_string=svg_string, skip_system_fonts=True, **words) if probe else b""

    monkeypatch.setattr(resvg, "svg_to_bytes", without_fonts)
    answer = run("report", two[0], "--png", "images")
    assert answer.status == 0
    assert "this machine has no fonts" in answer.err


def test_bars_that_changed_are_not_shown_as_those_of_the_run(
    run: Run, project: Path, two: tuple[str, str]
) -> None:
    rows = wave()
    rows[50][4] = rows[50][2]
    write_csv(project / "prices.csv", rows)
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST", "--replace").status == 0
    answer = run("report", two[0])
    assert answer.status == 0
    assert "No price of ABC.TEST" in answer.err
    assert "are not those of the run" in answer.err
    page = (project / f"report-{two[0][2:10]}.html").read_text(encoding="utf-8")
    assert "are not those of the run" in page
    assert "Trades on ABC.TEST" not in page
    assert re.search(r"<caption>Trades, money in", page)


def test_what_cannot_be_reported_is_said(run: Run, project: Path, two: tuple[str, str]) -> None:
    for words, status, said in (
        (("r-000000",), 6, "there is no run"),
        ((two[0], two[0]), 2, "was named twice"),
        ((two[0], "--output", "cross.py/x.html"), 3, "could not be written"),
        ((two[0], "s-123456"), 2, "on a sweep is one page on it alone, and s-123456 was one"),
        (("w-123456", two[0]), 2, "tradectl walks show w-123456 --json"),
        (("o-123456",), 2, "o-123456 is an optimisation, of which there is no report"),
        ((two[0], "--metric", "cagr"), 2, "--metric ranks the trials of a sweep, and r-"),
        (("w-123456", "--metric", "cagr"), 2, "of a sweep, and w-123456 is none"),
        ((two[0], "--svg", "--csv", "x"), 2, "--svg was given no folder, but followed by --csv"),
    ):
        answer = run("report", *words)
        assert (answer.status, answer.out) == (status, "")
        assert said in answer.err
    assert list(project.glob("*.html")) == []
