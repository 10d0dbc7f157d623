"""What names a sweep, and what a list of sweeps says of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from tradectl_sdk.research.places import Dimension

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.research import Space
    from tradectl_sdk.research.places import Place
    from tradectl_sdk.strategy import ParameterValue


def sweep_identity(
    jobs: Sequence[Job],
    places: Sequence[Place],
    points: Sequence[Mapping[str, ParameterValue]],
    metrics: Sequence[str],
    *,
    hashes: bool,
) -> dict[str, Any]:
    """Return everything that the results depend on.

    Args:
        jobs: What is run, one in each place.
        places: How these are called; none where there is only one.
        points: The parameters that are tried in each.
        metrics: What is computed of each trial.
        hashes: Whether orders are hashed.
    """
    asked: dict[str, Any] = {"points": [dict(point) for point in points], "metrics": list(metrics)}
    first = jobs[0].identity
    if places:
        asked["places"] = [
            place.to_json() | {"series": len(job.series), "settings": _other(job, first)}
            for place, job in zip(places, jobs, strict=True)
        ]
    data = [one for job in jobs for one in job.identity["data"]]
    return {**first, "data": data, "sweep": asked | {"hashes": hashes}}


def describe(
    jobs: Sequence[Job],
    places: Sequence[Place],
    space: Space,
    fixed: Mapping[str, ParameterValue],
    *,
    given: Sequence[str],
    seconds: float,
    workers: int,
) -> dict[str, object]:
    """What a list of sweeps shows."""
    job, swept = jobs[0], {axis.name for axis in space.axes}
    currencies = {one.quote for each in jobs for one in each.plan.instruments}
    return {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "strategy": job.found.name,
        "source": job.found.source,
        "span": _span(jobs),
        "instruments": _along(Dimension.INSTRUMENT, places),
        "windows": _along(Dimension.WINDOW, places),
        "fixed": {name: value for name, value in fixed.items() if name not in swept},
        "given": {name: fixed[name] for name in given},
        "axes": {axis.name: list(axis.values) for axis in space.axes},
        "sample": space.sample,
        "seed": space.seed,
        "where": [str(each) for each in space.constraints],
        "currency": currencies.pop() if len(currencies) == 1 else "",
        "seconds": seconds,
        "workers": workers,
    }


def _other(job: Job, first: Mapping[str, Any]) -> dict[str, Any]:
    """What is assumed in a place, as far as it is not what is assumed in the first."""
    settings, usual = job.identity["settings"], first["settings"]
    return {name: value for name, value in settings.items() if value != usual.get(name)}


def _along(dimension: Dimension, places: Sequence[Place]) -> list[str]:
    return list(dict.fromkeys(place[dimension] for place in places if place[dimension]))


def _span(jobs: Sequence[Job]) -> list[int]:
    """When the first bar opened and the last one closed, UTC nanoseconds."""
    bars = [one.bars for job in jobs for one in job.series]
    return [
        int(min(one.time[0] for one in bars)),
        int(max(one.time[-1] + one.timeframe.nanoseconds for one in bars)),
    ]
