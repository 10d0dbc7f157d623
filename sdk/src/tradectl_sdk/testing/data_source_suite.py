"""What every source of market data is held to; all but the first need one that works offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tradectl_sdk.data.sources import DataSource
from tradectl_sdk.errors import NotFoundError
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, Suite, require

if TYPE_CHECKING:
    from tradectl_sdk.data.bars import Bars
    from tradectl_sdk.data.sources import SeriesDescriptor

_OFFLINE: Final = frozenset({"offline"})


@dataclass(frozen=True, slots=True)
class DataSourceSubject:
    """One source under test."""

    factory: type[Any]

    def source(self) -> DataSource:
        """Make the source.

        Raises:
            CheckSkippedError: When what the factory makes is no source; another check tells it.
        """
        made = self.factory()
        if not isinstance(made, DataSource):
            raise CheckSkippedError("it is no data source")
        return made

    def first_series(self) -> SeriesDescriptor:
        """Return the first series on offer.

        Raises:
            CheckSkippedError: When there is none; another check tells it.
        """
        offered = self.source().series()
        if not offered:
            raise CheckSkippedError("it offers no series")
        return offered[0]

    def fetch(self, start: int | None = None, end: int | None = None) -> Bars:
        """Fetch the first series from a source made for this."""
        series = self.first_series()
        return self.source().fetch(series.instrument, series.timeframe, start, end)


DATA_SOURCE: Final[Suite[DataSourceSubject]] = Suite("data source")


@DATA_SOURCE.check()
def is_a_data_source(subject: DataSourceSubject) -> None:
    """Its factory, called without arguments, makes an object with name, series and fetch."""
    made = subject.factory()
    missing = [part for part in ("name", "series", "fetch") if not hasattr(made, part)]
    require(not missing, f"{type(made).__name__} has no {', '.join(missing)}")


@DATA_SOURCE.check(requires=_OFFLINE)
def lists_its_series_in_order(subject: DataSourceSubject) -> None:
    """It offers at least one series; each stands once, sorted by instrument and timeframe."""
    keys = [(series.instrument, series.timeframe) for series in subject.source().series()]
    require(keys, "offered no series, expected at least one")
    require(keys == sorted(set(keys)), f"offered {keys}, expected them sorted and once each")


@DATA_SOURCE.check(requires=_OFFLINE)
def fetches_what_was_asked_for(subject: DataSourceSubject) -> None:
    """Bars are of the instrument and timeframe asked for, at least one, oldest first."""
    series, bars = subject.first_series(), subject.fetch()
    asked = (series.instrument, series.timeframe)
    given = (str(bars.instrument.id), str(bars.timeframe))
    require(given == asked, f"gave {' '.join(given)}, expected {' '.join(asked)}")
    require(len(bars), "gave no bars")
    require(bool(np.all(np.diff(bars.time) > 0)), "gave bars whose times do not increase strictly")


@DATA_SOURCE.check(requires=_OFFLINE)
def keeps_to_the_range(subject: DataSourceSubject) -> None:
    """A range holds the bars from its start on and before its end, neither more nor fewer."""
    time = subject.fetch().time
    if not len(time):
        raise CheckSkippedError("it gave no bars")
    start, end = int(time[len(time) // 3]), int(time[2 * len(time) // 3])
    expected = time[(time >= start) & (time < end)]
    given = subject.fetch(start, end).time
    require(
        np.array_equal(given, expected),
        f"gave {len(given)} bars from {start} to before {end}, expected {len(expected)}",
    )


@DATA_SOURCE.check(requires=_OFFLINE)
def fetches_the_same_every_time(subject: DataSourceSubject) -> None:
    """Fetching twice gives the same bars."""
    require(subject.fetch() == subject.fetch(), "gave other bars the second time")


@DATA_SOURCE.check(requires=_OFFLINE)
def refuses_what_it_does_not_offer(subject: DataSourceSubject) -> None:
    """A series that is not on offer raises NotFoundError."""
    try:
        subject.source().fetch("NO-SUCH.SERIES", subject.first_series().timeframe)
    except NotFoundError:
        return
    raise CheckFailedError("gave bars of NO-SUCH.SERIES, expected NotFoundError")
