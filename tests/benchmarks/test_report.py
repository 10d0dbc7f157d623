"""The table, the ratios and results.json, on made-up rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import __main__ as program
from benchmarks import report
from benchmarks.running import Row

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.catalogue import Engine


def row(engine: str = "tradectl", seconds: float = 2.0, **changes: Any) -> Row:
    fields = {
        "workload": "A",
        "size": 1_000_000,
        "engine": engine,
        "version": "1",
        "mode": "compiled",
        "unit": "bars",
        "units": 1_000_000,
        "seconds": seconds,
        "first_seconds": 3.0,
        "loop_seconds": None,
        "process_seconds": 4.0,
        "rate": 1_000_000 / seconds,
        "equal": True,
        "peak_mb": 100.0,
    }
    return Row(**(fields | changes))


def test_a_ratio_is_to_the_fastest_limit_of_the_same_work() -> None:
    rows = [
        row("limit", 1.0, mode="records"),
        row("limit", 0.5, mode="bare"),
        row("limit", 0.1, workload="D"),
        row("limit", 0.1, size=10),
        row(seconds=2.0),
    ]
    assert [one.ratio_to_limit for one in report.with_ratios(rows)] == [2.0, 1.0, 1.0, 1.0, 4.0]


def test_of_several_rounds_the_quickest_counts_and_each_has_to_be_right() -> None:
    slow = row(seconds=3.0, first_seconds=9.0, peak_mb=110.0)
    quick = row(seconds=2.0, first_seconds=4.0, equal=False)
    for found in (quick.after(slow), slow.after(quick)):
        assert (found.seconds, found.rate, found.peak_mb) == (2.0, 500_000.0, 110.0)
        assert not found.equal
    assert quick.after(slow).first_seconds == 9.0


def test_engines_take_turns_in_several_rounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    order: list[str] = []

    def measured(_: Path, engine: Engine, *__: object) -> Row:
        order.append(engine.name)
        return row(engine.name, 1.0 + len(order) % 2)

    monkeypatch.setattr(program, "measure", measured)
    monkeypatch.setattr(program, "prepare", lambda _: None)
    monkeypatch.setattr(program, "interpreter", lambda _: tmp_path)
    words = ["--workloads", "D", "--engines", "limit,vectorbt", "--rounds", "3"]
    assert program.main([*words, "--output", str(tmp_path / "results.json")]) == 0
    assert order == ["limit", "vectorbt"] * 3
    kept = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert [one["engine"] for one in kept] == ["limit", "vectorbt"]


def test_who_does_a_part_of_the_work_is_compared_by_what_it_does_in_a_second() -> None:
    part = row("vectorbt", 1.0, units=250_000, rate=250_000.0)
    assert report.with_ratios([row("limit", 1.0), part])[1].ratio_to_limit == 4.0


def test_without_a_right_limit_there_is_no_ratio() -> None:
    assert report.with_ratios([row()])[0].ratio_to_limit is None
    assert report.with_ratios([row("limit", equal=False), row()])[1].ratio_to_limit is None


def test_the_table_names_the_machine_and_every_row() -> None:
    rows = report.with_ratios(
        [row("limit", 0.01), row(note="as told"), row("flox", workload="C", equal=False)]
    )
    header = report.machine()
    text = report.table(header, rows, {"other": "not installed"})
    assert text.startswith(header["cpu"])
    assert "A. SMA cross, one instrument" in text
    assert "as told" in text
    assert "500 k" in text
    assert " NO " in text
    assert text.endswith("other: not installed")


def test_results_are_rows_under_a_schema(tmp_path: Path) -> None:
    report.write(tmp_path / "results.json", report.machine(), [row()], {"other": "not installed"})
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["schema"] == "tradectl.bench/1"
    assert found["missing"] == {"other": "not installed"}
    assert found["machine"].keys() >= {"cpu", "cores", "memory_gb", "python", "versions", "date"}
    assert Row(**found["rows"][0]) == row()
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    "name",
    ["workload", "engine", "mode", "units", "seconds", "rate", "ratio_to_limit", "equal"],
)
def test_a_row_has_what_others_read(name: str) -> None:
    assert name in row().as_json()
