from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.errors import DataError, ImportRefusedError, UsageError

if TYPE_CHECKING:
    from tradectl_sdk.data import Catalog

    from conftest import Bring

SECONDS = 1_704_187_800  # 2024-01-02T09:30:00Z


def at(*stamps: str) -> str:
    return "time,open,high,low,close\n" + "".join(f'"{stamp}",5,5,5,5\n' for stamp in stamps)


@pytest.mark.parametrize(
    ("stamp", "options"),
    [
        (f"{SECONDS}", {}),
        (f"{SECONDS}.0", {}),
        (f"{SECONDS}000", {}),
        (f"{SECONDS}000000", {}),
        (f"{SECONDS}000000000", {}),
        ("2024-01-02T09:30:00Z", {}),
        ("2024-01-02 09:30:00+00:00", {}),
        ("2024-01-02 12:30:00+03:00", {}),
        ("2024-01-02T04:30:00.000-0500", {}),
        ("2024-01-02 09:30", {}),
        ("2024-01-02 09:30:00", {"timezone": "UTC"}),
        ("2024-01-02 10:30", {"timezone": "Europe/Berlin"}),
        ("2024.01.02 09:30", {}),
        ("20240102 093000", {}),
        ("20240102093000", {}),
        ("01/13/2024 09:30", {"shift": 11}),
        ("13/01/2024 09:30", {"shift": 11}),
        ("13.01.2024 09:30:00", {"shift": 11}),
        ("01/13/2024 9:30 AM", {"shift": 11}),
        ("02-01-24 0930", {"time_format": "%d-%m-%y %H%M"}),
        ("2024-01-02 10:30 +0100", {"time_format": "%Y-%m-%d %H:%M %z"}),
    ],
)
def test_times_are_read_as_utc(
    bring: Bring, catalog: Catalog, stamp: str, options: dict[str, Any]
) -> None:
    shift = options.pop("shift", 0)
    bring(at(stamp), timeframe="30m", **options)
    expected = (SECONDS + shift * 86_400) * 10**9
    assert catalog.bars("X.TEST", "30m").time[0] == expected


@pytest.mark.parametrize(
    "stamp", ["20240102", "2024-01-02", "01/02/2024", "Jan 02, 2024", "2024/01/02"]
)
def test_dates_are_read(bring: Bring, catalog: Catalog, stamp: str) -> None:
    unambiguous = {"time_format": "%m/%d/%Y"} if "/02/" in stamp else {}
    bring(at(stamp), **unambiguous)
    assert _day(catalog) == "2024-01-02"


@pytest.mark.parametrize(
    ("stamp", "options"),
    [
        ("2024-01-02 00:00:00+01:00", {}),
        ("2024-01-02 00:00:00-05:00", {}),
        ("2024-01-02 00:00:00", {"timezone": "America/New_York"}),
        ("2024-01-02 03:00:00+03:00", {}),
    ],
)
def test_a_daily_bar_belongs_to_the_date_that_was_written(
    bring: Bring, catalog: Catalog, stamp: str, options: dict[str, Any]
) -> None:
    bring(at(stamp), **options)
    assert _day(catalog) == "2024-01-02"


def test_a_cell_that_is_no_time_leaves_the_dates_of_the_others_alone(
    bring: Bring, catalog: Catalog
) -> None:
    text = at("2024-01-02", "2024-01-03", "soon")
    with pytest.raises(ImportRefusedError, match="bad cells: unreadable_time 1\n"):
        bring(text, timezone="Europe/Berlin")
    bring(text, timezone="Europe/Berlin", repair=True)
    assert _day(catalog) == "2024-01-02"


def test_month_or_day_first_is_asked_for_when_nothing_settles_it(bring: Bring) -> None:
    with pytest.raises(DataError, match="month first or day first") as caught:
        bring(at("01/02/2024", "02/02/2024"))
    assert "--time-format" in caught.value.hint


@pytest.mark.parametrize("stamp", ["2024-01-02 10:00", "2024-01-02 09:59:59.999"])
def test_bars_stamped_at_their_close_are_moved_to_their_open(
    bring: Bring, catalog: Catalog, stamp: str
) -> None:
    bring(at(stamp), timeframe="30m", stamp="close")
    assert catalog.bars("X.TEST", "30m").time[0] == SECONDS * 10**9


def test_an_unknown_time_zone_gets_a_suggestion(bring: Bring) -> None:
    with pytest.raises(UsageError, match="timezone was 'Europe/Berlim'") as caught:
        bring(at("2024-01-02 09:30"), timezone="Europe/Berlim")
    assert caught.value.hint == "did you mean Europe/Berlin?"


@pytest.mark.parametrize("stamp", [str(SECONDS), "2024-01-02T09:30:00Z"])
def test_a_time_zone_for_times_that_have_one_is_refused(bring: Bring, stamp: str) -> None:
    with pytest.raises(UsageError, match="timezone was Asia/Tokyo, but the file has"):
        bring(at(stamp), timeframe="30m", timezone="Asia/Tokyo")


def test_an_hour_that_a_clock_skips_is_not_a_time(bring: Bring) -> None:
    with pytest.raises(ImportRefusedError, match="unreadable_time 1"):
        bring(at("2024-03-31 02:30", "2024-03-31 03:30"), timeframe="30m", timezone="Europe/Berlin")


def test_an_hour_that_a_clock_repeats_shows_as_a_conflict(bring: Bring) -> None:
    text = at("2024-10-27 02:00") + "2024-10-27 02:00,6,6,6,6\n"
    with pytest.raises(ImportRefusedError, match="conflict 1"):
        bring(text, timeframe="30m", timezone="Europe/Berlin")


def test_times_of_no_known_format_are_quoted(bring: Bring) -> None:
    with pytest.raises(DataError, match="no known format, such as 'noon'"):
        bring(at("noon"))


def test_too_few_bars_do_not_tell_the_timeframe(bring: Bring) -> None:
    with pytest.raises(DataError, match="too few"):
        bring(at("2024-01-02"), timeframe=None)


def _day(catalog: Catalog) -> str:
    seconds = int(catalog.bars("X.TEST", "1d").time[0]) // 10**9
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
