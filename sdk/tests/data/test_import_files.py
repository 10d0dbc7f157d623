from __future__ import annotations

import builtins
import gzip
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from tradectl_sdk.errors import DataError, TradectlError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.data import Catalog
    from tradectl_sdk.domain.instrument import Instrument

    from conftest import Bring, Days

GOOD = "2024-01-01,100.5,101,99,100,10\n2024-01-02,100,102.25,99,101,0.5\n"


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("time,open,high,low,close,volume", {}),
        ("Date,Open,High,Low,Close,Volume", {}),
        ("<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", {}),
        ("t,o,h,l,c,v", {}),
        ("open_time,Open,High,Low,Close/Last,Tick Volume", {}),
        (",Open,High,Low,Close,Volume", {}),
        ("when,a,b,c,d,e", {"mapping": {"time": "when", "open": "a", "high": "b", "low": "c",
                                        "close": "d", "volume": "e"}}),
    ],
)  # fmt: skip
def test_columns_are_found_by_their_usual_or_given_names(
    bring: Bring, catalog: Catalog, header: str, options: dict[str, Any]
) -> None:
    bring(f"{header}\n{GOOD}", **options)
    bars = catalog.bars("X.TEST", "1d")
    assert list(bars.floats("high")) == [101.0, 102.25]
    assert list(bars.floats("volume")) == [10.0, 0.5]
    assert bars.instrument.tick_size == Decimal("0.01")
    assert bars.instrument.lot_size == Decimal("0.1")


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "a.csv"), (";", "a.csv"), ("\t", "a.tsv"), ("|", "a.txt")]
)
def test_the_delimiter_is_found(bring: Bring, delimiter: str, name: str) -> None:
    text = ("time,open,high,low,close,volume\n" + GOOD).replace(",", delimiter)
    assert bring(text, name).series.rows == 2


def test_gzip_byte_order_mark_quotes_and_windows_line_ends_are_read(bring: Bring) -> None:
    text = "\ufefftime,open,high,low,close,volume\r\n"
    text += '"2024-01-01","1,100.5",1102,1099,"1,101","2,000,000"\r\n'
    report = bring(gzip.compress(text.encode()), "prices.csv.gz")
    assert report.series.rows == 1


def test_decimal_commas_are_read_when_asked_for(bring: Bring, catalog: Catalog) -> None:
    text = "Date;Open;High;Low;Close\n02.01.2024;1.100,5;1.102;1099;1101,25\n03.01.2024;1;1;1;1\n"
    text += "31.01.2024;1;1;1;1\n"
    bring(text, decimal=",", accept=["level_shift"])
    assert catalog.bars("X.TEST", "1d").floats("close")[0] == 1101.25


def test_a_file_without_header_needs_names(bring: Bring, catalog: Catalog) -> None:
    with pytest.raises(DataError, match="had no header") as caught:
        bring(GOOD)
    assert "name its columns in order" in caught.value.hint
    bring(GOOD, names=["time", "open", "high", "low", "close", "volume"])
    assert len(catalog.bars("X.TEST", "1d")) == 2
    with pytest.raises(UsageError, match=r"2 column names were given, prices\.csv has 6"):
        bring(GOOD, names=["time", "open"])


def test_date_and_time_columns_are_joined(bring: Bring, catalog: Catalog) -> None:
    text = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n2024.01.02\t09:30:00\t1\t1\t1\t1\n"
    bring(text, timeframe="30m")
    assert catalog.bars("X.TEST", "30m").time[0] == 1_704_187_800 * 10**9


def test_points_become_prices_without_rounding_noise(bring: Bring, catalog: Catalog) -> None:
    text = "Date,open,high,low,close\n2024-01-02,130583.99999999999,158611,130453,130935\n"
    bring(text, price_scale="0.00001")
    bars = catalog.bars("X.TEST", "1d")
    assert bars.instrument.tick_size == Decimal("0.00001")
    assert (bars.floats("open")[0], bars.floats("high")[0]) == (1.30584, 1.58611)


