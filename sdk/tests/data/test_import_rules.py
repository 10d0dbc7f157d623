from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.data.catalog import Repair
from tradectl_sdk.errors import DataError, ExitStatus, ImportRefusedError, UsageError

if TYPE_CHECKING:
    from tradectl_sdk.data import Catalog

    from conftest import Bring, Days

ROW = 5  # the data row that the tests spoil

# rule, the spoilt line, column named, text quoted, what a repair writes instead
SPOILT = [
    ("unreadable_time", "2024-13-05,100,101,99,100,10", "time", "2024-13-05", "dropped"),
    ("missing", "2024-01-05,100,,99,100,10", "high", None, "dropped"),
    ("missing", "2024-01-05,100,101,99,NaN,10", "close", "NaN", "dropped"),
    ("missing", "2024-01-05,inf,101,99,100,10", "open", "inf", "dropped"),
    ("not_a_number", "2024-01-05,100,101,n.a.?,100,10", "low", "n.a.?", "dropped"),
    ("missing_volume", "2024-01-05,100,101,99,100,", "volume", None, "0"),
    ("non_positive", "2024-01-05,100,101,0,100,10", "low", "0", "dropped"),
    ("non_positive", "2024-01-05,100,101,99,-100,10", "close", "-100", "dropped"),
    ("ohlc", "2024-01-05,100,99.5,99,100,10", "high", "99.5", "100.0"),
    ("ohlc", "2024-01-05,100,101,100.5,100,10", "low", "100.5", "100.0"),
    ("negative_volume", "2024-01-05,100,101,99,100,-3", "volume", "-3", "0"),
    ("future", "2034-01-05,100,101,99,100,10", "time", "2034-01-05", "dropped"),
    ("off_grid", "2024-01-05 09:30,100,101,99,100,10", "time", "2024-01-05 09:30",
     "2024-01-05 00:00:00"),
    ("spike", "2024-01-05,100,10000,99,10000,10", "close", "10000", "dropped"),
    ("spike", "2024-01-05,0.01,101,0.01,100,10", "open", "0.01", "dropped"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line", "column", "value", "after"), SPOILT)
def test_a_bad_row_is_refused_by_name_place_and_value_or_repaired_on_record(
    bring: Bring,
    days: Days,
    catalog: Catalog,
    rule: str,
    line: str,
    column: str,
    value: str | None,
    after: str,
) -> None:
    lines = days(9)
    lines[ROW - 1] = line
    with pytest.raises(ImportRefusedError) as caught:
        bring(lines)
    places = {(f.rule, f.row, f.line, f.column, f.value) for f in _findings(caught)}
    assert (rule, ROW, ROW + 1, column, value) in places
    assert {f.row for f in _findings(caught) if f.rule == rule} == {ROW}
    assert "prices.csv was refused" in caught.value.message
    assert caught.value.exit_status is ExitStatus.DATA
    assert catalog.list_series() == []

    report = bring(lines, repair=True)
    assert rule in report.repaired
    made = catalog.repairs("X.TEST", "1d")
    assert any((r.row, r.rule, r.column, r.after) == (ROW, rule, column, after) for r in made)
    assert catalog.verify("X.TEST", "1d").ok
    assert report.series.rows == (8 if after == "dropped" else 9)


def test_rows_out_of_order_are_refused_or_sorted(
    bring: Bring, days: Days, catalog: Catalog
) -> None:
    lines = days(9)
    lines[3], lines[4] = lines[4], lines[3]
    with pytest.raises(ImportRefusedError, match="order 1") as caught:
        bring(lines)
    assert (_findings(caught)[0].row, _findings(caught)[0].value) == (5, "2024-01-04")
    report = bring(lines, repair=True)
    assert report.repaired == {"order": 1}
    assert report.series.rows == 9


def test_the_same_bar_twice_is_kept_once(bring: Bring, days: Days) -> None:
    lines = days(9)
    lines.insert(4, lines[3])
    with pytest.raises(ImportRefusedError, match="duplicate 1"):
        bring(lines)
    report = bring(lines, repair=True)
    assert (report.repaired, report.series.rows) == ({"duplicate": 1}, 9)


def test_of_two_bars_that_differ_a_repair_keeps_the_last(
    bring: Bring, days: Days, catalog: Catalog
) -> None:
    lines = days(9)
    lines.insert(4, "2024-01-04,100,103,99,102,10")
    with pytest.raises(ImportRefusedError, match="conflict 1"):
        bring(lines)
    report = bring(lines, repair=True)
    assert (report.repaired, report.series.rows) == ({"conflict": 1}, 9)
    assert catalog.bars("X.TEST", "1d").floats("close")[3] == 102.0
    assert catalog.repairs("X.TEST", "1d") == [
        Repair(4, "conflict", "time", "2024-01-04 00:00:00", "dropped")
    ]


def test_a_jump_that_stays_cannot_be_repaired_only_accepted(bring: Bring, days: Days) -> None:
    lines = days(9) + days(9, first="2024-01-10", price=10_000.0)
    with pytest.raises(ImportRefusedError, match="level_shift 1") as caught:
        bring(lines, repair=True)
    assert _findings(caught)[0].row == 10
    assert "accept level_shift" in caught.value.hint
    report = bring(lines, accept=["level_shift"])
    assert (report.accepted, report.series.rows) == (("level_shift",), 18)
    assert report.series.provenance.accepted == ("level_shift",)


def test_lively_but_real_markets_are_not_absurd(bring: Bring) -> None:
    closes = 2 * [100, 130, 105, 60, 95, 125, 90, 50, 80, 110, 85, 60, 90]
    lines = [f"2024-01-{n + 1:02},{c},{c * 1.3},{c * 0.7},{c},5" for n, c in enumerate(closes)]
    assert bring(lines).series.rows == len(closes)


def test_prices_below_zero_can_be_accepted(bring: Bring, days: Days, catalog: Catalog) -> None:
    lines = days(9)
    lines[4] = "2024-01-05,10,11,-40,-37.63,10"
    report = bring(lines, accept=["non_positive"])
    assert report.accepted == ("non_positive",)
    assert catalog.bars("X.TEST", "1d").floats("low")[4] == -40.0
    assert catalog.verify("X.TEST", "1d").ok


def test_prices_between_ticks_are_refused_or_rounded_on_record(
    bring: Bring, days: Days, catalog: Catalog
) -> None:
    lines = days(9)
    lines[4] = "2024-01-05,100,101,99,100.13,10"
    with pytest.raises(ImportRefusedError, match="off_tick 1") as caught:
        bring(lines, tick_size="0.25")
    assert "prices are multiples of 0.25" in str(caught.value)
    bring(lines, tick_size="0.25", repair=True)
    assert catalog.bars("X.TEST", "1d").floats("close")[4] == 100.25
    assert catalog.repairs("X.TEST", "1d") == [Repair(5, "off_tick", "close", "100.13", "100.25")]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([f"2024-{m:02}-01,5,5,5,5,1" for m in range(1, 13)], "no two bars were 1d apart"),
        (
            [f"2024-01-{d:02},5,5,5,5,1" for d in range(1, 11)]
            + [f"2024-{m:02}-{d:02},5,5,5,5,1" for m in range(2, 6) for d in (1, 8, 15, 22)],
            "bars in a row",
        ),
    ],
    ids=["monthly", "daily then weekly"],
)
def test_another_timeframe_than_declared_is_noticed(
    bring: Bring, lines: list[str], reason: str
) -> None:
    with pytest.raises(ImportRefusedError, match=reason):
        bring(lines, repair=True)
    assert bring(lines, accept=["timeframe"]).accepted == ("timeframe",)


