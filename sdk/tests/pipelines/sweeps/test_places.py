"""A sweep over instruments and windows is their backtests, each by itself."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, SweepStore, backtest, overfitting, sweep
from tradectl_sdk.data.bars import COLUMNS
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import DataMissingError, UsageError
from tradectl_sdk.pipelines.series import Window
from tradectl_sdk.pipelines.sweeps import local, open_task
from tradectl_sdk.pipelines.sweeps.packing import repacked
from tradectl_sdk.pipelines.sweeps.placed import PlacedTrials
from tradectl_sdk.pipelines.sweeps.places import places_of
from tradectl_sdk.research import Effort, Executor, resuming
from tradectl_sdk.runs.metrics import METRICS
from tradectl_sdk.testing import executor_strategies

STEADY = f"{executor_strategies.__file__}:Steady"
FAILING = f"{executor_strategies.__file__}:Failing"
GRID = {"length": [5, 9]}
WINDOWS = ["2020-01-10:2020-03-01", "2020-03-01:"]


def market(symbol: str, seed: int, bars: int = 150) -> Bars:
    one = Instrument(
        symbol=symbol,
        venue="TEST",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        taker_fee=Decimal("0.001"),
        maker_fee=Decimal("0.001"),
    )
    (series,) = synthetic_market([one], bars=bars, timeframe="1d", seed=seed)
    return series.bars


@pytest.fixture(scope="module")
def pair() -> list[Bars]:
    """Two series of daily bars from 2020 on; the second ends earlier."""
    return [market("AAA", 3), market("BBB", 4, bars=120)]


def run(pair: list[Bars], windows=WINDOWS, grid=GRID, strategy=STEADY, **given):
    return sweep(
        strategy, pair, grid, each=True, windows=windows, mode="interpreted", hashes=True,
        **{"workers": 1, **given},
    )  # fmt: skip


def same(one, other) -> None:
    assert one.table.places == other.table.places
    assert one.table.order_hashes == other.table.order_hashes
    assert one.table.final_equity.tobytes() == other.table.final_equity.tobytes()
    for name, column in one.table.metrics.items():
        assert column.tobytes() == other.table.metrics[name].tobytes(), name


def test_every_trial_is_the_backtest_of_its_instrument_window_and_parameters(pair, monkeypatch):
    monkeypatch.setattr(local, "_WORTH_FORKING", 0.0)
    found = run(pair, metrics=tuple(METRICS), workers=2)
    table, named = found.table, {str(one.instrument.id): one for one in pair}
    assert (found.workers, len(table), table.sets) == (2, 8, 2)
    assert len(set(table.order_hashes)) == 8
    for number, point in enumerate(table.points):
        place = table.place(number)
        start, _, end = place.window.partition(":")
        record = backtest(
            STEADY, named[place.instrument], start=start, end=end or None,
            parameters=point, trials=8, mode="interpreted",
        ).record  # fmt: skip
        assert table.order_hashes[number] == record.order_list_hash
        assert int(table.final_equity[number]) == record.final_equity
        assert table.row(number)["metrics"] == dict(record.metrics.values)
    assert [str(place) for place in table.places][:2] == [
        "AAA.TEST 2020-01-10:2020-03-01",
        "AAA.TEST 2020-03-01:",
    ]


def test_a_place_travels_with_its_task(pair):
    """A process that shares nothing runs the trials of every place, whichever comes first."""
    sent = []

    class Far(Executor):
        def run(self, task, numbers, tell, *, workers=None):
            portable = task.portable()
            sent.append(portable)
            there = open_task(portable.key, portable.parts)
            for number in reversed(numbers):
                tell([there(number, task.points[number])])
            return Effort(1)

    same(run(pair), run(pair, executor=Far()))
    (portable,) = sent
    assert len(portable.parts) == 5  # the task, and the bars of four places once


def test_a_place_with_other_bars_than_were_meant_is_refused(pair):
    import json

    class Tampering(Executor):
        def run(self, task, numbers, tell, *, workers=None):
            portable = task.portable()
            document = json.loads(portable.parts[portable.key])
            document["places"][3]["series"][0]["content_hash"] = "0" * 64
            changed = repacked(document, portable)
            open_task(changed.key, changed.parts)(7, task.points[7])

    with pytest.raises(UsageError, match="differ in data"):
        run(pair, executor=Tampering())


def test_windows_are_equal_parts_of_the_time_that_all_instruments_have(pair):
    found = run(pair, windows=3)
    names = found.sweep.about["windows"]
    assert names == ["2020-01-01:2020-02-10", "2020-02-10:2020-03-21", "2020-03-21:2020-04-30"]
    assert [one["bars"] for one in found.sweep.identity["data"]] == [40] * 6
    assert found.bars == 40
    same(found, run(pair, windows=names))


def test_places_are_parts_of_the_same_memory(pair):
    placed = places_of(pair, "1d", Window(), Path(), None, each=True, windows=2)
    for number, one in enumerate(placed):
        (series,) = one.series
        assert np.shares_memory(series.bars.close, pair[number // 2].close)


def test_what_runs_a_place_is_kept_for_the_latest_only(pair, monkeypatch):
    kept = []
    there = PlacedTrials.there
    monkeypatch.setattr(
        PlacedTrials, "there", lambda self, place: kept.append(there(self, place)) or kept[-1]
    )
    run(pair)
    assert [kept.index(one) for one in kept] == [0, 0, 2, 2, 4, 4, 6, 6]


def test_windows_alone_have_all_instruments_in_one_account(pair):
    table = sweep(
        STEADY, pair, GRID, windows=WINDOWS[:1], mode="interpreted", hashes=True, workers=1
    ).table
    assert [place.to_json() for place in table.places] == [
        {"instrument": None, "window": WINDOWS[0]}
    ]
    start, _, end = WINDOWS[0].partition(":")
    record = backtest(
        STEADY, pair, start=start, end=end, parameters={"length": 9}, mode="interpreted"
    ).record
    assert table.order_hashes[1] == record.order_list_hash


def test_the_parts_of_an_account_are_of_the_time_that_any_of_its_series_has(pair):
    later = pair[1].rows(40, 120)
    found = sweep(STEADY, [pair[0].rows(0, 80), later], GRID, windows=2, mode="interpreted")
    assert found.sweep.about["windows"] == ["2020-01-01:2020-03-01", "2020-03-01:2020-04-30"]
    assert [one["bars"] for one in found.sweep.identity["data"]] == [60, 20, 20, 60]
    with pytest.raises(DataMissingError, match=r"BBB\.TEST has no 1d bars from 2020-01-01"):
        sweep(STEADY, [pair[0], later], GRID, windows=["2020-01-01:2020-02-01"])


def test_one_set_may_be_tried_in_many_places(pair):
    found = run(pair, windows=None, grid={})
    assert [place.instrument for place in found.table.places] == ["AAA.TEST", "BBB.TEST"]
    assert found.evidence("sharpe_ratio").best == 0
    with pytest.raises(UsageError, match="there is no grid"):
        sweep(STEADY, pair, {})


def test_instruments_by_themselves_may_have_different_currencies(pair):
    euros = replace(pair[1], instrument=replace(pair[1].instrument, quote="EUR"))
    found = run([pair[0], euros], windows=None)
    assert found.sweep.about["currency"] == ""
    with pytest.raises(UsageError, match="expected one currency"):
        sweep(STEADY, [pair[0], euros], GRID)


def test_a_trial_that_fails_in_some_places_has_reasons_there(pair):
    found = run(pair, strategy=FAILING, grid={"length": [5, 7]})
    assert set(found.table.reasons) == {1, 3, 5, 7}
    assert "this length fails" in found.table.reasons[3]
    assert np.isfinite(found.sweep.sets.metrics["total_return"]).tolist() == [True, False]
    assert set(found.sweep.sets.reasons) == {1}


def test_a_killed_sweep_over_places_goes_on_and_is_kept_whole(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "INTERVAL", 0.0)
    store = SweepStore(tmp_path)

    def kill(done: int, _: int) -> None:
        if done == 6:
            os.kill(os.getpid(), signal.SIGKILL)

    given = {"store": store, "progress": kill}
    process = multiprocessing.get_context("fork").Process(target=run, args=(pair,), kwargs=given)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    resumed = run(pair, store=store)
    assert (resumed.resumed, len(resumed.table)) == (5, 8)
    whole = run(pair)
    same(resumed, whole)
    again = run(pair, store=store)
    assert again.stored
    same(again, whole)
    assert again.table.points == whole.table.points
    assert not run(pair, windows=WINDOWS[:1], store=store).stored


def test_the_same_bars_under_another_split_are_another_sweep(pair, tmp_path):
    store = SweepStore(tmp_path)
    first = sweep(STEADY, pair[0], GRID, windows=["2020-01-01:"], mode="interpreted", store=store)
    other = sweep(STEADY, pair[0], GRID, windows=[":2020-05-30"], mode="interpreted", store=store)
    assert first.table.final_equity.tolist() == other.table.final_equity.tolist()
    assert len(store.ids()) == 2


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ([], "there are no windows"),
        (0, "the number of windows was 0"),
        (61, "61 windows take 122 bars, expected at most the 120 that all instruments have"),
        (["2020-01-10"], "the window was '2020-01-10', expected FROM:TO"),
        (["2000:2001"], "expected FROM:TO"),
        (["2020-01-10:2020-13-01"], "expected ISO 8601"),
        (["2020-03-01:2020-01-10"], "is empty: it ends before it begins"),
        (["2020-03-01:2020-03-01"], "is empty"),
        ([WINDOWS[0], WINDOWS[0]], "was given twice"),
        (["2020-04-01:2020-05-01"], "beyond the bars of BBB.TEST, which are from 2020-01-01"),
        (["2019-12-31:2020-02-01"], "reaches beyond the bars of AAA.TEST"),
        (["2021-01-01:2022-01-01"], "reaches beyond the bars of AAA.TEST"),
        (["2020-01-10:2020-01-11"], "has 1 bar of AAA.TEST, expected at least 2"),
    ],
)  # fmt: skip
def test_windows_that_are_none_are_refused(pair, windows, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        run(pair, windows=windows)


def test_a_window_that_reaches_too_far_is_written_as_it_should_be(pair):
    for wrong, hint in (
        ("2019-12-31:2020-02-01", "leave that side out: :2020-02-01"),
        ("2020-02-01:2021-01-01", "leave that side out: 2020-02-01:"),
        ("1990-01-01:1991-01-01", "such as 2010-01-01:2015-01-01"),
    ):
        with pytest.raises(UsageError) as caught:
            run(pair, windows=[wrong])
        assert hint in caught.value.hint


def test_a_window_may_begin_and_end_on_a_holiday(pair):
    trading = np.delete(np.arange(150), [60, 61, 62])
    closed = {name: getattr(pair[0], name)[trading] for name in COLUMNS}
    market = replace(pair[0], **closed)
    sweep(STEADY, market, GRID, windows=["2019-12-29:2020-06-01"], mode="interpreted", workers=1)
    for wrong in ("2019-12-28:2020-06-01", "2019-12-29:2020-06-03"):
        with pytest.raises(UsageError, match="reaches beyond"):
            sweep(STEADY, market, GRID, windows=[wrong])


def test_what_contradicts_is_refused(pair):
    with pytest.raises(UsageError, match="beside a start or an end"):
        run(pair, start="2020-02-01")
    with pytest.raises(UsageError, match=r"AAA\.TEST was given twice"):
        run([pair[0], pair[0]])
    with pytest.raises(DataMissingError):
        run(["ABSENT.TEST"])


def test_windows_of_a_day_are_told_by_the_minute():
    one = replace(market("AAA", 3).instrument, symbol="MIN")
    (series,) = synthetic_market([one], bars=60, timeframe="1h", seed=2)
    found = sweep(STEADY, series.bars, GRID, windows=3, mode="interpreted", workers=1)
    first, second, _ = found.sweep.about["windows"]
    assert (first, second) == (
        "2020-01-01:2020-01-01T20:00",
        "2020-01-01T20:00:2020-01-02T16:00",
    )
    again = sweep(STEADY, series.bars, GRID, windows=[second], mode="interpreted", workers=1)
    assert again.bars == 20


def test_instruments_and_windows_are_weighed_together(pair):
    """Every place is found again with the very bars it had, an open end included."""
    found = overfitting(run(pair).sweep, data=[one for one in pair for _ in WINDOWS], blocks=2)
    assert [one.name for one in found.places] == [
        f"{name}.TEST {window}" for name in ("AAA", "BBB") for window in WINDOWS
    ]
    assert (found.trials, found.numbers) == (8, (0, 1))


def test_all_places_count_where_a_grid_explodes(pair):
    with pytest.raises(UsageError, match=r"has 40 trials, 10 in each of 4 places, about") as caught:
        run(pair, grid={"length": "2:11"}, limit=39)
    assert "--yes" in caught.value.hint
    assert len(run(pair, grid={"length": "2:11"}, limit=39, sample=2).table) == 8
