from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from cli_market import wave, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

IMPORT = ("data", "import", "prices.csv", "--instrument", "ABC.TEST")


@pytest.fixture
def prices(project: Path) -> Path:
    return write_csv(project / "prices.csv")


@pytest.fixture
def imported(run: Run, prices: Path) -> None:
    assert run(*IMPORT).status == 0


def stored_files(project: Path) -> list[Path]:
    found = (project / ".tradectl").rglob("*")
    return [path for path in found if path.is_file() and path.name != ".lock"]


def test_import_says_what_was_read_and_what_was_assumed(run: Run, prices: Path) -> None:
    answer = run(*IMPORT)
    assert answer.status == 0
    assert "200 of 200 rows read" in answer.out
    assert "2024-07-18" in answer.out
    assert "the tick size was inferred as 0.01 from the prices" in answer.out
    assert "next: tradectl backtest sma-cross ABC.TEST" in answer.err


def test_import_as_json_has_the_whole_report(run: Run, prices: Path) -> None:
    data = run(*IMPORT, "--tick", "0.01", "--lot", "1", "--json").data
    assert (data["instrument"], data["timeframe"]) == ("ABC.TEST", "1d")
    assert (data["rows"], data["rows_read"], data["gaps"]) == (200, 200, 0)
    assert (data["tick_size"], data["lot_size"]) == ("0.01", "1")
    assert data["first"] == "2024-01-01T00:00:00+00:00"
    assert not any("tick size" in text for text in data["assumptions"])


