"""The array form: shapes, names, what it refuses, and that it leaves the indicator alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from tradectl_sdk.errors import NotCompilableError, UsageError
from tradectl_sdk.indicators import ATR, SMA, Bollinger, Indicator, arrays, compute, compute_outputs
from tradectl_sdk.kernel import compile_kernel


def test_outputs_are_float64_columns_by_name_with_the_main_one_first() -> None:
    got = compute_outputs(Bollinger(3), [1.0, 2.0, 3.0, 4.0])
    assert list(got) == ["value", "upper", "lower"]
    for column in got.values():
        assert column.shape == (4,)
        assert column.dtype == np.float64
        assert column.flags.c_contiguous
    np.testing.assert_array_equal(got["value"], compute(Bollinger(3), [1.0, 2.0, 3.0, 4.0]))


@pytest.mark.parametrize(
    "column",
    [
        [1, 2, 3, 4, 5],
        np.arange(1, 6, dtype=np.int32),
        np.arange(1, 6, dtype=np.float32),
        np.repeat(np.arange(1.0, 6.0), 2)[::2],
        np.arange(1, 6, dtype=">f8"),
    ],
    ids=["list of ints", "int32", "float32", "strided", "big-endian"],
)
def test_any_column_of_numbers_will_do(column: object) -> None:
    got = compute(SMA(2), column)  # type: ignore[arg-type]
    np.testing.assert_array_equal(got, [np.nan, 1.5, 2.5, 3.5, 4.5])


def test_no_rows_give_no_rows() -> None:
    assert compute(SMA(2), []).shape == (0,)


def test_the_indicator_given_is_left_as_it_was_and_runs_on_from_its_state() -> None:
    average = SMA(2)
    average.update(10.0)
    before = {**vars(average), "ring": list(average.ring)}
    assert compute(average, [20.0, 40.0]).tolist() == [15.0, 30.0]
    assert repr(vars(average)) == repr(before)


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="1 columns were given, expected 3") as caught:
        compute(ATR(3), [1.0, 2.0])
    assert caught.value.hint == "ATR takes high, low, close"
    with pytest.raises(UsageError, match=r"low was of shape \(1,\), expected \(2,\)"):
        compute(ATR(3), [1.0, 2.0], [1.0], [1.0, 2.0])
    with pytest.raises(UsageError, match=r"x was of shape \(2, 2\), expected"):
        compute(SMA(3), np.ones((2, 2)))


def test_columns_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="x was no column of numbers"):
        compute(SMA(3), ["a", "b"])


class Counting(Indicator):
    """Counts with a dictionary, which machine code cannot hold."""

    def __init__(self) -> None:
        self.seen: dict[float, int] = {}
        self.value = 0.0
        self.ready = True

    def update(self, x: float) -> float:
        self.seen[x] = self.seen.get(x, 0) + 1
        self.value = float(self.seen[x])
        return self.value


def test_what_cannot_be_compiled_runs_interpreted_unless_compiled_was_demanded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrays, "_WORTH_COMPILING", 0)
    column = [1.0, 2.0, 1.0, 1.0]
    assert compute(Counting(), column, engine="auto").tolist() == [1.0, 1.0, 2.0, 3.0]
    assert compute(Counting(), column, engine="interpreted").tolist() == [1.0, 1.0, 2.0, 3.0]
    with pytest.raises(NotCompilableError):
        compute(Counting(), column, engine="compiled")


def test_long_columns_are_compiled_and_short_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[int] = []

    def spy(driver: Any) -> Any:
        compiled.append(driver.rows)
        return compile_kernel(driver)

    monkeypatch.setattr("tradectl_sdk.kernel.compile_kernel", spy)
    x = np.random.default_rng(4).normal(100.0, 1.0, 50_000)
    long = compute(SMA(20), x)
    short = compute(SMA(20), x[:-1])
    assert compiled == [50_000]
    assert long[:-1].tobytes() == short.tobytes()


def test_streaming_needs_no_numpy() -> None:
    code = (
        "import sys; from tradectl_sdk.indicators import SMA; SMA(3).update(1.0);"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
