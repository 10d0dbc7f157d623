"""Where bars can come from besides files: what a data-source plugin offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tradectl_sdk.data.manifest import Provenance
from tradectl_sdk.errors import NotFoundError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.data.bars import Bars
    from tradectl_sdk.data.catalog import Catalog
    from tradectl_sdk.data.manifest import SeriesInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDescriptor:
    """One series that a data source offers.

    Attributes:
        instrument: ``SYMBOL.VENUE``.
        timeframe: Length of a bar, such as ``1d``.
        summary: One line about it.
        origin: Who made the data, and where the source got it.
    """

    instrument: str
    timeframe: str
    summary: str
    origin: str


@runtime_checkable
class DataSource(Protocol):
    """A source of bars; the object a ``DataSourceSpec`` factory makes."""

    name: str

    def series(self) -> Sequence[SeriesDescriptor]:
        """Everything on offer, sorted by instrument and timeframe."""
        ...

    def fetch(
        self, instrument: str, timeframe: str, start: int | None = None, end: int | None = None
    ) -> Bars:
        """Fetch the bars that opened in ``[start, end)``, nanoseconds UTC.

        Raises:
            NotFoundError: If the series is not on offer.
        """
        ...


def find_descriptor(source: DataSource, instrument: str, timeframe: str) -> SeriesDescriptor:
    """Look up what a source says about one of its series.

    Raises:
        NotFoundError: If it does not offer it.
    """
    offered = source.series()
    for descriptor in offered:
        if (descriptor.instrument, descriptor.timeframe) == (instrument, timeframe):
            return descriptor
    names = [f"{d.instrument} {d.timeframe}" for d in offered]
    raise NotFoundError(
        f"{source.name} did not offer {instrument} {timeframe}, expected one of {', '.join(names)}",
        hint=did_you_mean(f"{instrument} {timeframe}", names),
    )


def load_series(
    catalog: Catalog,
    source: DataSource,
    instrument: str,
    timeframe: str,
    *,
    start: int | None = None,
    end: int | None = None,
    replace: bool = False,
) -> SeriesInfo:
    """Fetch a series from a source and store it in the catalog.

    Raises:
        NotFoundError: If the source does not offer it.
        DataError: If its bars break a rule, or the series exists and ``replace`` is off.
    """
    descriptor = find_descriptor(source, instrument, timeframe)
    bars = source.fetch(instrument, timeframe, start, end)
    provenance = Provenance(source=source.name, assumptions=(descriptor.origin,))
    return catalog.write(bars, provenance=provenance, replace=replace)