def test_the_last_bits_that_arithmetic_costs_make_no_finer_grid(
    bring: Bring, catalog: Catalog
) -> None:
    bring("Date,Open,High,Low,Close\n2024-01-02,0.30000000000000004,0.3,0.1,0.2\n")
    bars = catalog.bars("X.TEST", "1d")
    assert bars.instrument.tick_size == Decimal("0.1")
    assert bars.floats("open")[0] == 0.3


def test_single_precision_prices_mean_their_shortest_decimals(
    bring: Bring, catalog: Catalog
) -> None:
    text = "Date,Open,High,Low,Close\n"
    text += "2024-01-02,14.5500001907349,14.5500001907349,14.550000190734863,14.5500001907349\n"
    report = bring(text)
    assert any("single precision" in note for note in report.assumptions)
    assert catalog.bars("X.TEST", "1d").floats("close")[0] == 14.55


def test_adjusted_close_is_left_out_unless_asked_for(bring: Bring, catalog: Catalog) -> None:
    text = "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,10,12,8,10,5,7\n"
    report = bring(text)
    assert any("'Adj Close' was left out" in note for note in report.assumptions)
    assert catalog.bars("X.TEST", "1d").floats("close")[0] == 10.0
    bring(text, adjust=True, replace=True)
    bars = catalog.bars("X.TEST", "1d")
    assert [bars.floats(c)[0] for c in ("open", "high", "low", "close")] == [5.0, 6.0, 4.0, 5.0]
    with pytest.raises(UsageError, match="no adjusted close"):
        bring("Date,Open,High,Low,Close\n2024-01-02,10,12,8,10\n", adjust=True, replace=True)


def test_parquet_and_feather_are_read_like_text(
    bring: Bring, catalog: Catalog, tmp_path: Path
) -> None:
    import pyarrow as pa
    from pyarrow import feather

    rows = {"date": [1_704_067_200_000, 1_704_153_600_000], "open": [1.5, 2.0], "high": [3.0, 3.0],
            "low": [1.0, 1.25], "close": [2.0, 2.5], "volume": [1, 2]}  # fmt: skip
    table = pa.table({**rows, "date": pa.array(rows["date"], pa.timestamp("ms", tz="UTC"))})
    feather.write_feather(table, str(tmp_path / "made.feather"))
    with duckdb.connect() as connection:
        connection.register("made", table)
        connection.execute(f"COPY made TO '{tmp_path / 'made.parquet'}' (FORMAT parquet)")
    bring((tmp_path / "made.feather").read_bytes(), "a.feather", instrument="F.TEST")
    bring((tmp_path / "made.parquet").read_bytes(), "a.parquet", instrument="P.TEST")
    one, other = catalog.bars("F.TEST", "1d"), catalog.bars("P.TEST", "1d")
    assert list(one.time) == [ms * 10**6 for ms in rows["date"]]
    assert list(one.close) == list(other.close) == [200, 250]
    assert one.instrument.tick_size == Decimal("0.01")


def test_feather_without_pyarrow_says_which_extra_to_install(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError) as caught:
        bring(b"ARROW1", "a.feather")
    assert "tradectl-sdk[feather]" in caught.value.hint


