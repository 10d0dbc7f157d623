"""What is different between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.runs.identity import IDENTITY_PARTS
from tradectl_sdk.runs.rendering import fills_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.runs.record import RunRecord

# What makes two fills the same fill; ids follow from the order.
_FILL_FIELDS = ("time", "instrument", "side", "quantity", "price", "fee", "reason")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        part: ``code``, ``parameters``, ``data``, ``engine``, ``settings`` or ``metrics``.
        key: Dotted path inside the part.
        first: Value in the first run, None when it has none.
        second: Value in the second run, the same.
    """

    part: str
    key: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class FillDifference:
    """The first fill in which two runs part.

    Attributes:
        index: How many fills are the same before it.
        first: The fill in the first run, None when it had no more.
        second: The fill in the second run, the same.
    """

    index: int
    first: dict[str, Any] | None
    second: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RunDifference:
    """Two runs side by side; empty inputs mean that it is the same run.

    Attributes:
        first: Id of the first run.
        second: Id of the second run.
        inputs: Differences of what went in.
        metrics: Differences of what came out.
        fill: The first differing fill, None when all are the same.
    """

    first: str
    second: str
    inputs: tuple[Change, ...]
    metrics: tuple[Change, ...]
    fill: FillDifference | None

    def to_json(self) -> dict[str, Any]:
        """Write it as plain dictionaries."""
        return asdict(self)


def compare_runs(first: RunRecord, second: RunRecord) -> RunDifference:
    """Compare inputs, metrics and fills of two runs."""
    inputs = tuple(
        change
        for part in IDENTITY_PARTS
        for change in _changes(part, first.identity[part], second.identity[part])
    )
    metrics = _changes("metrics", dict(first.metrics.values), dict(second.metrics.values))
    return RunDifference(
        first.run_id, second.run_id, inputs, tuple(metrics), first_differing_fill(first, second)
    )


def first_differing_fill(first: RunRecord, second: RunRecord) -> FillDifference | None:
    """Find the first fill that differs in time, instrument, side, quantity, price, fee or reason.

    Quantities and prices are compared in lots and ticks where both runs have the same grid, else
    as decimals.
    """
    count = min(first.fills.size, second.fills.size)
    if first.instruments == second.instruments:
        differs = np.zeros(count, dtype=np.bool_)
        for name in _FILL_FIELDS:
            differs |= first.fills[name][:count] != second.fills[name][:count]
        index = int(differs.argmax()) if differs.any() else count
    else:
        pairs = zip(_comparable(first), _comparable(second), strict=False)
        index = next((i for i, (a, b) in enumerate(pairs) if a != b), count)
    if index == first.fills.size == second.fills.size:
        return None
    return FillDifference(index, _fill(first, index), _fill(second, index))


def _comparable(record: RunRecord) -> Iterator[tuple[Any, ...]]:
    for row in fills_to_json(record.fills, record.instruments):
        yield tuple(row[name] for name in _FILL_FIELDS)


def _fill(record: RunRecord, index: int) -> dict[str, Any] | None:
    rows = fills_to_json(record.fills[index : index + 1], record.instruments)
    return rows[0] if rows else None


def _changes(part: str, first: Any, second: Any, key: str = "") -> Iterator[Change]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for name in sorted(set(first) | set(second)):
            path = f"{key}.{name}" if key else name
            yield from _changes(part, first.get(name), second.get(name), path)
    elif first != second:
        yield Change(part, key, first, second)
