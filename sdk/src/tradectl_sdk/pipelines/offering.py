"""What installed data sources offer without a network, on top of what the catalog holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors import PluginError, TradectlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tradectl_sdk.data.sources import SeriesDescriptor
    from tradectl_sdk.plugins import Plugins

OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedSeries:
    """A series that can be used at once.

    Attributes:
        instrument: ``SYMBOL.VENUE``.
        timeframe: Length of a bar, such as ``1d``.
        summary: One line about it.
        source: The data source that has it.
    """

    instrument: str
    timeframe: str
    summary: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What all sources offer, and which of them could not be asked.

    Attributes:
        series: Sorted by instrument and timeframe.
        failures: One for each source that failed; the others went on.
    """

    series: tuple[OfferedSeries, ...]
    failures: tuple[PluginError, ...]


def offered_series(plugins: Plugins) -> Offer:
    """Ask every data source that works offline what it has."""
    found: list[OfferedSeries] = []
    failures: list[PluginError] = []
    for name, provided in plugins.data_sources().items():
        if OFFLINE not in provided.spec.capabilities:
            continue
        try:
            found += _offered(name, provided.load()().series())
        except PluginError as error:
            failures.append(error)
        except TradectlError as error:
            failures.append(PluginError(f"data source {name!r}: {error.message}", hint=error.hint))
        except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
            failures.append(
                PluginError(
                    f"data source {name!r} ({provided.source}) raised "
                    f"{type(error).__name__}: {error}",
                    hint=f"tradectl plugin check {provided.plugin.name}",
                )
            )
    found.sort(key=lambda each: (each.instrument, each.timeframe))
    return Offer(series=tuple(found), failures=tuple(failures))


def _offered(source: str, descriptors: Iterable[SeriesDescriptor]) -> Iterator[OfferedSeries]:
    for each in descriptors:
        yield OfferedSeries(
            instrument=each.instrument,
            timeframe=each.timeframe,
            summary=each.summary,
            source=source,
        )
