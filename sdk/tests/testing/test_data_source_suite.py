from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tradectl_sdk.data import Bars, SeriesDescriptor, find_descriptor
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.testing import Outcome, data_source_checks, run_checks

if TYPE_CHECKING:
    from collections.abc import Sequence


def bars(symbol: str = "A", times: Sequence[int] = range(0, 90, 10)) -> Bars:
    ones = np.ones(len(times), dtype=np.int64)
    return Bars(
        instrument=Instrument(symbol=symbol, venue="X", tick_size="0.01", lot_size="1"),  # type: ignore[arg-type]
        timeframe=Timeframe.parse("1d"),
        time=np.array(times, dtype=np.int64),
        open=ones,
        high=ones,
        low=ones,
        close=ones,
        volume=ones,
    )


def series(instrument: str) -> SeriesDescriptor:
    return SeriesDescriptor(instrument=instrument, timeframe="1d", summary="One", origin="Made")


class Sound:
    name = "sound"

    def series(self) -> list[SeriesDescriptor]:
        return [series("A.X"), series("B.X")]

    def fetch(
        self, instrument: str, timeframe: str, start: int | None = None, end: int | None = None
    ) -> Bars:
        find_descriptor(self, instrument, timeframe)
        times = [t for t in range(0, 90, 10) if t >= (start or 0) and (end is None or t < end)]
        return bars(instrument.partition(".")[0], times)


class Unordered(Sound):
    def series(self) -> list[SeriesDescriptor]:
        return [series("A.X"), series("B.X"), series("A.X")]


class Empty(Sound):
    def series(self) -> list[SeriesDescriptor]:
        return []


class Other(Sound):
    def fetch(self, instrument: str, timeframe: str, *more: Any) -> Bars:
        super().fetch(instrument, timeframe)
        return super().fetch("B.X", timeframe, *more)


class Nothing(Sound):
    def fetch(self, instrument: str, timeframe: str, *more: Any) -> Bars:
        super().fetch(instrument, timeframe)
        return bars(times=[])


class Backwards(Sound):
    def fetch(self, instrument: str, timeframe: str, *more: Any) -> Bars:
        return bars(times=super().fetch(instrument, timeframe, *more).time[::-1].tolist())


class Inclusive(Sound):
    def fetch(
        self, instrument: str, timeframe: str, start: int | None = None, end: int | None = None
    ) -> Bars:
        return super().fetch(instrument, timeframe, start, None if end is None else end + 1)


class Changing(Sound):
    fetched = 0

    def fetch(self, instrument: str, timeframe: str, *more: Any) -> Bars:
        type(self).fetched += 1
        found = super().fetch(instrument, timeframe, *more)
        return bars(times=(found.time + type(self).fetched).tolist())


class Obliging(Sound):
    def fetch(
        self, instrument: str, timeframe: str, start: int | None = None, end: int | None = None
    ) -> Bars:
        return super().fetch("A.X", timeframe, start, end)


class NoSource:
    name = "nothing"


def results(source: type[Any]) -> dict[str, tuple[Outcome, str]]:
    checks = data_source_checks(source, capabilities={"offline"})
    return {r.name: (r.status, r.message) for r in run_checks(checks)}


def test_a_sound_source_passes_every_check() -> None:
    assert {status for status, _message in results(Sound).values()} == {Outcome.PASSED}


@pytest.mark.parametrize(
    ("source", "check", "message"),
    [
        (Unordered, "lists_its_series_in_order", "expected them sorted and once each"),
        (Empty, "lists_its_series_in_order", "offered no series, expected at least one"),
        (Other, "fetches_what_was_asked_for", "gave B.X 1d, expected A.X 1d"),
        (Nothing, "fetches_what_was_asked_for", "gave no bars"),
        (Backwards, "fetches_what_was_asked_for", "times do not increase strictly"),
        (Inclusive, "keeps_to_the_range", "gave 4 bars from 30 to before 60, expected 3"),
        (Changing, "fetches_the_same_every_time", "gave other bars the second time"),
        (Obliging, "refuses_what_it_does_not_offer", "expected NotFoundError"),
        (NoSource, "is_a_data_source", "NoSource has no series, fetch"),
    ],
)
def test_what_a_source_does_wrong_is_found(source: type[Any], check: str, message: str) -> None:
    status, found = results(source)[check]

    assert status is Outcome.FAILED
    assert message in found


def test_a_source_that_needs_the_network_is_not_asked_for_bars() -> None:
    outcomes = {result.status for result in run_checks(data_source_checks(Sound))}

    assert outcomes == {Outcome.PASSED, Outcome.SKIPPED}
