"""Trials that a best one was chosen from, and what it takes to run them again, place by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sdk.data.catalog import nanoseconds
from tradectl_sdk.errors import DataError
from tradectl_sdk.pipelines.again import Past, reference
from tradectl_sdk.pipelines.sweeps.windows import read_windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradectl_sdk.research import SweepTable
    from tradectl_sdk.research.storing import StoredSweep


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """Trials that a best one was chosen from.

    Attributes:
        name: Their id.
        pasts: What to run again, one in each place.
        table: The trials, all sets of the first place first.
        names: How the places are called; none where there is only one.
    """

    name: str
    pasts: Sequence[Past]
    table: SweepTable
    names: Sequence[str] = ()

    @property
    def past(self) -> Past:
        """What to run again in the first place."""
        return self.pasts[0]


def tried_in_sweep(sweep: StoredSweep) -> Tried:
    """Take the trials of a sweep.

    Raises:
        DataError: If it was made by a version that did not note when its bars began.
    """
    if "span" not in sweep.about:
        raise DataError(
            f"sweep {sweep.sweep_id[:10]} is older than what is asked of it",
            hint="run it again with --fresh",
        )
    return Tried(
        name=sweep.sweep_id,
        pasts=tuple(_pasts(sweep)),
        table=sweep.table,
        names=[str(place) for place in sweep.table.places],
    )


def _pasts(sweep: StoredSweep) -> Iterator[Past]:
    identity, (start, end) = sweep.identity, sweep.about["span"]
    strategy = reference(sweep.about["strategy"], sweep.about["source"])
    name, first = f"sweep {sweep.sweep_id[:10]}", 0
    places = identity["sweep"].get("places") or [None]
    for number, place in enumerate(places):
        found, span = identity, (start, end)
        if place is not None:
            found = _there(identity, place, first)
            first += place["series"]
            span = _span(sweep.table.places[number].window, start, end)
        yield Past(name=name, identity=found, strategy=strategy, start=span[0], end=span[1])


def _there(identity: Mapping[str, Any], place: Mapping[str, Any], first: int) -> dict[str, Any]:
    """What the trials of a place depended on: its series, and what is assumed there alone."""
    return {
        **identity,
        "data": identity["data"][first : first + place["series"]],
        "settings": {**identity["settings"], **place["settings"]},
    }


def _span(window: str, start: int, end: int) -> tuple[int, int]:
    if not window:
        return start, end
    (only,) = read_windows([window])
    since, until = nanoseconds(only.start), nanoseconds(only.end)
    return start if since is None else since, end if until is None else until