def test_minutes_that_turn_into_hours_are_noticed(bring: Bring) -> None:
    minutes = [f"2024-01-01T{m // 60:02}:{m % 60:02}Z,5,5,5,5,1" for m in range(120)]
    hours = [f"2024-01-{2 + h // 24:02}T{h % 24:02}:00Z,5,5,5,5,1" for h in range(72)]
    with pytest.raises(ImportRefusedError, match="were 1h apart, not 1m"):
        bring(minutes + hours, timeframe="1m")


def test_every_problem_is_counted_and_only_the_first_are_quoted(bring: Bring, days: Days) -> None:
    lines = [line.replace(",99.0,", ",-1,") for line in days(9)]
    lines[0] = lines[0].removesuffix("10") + "-10"
    with pytest.raises(ImportRefusedError, match="non_positive 9, negative_volume 1") as caught:
        bring(lines)
    assert [f.row for f in _findings(caught) if f.rule == "non_positive"] == [1, 2, 3]
    assert len(str(caught.value).splitlines()) == 6  # message, 3 + 1 findings, hint


def test_a_file_without_one_good_row_is_refused(bring: Bring) -> None:
    with pytest.raises(DataError, match="no bar left after repairs"):
        bring(["2024-01-01,1,2,0,1,1"], repair=True)


def test_accepting_what_is_no_rule_or_never_genuine_is_refused(bring: Bring, days: Days) -> None:
    with pytest.raises(UsageError) as caught:
        bring(days(3), accept=["spikes"])
    assert caught.value.hint == "did you mean spike?"
    with pytest.raises(UsageError, match="expected one of"):
        bring(days(3), accept=["ohlc"])


def test_a_refused_file_leaves_what_was_there(bring: Bring, days: Days, catalog: Catalog) -> None:
    bring(days(5))
    before = catalog.info("X.TEST", "1d")
    with pytest.raises(ImportRefusedError):
        bring(["2024-01-01,1,2,0,1,1"], replace=True)
    assert catalog.info("X.TEST", "1d") == before


def _findings(caught: pytest.ExceptionInfo[ImportRefusedError]) -> list[Any]:
    return list(caught.value.findings)
