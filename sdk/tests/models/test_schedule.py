"""Which bars a fit may learn from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.models import Fold, Schedule


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    horizon, embargo = draw(st.integers(1, 9)), draw(st.integers(0, 5))
    return Schedule(
        horizon=horizon,
        embargo=embargo,
        first=horizon + embargo + draw(st.integers(1, 30)),
        every=draw(st.integers(1, 20)),
        window=draw(st.sampled_from([0, 0, 1, 7, 30])),
    )


def test_the_last_label_ends_where_the_embargo_begins() -> None:
    schedule = Schedule(horizon=5, embargo=2, first=100, every=40)
    assert list(schedule.folds(170)) == [
        Fold(train_start=0, train_stop=94, start=100, stop=140),
        Fold(train_start=0, train_stop=134, start=140, stop=170),
    ]


def test_a_window_keeps_the_latest_bars_only() -> None:
    folds = Schedule(horizon=1, first=50, every=50, window=20).folds(200)
    assert [(one.train_start, one.train_stop) for one in folds] == [(30, 50), (80, 100), (130, 150)]


def test_too_few_bars_are_never_fitted() -> None:
    assert list(Schedule(first=50).folds(50)) == []
    assert len(list(Schedule(first=50).folds(51))) == 1


@given(schedules(), st.integers(0, 120))
@settings(max_examples=60, deadline=None)
def test_no_label_reaches_beyond_the_fit(schedule: Schedule, bars: int) -> None:
    folds = list(schedule.folds(bars))
    for fold in folds:
        last_label_ends = fold.train_stop - 1 + schedule.horizon
        assert last_label_ends == fold.start - schedule.embargo
        assert 0 <= fold.train_start < fold.train_stop
        assert not schedule.window or fold.train_stop - fold.train_start <= schedule.window
    covered = [bar for fold in folds for bar in range(fold.start, fold.stop)]
    assert covered == list(range(schedule.first, bars))


@given(schedules(), st.integers(0, 90), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_more_bars_change_no_earlier_fit(schedule: Schedule, bars: int, more: int) -> None:
    before, after = list(schedule.folds(bars)), list(schedule.folds(bars + more))
    assert before[:-1] == after[: len(before)][:-1]
    if before:
        last, longer = before[-1], after[len(before) - 1]
        assert (last.train_start, last.train_stop, last.start) == (
            longer.train_start,
            longer.train_stop,
            longer.start,
        )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"horizon": 0}, "horizon was 0, expected at least 1"),
        ({"embargo": -1}, "embargo was -1, expected at least 0"),
        ({"every": 0}, "every was 0"),
        ({"window": -5}, "window was -5"),
        ({"horizon": 5, "embargo": 5, "first": 10}, "first was 10, expected more than"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Schedule(**values)
