"""Which maps a sweep has: a metric over two of the things that vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.research.places import Dimension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.research.storing import StoredSweep
    from tradectl_sdk.research.table import Surface


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """A metric over two parameters or dimensions.

    Attributes:
        surface: The values.
        others: What else varies: a value is the middle one over all of that.
    """

    surface: Surface
    others: tuple[str, ...]


def maps_of(sweep: StoredSweep, metric: str) -> list[Map]:
    """Return the maps of a metric, that of two parameters first.

    Where there are places, each dimension stands once against a parameter, and both against each
    other.
    """
    parameters, dimensions = _parameters(sweep), _dimensions(sweep)
    names: list[str] = [*parameters, *dimensions]
    found = []
    for down, across in _pairs(parameters, dimensions):
        # A parameter may be called like a dimension and is another thing.
        others = [name for name in names if name is not down and name is not across]
        # Over parameters alone a set counts as it is ranked, with failures for its worst.
        table = sweep.table if isinstance(down, Dimension) else sweep.sets
        found.append(Map(table.surface(metric, across, down), tuple(others)))
    return found


def _pairs(parameters: list[str], dimensions: list[Dimension]) -> Iterator[tuple[str, str]]:
    if len(parameters) > 1:
        yield parameters[0], parameters[1]
    for dimension in dimensions if parameters else ():
        yield dimension, parameters[0]
    if len(dimensions) > 1:
        yield dimensions[0], dimensions[1]


def _parameters(sweep: StoredSweep) -> list[str]:
    return [name for name, values in sweep.about["axes"].items() if len(values) > 1]


def _dimensions(sweep: StoredSweep) -> list[Dimension]:
    places = sweep.table.places
    return [each for each in Dimension if len({place[each] for place in places}) > 1]
