"""A stored run as a job that can be run again: the same, or nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError, TradectlError
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.series import Window, load_series
from tradectl_sdk.runs.identity import run_identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.config.section import Section
    from tradectl_sdk.config.settings import Settings
    from tradectl_sdk.data import Bars
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.series import LoadedSeries
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.runs import RunRecord
    from tradectl_sdk.strategy import Strategy

_PARTS = {
    "code": "the strategy, a rule or a cost model",
    "data": "the data",
    "engine": "tradectl itself",
    "parameters": "the parameters",
    "settings": "fees or other settings",
}


def prepare_again(
    record: RunRecord,
    settings: Settings,
    *,
    strategy: str | type[Strategy] | None = None,
    data: Sequence[str | Bars] | None = None,
    plugins: Plugins | None = None,
) -> Job:
    """Prepare a run exactly as it was.

    Args:
        record: The run.
        settings: Where data are; what was assumed is taken from the run.
        strategy: The strategy, if it was given as a class; found by its name otherwise.
        data: The series, if they were given as bars; found by their names otherwise.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        DataError: If something is not what it was, with its name.
    """
    known = record.identity["settings"]
    if known["signals"]:
        raise DataError("the run had prepared columns, which are not kept with it")
    as_it_was = _settings(settings, known)
    found = find_strategy(strategy or _reference(record), plugins)
    wanted = data or [each["instrument"] for each in record.identity["data"]]
    job = prepare(
        found,
        record.identity["parameters"],
        tuple(_series(record, place, one, settings, plugins) for place, one in enumerate(wanted)),
        as_it_was,
        signals={},
        warmup=known["warmup"],
        trials=known["trials"],
        plugins=plugins,
    )
    if run_identity(job.identity) != record.run_id:
        parts = [name for name in _PARTS if job.identity[name] != record.identity[name]]
        named = " and ".join(_PARTS[name] for name in parts)
        raise DataError(
            f"{named} changed since run {record.run_id[:10]}",
            hint="run the backtest again, and go on from the new run",
        )
    return job


def _reference(record: RunRecord) -> str:
    source = record.environment.get("strategy source", "")
    return f"{source}:{record.strategy}" if source.endswith(".py") else record.strategy


def _settings(settings: Settings, known: Mapping[str, Any]) -> Settings:
    sections = {
        name: _section(type(getattr(settings, name)), known[name]) for name in ("backtest", "risk")
    }
    return settings.model_copy(update=sections)


def _section(cls: type[Section], values: Mapping[str, Any]) -> Section:
    """Read a section back from plain values, which hold decimals as text."""
    exact = {}
    for name, value in _given(values).items():
        annotation = cls.model_fields[name].annotation
        number = isinstance(value, str) and Decimal in {annotation, *get_args(annotation)}
        exact[name] = Decimal(value) if number else value
    return cls.model_validate(exact)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not set: some settings may not even be named without others."""
    return {
        name: _given(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if value is not None
    }


def _series(
    record: RunRecord,
    place: int,
    wanted: str | Bars,
    settings: Settings,
    plugins: Plugins | None,
) -> LoadedSeries:
    """Load the bars of a run: all there are if those are they, those of its time otherwise."""
    described, root = record.identity["data"][place], settings.data.catalog
    frame = described["timeframe"]
    length = Timeframe.parse(frame).nanoseconds
    part = Window(_moment(int(record.time[0]) - length), _moment(int(record.time[-1])))
    for window in (Window(), part):
        try:
            loaded = load_series(wanted, frame, window, root, plugins)
        except TradectlError:
            if window is part:
                raise
            continue
        if loaded.content_hash == described["hash"]:
            break
    return loaded


def _moment(nanoseconds: int) -> str:
    return str(np.datetime64(nanoseconds, "ns"))