def test_columns_of_other_names_are_mapped(run: Run, project: Path) -> None:
    write_csv(project / "prices.csv", header=("Date", "Open", "High", "Low", "Settle", "Volume"))
    refused = run(*IMPORT)
    assert refused.status == 3
    assert "no column for close" in refused.err
    assert run(*IMPORT, "--map", "close=Settle").status == 0


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--map", "close"), 2, "expected KEY=VALUE"),
        (("--map", "close=Closing"), 2, "did you mean Close?"),
        (("--map", "clse=Close"), 2, "did you mean close?"),
        (("--map", "open=Open", "--map", "open=Close"), 2, "gave open twice"),
        (("--timeframe", "1x"), 2, "timeframe was '1x'"),
        (("--timeframe", "1h"), 3, "bad cells: timeframe"),
        (("--timezone", "Europe/Berln"), 2, "did you mean Europe/Berlin?"),
        (("--tick", "cheap"), 2, "tick size was 'cheap'"),
        (("--stamp", "middle"), 2, "--stamp"),
        (("--accept", "spik"), 2, "spike"),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_stored(
    run: Run, prices: Path, project: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    answer = run(*IMPORT, *words)
    assert answer.status == status
    assert message in answer.err
    assert stored_files(project) == []


def test_an_instrument_is_needed_and_has_a_venue(run: Run, prices: Path) -> None:
    assert "--instrument" in run("data", "import", "prices.csv").err
    answer = run("data", "import", "prices.csv", "--instrument", "ABC")
    assert answer.status == 2
    assert "expected SYMBOL.VENUE" in answer.err


def test_a_missing_file(run: Run) -> None:
    assert run(*IMPORT).status == 3


@pytest.mark.parametrize(
    ("row", "column", "value", "rule"),
    [
        (3, 4, "cheap", "not_a_number"),
        (3, 4, "-1", "non_positive"),
        (3, 2, "1.00", "ohlc"),
        (3, 0, "2023-12-01", "order"),
        (3, 0, "later", "time"),
    ],
)
def test_bad_bars_are_refused_with_their_place(
    run: Run, project: Path, row: int, column: int, value: str, rule: str
) -> None:
    rows = wave(50)
    rows[row][column] = value
    write_csv(project / "prices.csv", rows)
    answer = run(*IMPORT)
    assert answer.status == 3
    assert rule in answer.err
    assert stored_files(project) == []


def test_repair_mends_what_can_be_mended_and_says_so(run: Run, project: Path) -> None:
    rows = wave(50)
    write_csv(project / "prices.csv", [*rows, rows[10]])
    refused = run(*IMPORT)
    assert refused.status == 3
    assert "--repair mends what can be mended" in refused.err
    repaired = run(*IMPORT, "--repair", "--json").data["repaired"]
    assert repaired["duplicate"] == 1


def test_a_truncated_parquet_file(run: Run, project: Path, imported: None) -> None:
    assert run("data", "export", "ABC.TEST", "whole.parquet").status == 0
    whole = (project / "whole.parquet").read_bytes()
    (project / "half.parquet").write_bytes(whole[: len(whole) // 2])
    answer = run("data", "import", "half.parquet", "--instrument", "HALF.TEST")
    assert answer.status == 3
    assert "half.parquet" in answer.err
    assert [each["instrument"] for each in run("data", "list", "--json").data["series"]] == [
        "ABC.TEST"
    ]


def test_a_series_is_replaced_on_purpose_only(run: Run, imported: None) -> None:
    answer = run(*IMPORT)
    assert answer.status == 3
    assert "--replace puts" in answer.err
    assert run(*IMPORT, "--replace").status == 0


def test_list_has_what_is_stored_and_what_installed_sources_offer(run: Run, imported: None) -> None:
    answer = run("data", "list")
    heading, first, *others = answer.out.splitlines()
    assert heading.split()[:3] == ["SERIES", "TIMEFRAME", "ROWS"]
    assert first.split() == [
        "ABC.TEST", "1d", "200", "2024-01-01", "2024-07-18", "0", "prices.csv",
    ]  # fmt: skip
    assert any(line.startswith("SPX.SAMPLE") and "samples:" in line for line in others)
    data = run("data", "list", "--json").data
    assert {each["instrument"] for each in data["available"]} >= {"SPX.SAMPLE", "IXIC.SAMPLE"}


def test_list_without_any_data_says_how_to_get_some(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECTL_PLUGINS", "")
    answer = run("data", "list")
    assert answer.status == 0
    assert answer.out == ""
    assert "next: tradectl data import FILE" in answer.err


BAD_SOURCE = """
from tradectl_sdk.hooks import DataSourceSpec, Hooks, hookimpl

class Bad(Hooks):
    @hookimpl
    def tradectl_data_sources(self):
        yield DataSourceSpec(
            name="bad", summary="Bad", factory="bad:Source", capabilities=frozenset({"offline"})
        )

class Source:
    def __init__(self):
        raise OSError("no disk")

plugin = Bad()
"""


def test_a_source_that_fails_is_named_and_the_others_go_on(
    run: Run, install: Callable[..., None]
) -> None:
    install("acme-bad", {"tradectl.v1": {"bad": "bad:plugin"}}, {"bad": BAD_SOURCE})
    answer = run("data", "list")
    assert answer.status == 0
    assert "SPX.SAMPLE" in answer.out
    assert "warning: data source 'bad' (acme-bad 1.0) raised OSError: no disk" in answer.err


def test_a_damaged_series_hides_no_other(run: Run, project: Path, imported: None) -> None:
    run("data", "import", "prices.csv", "--instrument", "DEF.TEST")
    (manifest,) = project.glob("**/instrument=ABC/**/manifest.json")
    manifest.write_text("{}")
    answer = run("data", "list")
    assert answer.status == 0
    assert "DEF.TEST" in answer.out
    assert "warning: " in answer.err
    found = run("data", "verify")
    assert found.status == 1
    assert [line.split()[0] for line in found.out.splitlines()] == ["fail", "ok"]


def test_verify_finds_a_changed_file(run: Run, project: Path, imported: None) -> None:
    assert run("data", "verify").status == 0
    (stored,) = project.glob("**/bars-*.parquet")
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")
    answer = run("data", "verify", "ABC.TEST", "--json")
    assert answer.status == 1
    (report,) = answer.data
    assert not report["ok"]
    assert "its hash does not fit" in report["problems"][0]


def test_export_and_import_give_the_same_series(run: Run, imported: None) -> None:
    assert run("data", "export", "ABC.TEST", "copy.csv", "--json").data["rows"] == 200
    again = ("data", "import", "copy.csv", "--instrument", "ABC.TEST", "--replace", "--json")
    before = run("data", "list", "--json").data["series"][0]["hash"]
    assert run(*again).data["hash"] == before


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("NO.WHERE", "x.csv"), 3, "NO.WHERE is not in the catalog"),
        (("ABC.TST", "x.csv"), 3, "did you mean ABC.TEST?"),
        (("ABC.TEST", "x.csv", "--timeframe", "1h"), 3, "it is there as 1d"),
        (("ABC.TEST", "x.doc"), 2, "suffix '.doc'"),
        (("ABC.TEST", "nowhere/x.csv"), 2, "is no folder to write to"),
        (("ABC.TEST", "prices.csv"), 2, "prices.csv exists"),
        (("ABC.TEST", "x.csv", "--start", "soon"), 2, "time was 'soon'"),
        (("ABC.TEST", "x.csv", "--start", "2099-01-01"), 3, "had no bars"),
    ],
)
def test_export_refuses_and_writes_nothing(
    run: Run, project: Path, imported: None, words: tuple[str, ...], status: int, message: str
) -> None:
    before = (project / "prices.csv").read_bytes()
    answer = run("data", "export", *words)
    assert answer.status == status
    assert message in answer.err
    assert (project / "prices.csv").read_bytes() == before
    assert sorted(path.name for path in project.iterdir()) == [".git", ".tradectl", "prices.csv"]


def test_a_series_of_two_timeframes_must_be_named_in_full(
    run: Run, project: Path, imported: None
) -> None:
    write_csv(project / "weeks.csv", wave()[::7])
    weekly = run("data", "import", "weeks.csv", "--instrument", "ABC.TEST", "--json")
    assert weekly.data["timeframe"] == "1w"
    answer = run("data", "rm", "ABC.TEST", "--yes")
    assert answer.status == 2
    assert "ABC.TEST is in the catalog as 1d, 1w" in answer.err
    assert len(run("data", "verify", "ABC.TEST", "--json").data) == 2
    assert run("data", "rm", "ABC.TEST", "--timeframe", "1w", "--yes").status == 0
    assert run("data", "export", "ABC.TEST", "x.csv").status == 0


def test_rm_asks_a_terminal_or_wants_yes(run: Run, project: Path, imported: None) -> None:
    answer = run("data", "rm", "ABC.TEST")
    assert answer.status == 2
    assert "hint: --yes" in answer.err
    assert run("data", "verify", "ABC.TEST").status == 0
    assert run("data", "rm", "ABC.TEST", "--yes").status == 0
    assert run("data", "rm", "ABC.TEST", "--yes").status == 3
    assert list(project.glob("**/manifest.json")) == []


@pytest.mark.parametrize(("reply", "left"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_rm_does_what_the_person_answers(
    run: Run,
    project: Path,
    imported: None,
    monkeypatch: pytest.MonkeyPatch,
    reply: str,
    left: int,
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return reply

    monkeypatch.setattr("sys.stdin", Terminal())
    answer = run("data", "rm", "ABC.TEST")
    assert answer.status == 0
    assert "Delete ABC.TEST 1d" in answer.err
    assert len(list(project.glob("**/manifest.json"))) == left


def test_completion_knows_series_and_timeframes(
    run: Run, imported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TRADECTL_COMPLETE", "bash")
    assert run("data", "verify", "AB").out == "ABC.TEST\n"
    assert "1d\n" in run("data", "rm", "ABC.TEST", "--timeframe", "1d").out


def test_the_catalog_is_where_the_settings_say(run: Run, project: Path, prices: Path) -> None:
    (project / "tradectl.toml").write_text('[data]\ncatalog = "elsewhere"\n')
    assert run(*IMPORT).status == 0
    assert list((project / "elsewhere").glob("**/manifest.json"))
    shutil.rmtree(project / "elsewhere")
    assert run("data", "verify", "ABC.TEST").status == 3


def test_newer_bars_are_appended_and_counted(run: Run, imported: None, prices: Path) -> None:
    header, *rows = prices.read_text().splitlines()
    (prices.parent / "start.csv").write_text("\n".join([header, *rows[:-5]]) + "\n")
    begun = ("data", "import", "start.csv", "--instrument", "ABC.TEST")
    assert run(*begun, "--replace").status == 0
    refused = run(*IMPORT)
    assert refused.status == 3
    assert "--append adds newer bars" in refused.err
    answer = run(*IMPORT, "--append", "--json")
    assert answer.status == 0, answer.err
    assert (answer.data["added"], answer.data["rows"]) == (5, len(rows))
    assert run(*IMPORT, "--append").out.count("in all") == 1
    assert run(*IMPORT, "--append", "--replace").status == 2