DAMAGED = {
    "empty": ("a.csv", b"", "was empty"),
    "blank lines": ("a.csv", b"\n\n\n", "was empty"),
    "header only": ("a.csv", b"time,open,high,low,close,volume\n", "had no rows"),
    "wrong columns": ("a.csv", b"x,y,z\n1,2,3\n", "no column for time, open, high, low, close"),
    "one column": ("a.csv", b"prices\n1\n2\n", "no column for time"),
    "same name twice": ("a.csv", b"time,open,open,low,close\n1,1,1,1,1\n", "two columns of one"),
    "short row": (
        "a.csv",
        b"t,o,h,l,c\n2024-01-01,1,1,1,1\n2024-01-02,1\n",
        "line 3 had 2 columns",
    ),
    "open quote": ("a.csv", b't,o,h,l,c\n2024-01-01,1,1,1,"1\n', "could not be read"),
    "binary": ("a.csv", b"\xff\xfe\x00\x01" * 50, "could not be read as text"),
    "cut gzip": (
        "a.csv.gz",
        gzip.compress(b"t,o,h,l,c,v\n" + GOOD.encode() * 9000)[:-9],
        "could not be read",
    ),
    "not gzip": ("a.csv.gz", GOOD.encode(), "could not be read as text"),
    "not parquet": ("a.parquet", GOOD.encode(), "could not be read"),
    "not feather": ("a.feather", GOOD.encode(), "could not be read"),
}


@pytest.mark.parametrize(("name", "content", "message"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused_by_name_and_leaves_nothing(
    bring: Bring, catalog: Catalog, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        bring(content, name)
    assert name in caught.value.message
    assert catalog.list_series() == []
    assert not (catalog.root / ".staging").exists()


def test_a_truncated_parquet_file_is_refused_wherever_it_is_cut(
    bring: Bring, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE made AS SELECT DATE '2024-01-01' + i::INT AS date, 5.0 AS open,"
            " 5.0 AS high, 5.0 AS low, 5.0 AS close FROM range(500) r(i)"
        )
        connection.execute(f"COPY made TO '{whole}' (FORMAT parquet)")
    content = whole.read_bytes()
    assert bring(content, "a.parquet").series.rows == 500
    for size in range(0, len(content), len(content) // 20):
        with pytest.raises(DataError, match=r"b\.parquet"):
            bring(content[:size], "b.parquet", instrument="Y.TEST")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mapping": {"close": "Last"}}, "no column 'Last'"),
        ({"mapping": {"clsoe": "close"}}, "mapping named 'clsoe'"),
        ({"price_scale": "0"}, "expected more than 0"),
        ({"instrument": "X"}, r"expected SYMBOL\.VENUE"),
        ({"timeframe": "1y"}, "timeframe was '1y'"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(
    bring: Bring, days: Days, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        bring(days(3), **options)


def test_a_definition_and_parts_of_one_contradict(
    bring: Bring, days: Days, instrument: Instrument
) -> None:
    with pytest.raises(UsageError, match="beside a full instrument"):
        bring(days(3), instrument=instrument, tick_size="0.1")
    assert bring(days(3), instrument=instrument).series.instrument == instrument


def test_a_missing_file_and_an_unknown_format_are_told_apart(
    bring: Bring, catalog: Catalog, tmp_path: Path
) -> None:
    from tradectl_sdk.data import import_bars

    with pytest.raises(DataError, match="was not there"):
        import_bars(catalog, tmp_path / "nothing.csv", instrument="X.TEST")
    with pytest.raises(TradectlError, match="unknown format"):
        bring(b"PK", "prices.xlsx")


def test_everything_inferred_is_told_and_kept(bring: Bring, days: Days, catalog: Catalog) -> None:
    report = bring(days(20), timeframe=None)
    notes = " ".join(report.assumptions)
    for what in ("UTC", "timeframe was inferred as 1d", "tick size", "lot size", "calendar"):
        assert what in notes
    assert catalog.info("X.TEST", "1d").provenance.assumptions == report.assumptions
    assert len(report.series.provenance.source_hash) == 64


def test_rows_keep_the_order_of_a_large_file(bring: Bring, catalog: Catalog) -> None:
    count = 200_000
    text = "time,open,high,low,close\n" + "".join(
        f"{1_600_000_020 + 60 * n},{n + 1},{n + 1},{n + 1},{n + 1}\n" for n in range(count)
    )
    bring(text, timeframe="1m", accept=["level_shift"])
    assert list(catalog.bars("X.TEST", "1m").close[[0, 99_999, -1]]) == [1, 100_000, count]
