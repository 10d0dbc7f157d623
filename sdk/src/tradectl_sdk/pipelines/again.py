"""A stored run or sweep as a job that can be run again: the same, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args, get_origin

import numpy as np

from tradectl_sdk.config.section import Section
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError, TradectlError, UsageError
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.series import Window, load_series, series_of
from tradectl_sdk.runs.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is to be run again.

    Attributes:
        name: What to call it, such as ``run r-0123``.
        identity: Everything its results depended on.
        strategy: How to find its strategy: a name, or ``path.py:Class``.
        start: When its first bar opened, UTC nanoseconds.
        end: When its last bar closed.
    """

    name: str
    identity: Mapping[str, Any]
    strategy: str
    start: int
    end: int

    @classmethod
    def of(cls, record: RunRecord) -> Past:
        """Take it from a run."""
        frame = Timeframe.parse(record.identity["data"][0]["timeframe"])
        return cls(
            name=f"run {record.run_id[:10]}",
            identity=record.identity,
            strategy=reference(record.strategy, record.environment.get("strategy source", "")),
            start=int(record.time[0]) - frame.nanoseconds,
            end=int(record.time[-1]),
        )


def reference(name: str, source: str) -> str:
    """Say how a strategy is found, given its name and where it came from."""
    return f"{source}:{name}" if source.endswith(".py") else name


def prepare_again(
    past: Past,
    settings: Settings,
    *,
    strategy: str | type[Strategy] | None = None,
    data: Sequence[str | Bars] | None = None,
    plugins: Plugins | None = None,
) -> Job:
    """Prepare what was run exactly as it was.

    Args:
        past: What was run.
        settings: Where data are; what was assumed is taken from the past.
        strategy: The strategy, if it was given as a class; found by its name otherwise.
        data: The series, if they were given as bars; found by their names otherwise.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        DataError: If something is not what it was, with its name.
    """
    identity = past.identity
    known = identity["settings"]
    if known["signals"]:
        raise DataError(f"{past.name} had prepared columns, which are not kept with it")
    as_it_was = _settings(settings, known)
    names = [each["instrument"] for each in identity["data"]]
    wanted = names if data is None else series_of(data)
    if len(wanted) != len(names):
        raise UsageError(
            f"{len(wanted)} series were given for {past.name}, expected {len(names)}",
            hint=f"those of {', '.join(names)}, in this order",
        )
    job = prepare(
        find_strategy(strategy or past.strategy, plugins),
        identity["parameters"],
        tuple(_series(past, place, one, settings, plugins) for place, one in enumerate(wanted)),
        as_it_was,
        signals={},
        models=_models(past, known.get("models", {}), plugins),
        warmup=known["warmup"],
        trials=known["trials"],
        plugins=plugins,
    )
    changed = [
        words
        for name, words in _PARTS.items()
        if canonical_json(job.identity[name]) != canonical_json(identity[name])
    ]
    if changed:
        raise DataError(
            f"{' and '.join(changed)} changed since {past.name}",
            hint="run it again, and go on from what comes of that",
        )
    return job.with_forecasts()


def _models(
    past: Past, known: Mapping[str, Any], plugins: Plugins | None
) -> dict[str, dict[str, object]]:
    """Return the models of the past, by the signals they made.

    Raises:
        DataError: If one was given as Python code, which has no name to find it by.
    """
    offered = loaded(plugins).models() if known else {}
    for signal, one in known.items():
        if one["model"] not in offered:
            raise DataError(
                f"{past.name} had the signal {signal} of model {one['model']}, "
                "which no plugin offers",
                hint="models are found again by the name that a plugin gives them",
            )
    return {signal: {"model": one["model"], **one["settings"]} for signal, one in known.items()}


def _settings(settings: Settings, known: Mapping[str, Any]) -> Settings:
    try:
        sections = {
            name: _section(type(getattr(settings, name)), known[name])
            for name in ("backtest", "risk")
        }
    except (ValueError, ArithmeticError, KeyError) as error:
        raise DataError("its settings are none of this version of tradectl") from error
    return settings.model_copy(update=sections)


def _section(cls: type[Section], values: Mapping[str, Any]) -> Section:
    """Read a section back from plain values, which hold decimals as text.

    What is as it would be anyway is not named: some settings may not be without others.
    """
    usual = cls().model_dump(mode="json")
    given = {name: value for name, value in values.items() if value != usual[name]}
    return cls.model_validate(
        {name: _exact(cls.model_fields[name].annotation, value) for name, value in given.items()}
    )


def _exact(annotation: Any, value: Any) -> Any:
    kinds = get_args(annotation)
    if isinstance(value, str) and Decimal in {annotation, *kinds}:
        return Decimal(value)
    if get_origin(annotation) is dict and issubclass(kinds[1], Section):
        return {name: _section(kinds[1], each) for name, each in value.items()}
    return value


def _series(
    past: Past,
    place: int,
    wanted: str | Bars,
    settings: Settings,
    plugins: Plugins | None,
) -> LoadedSeries:
    """Load the bars of the past: all there are if those are they, those of its time otherwise."""
    described, root = past.identity["data"][place], settings.data.catalog
    frame, part = described["timeframe"], Window(_moment(past.start), _moment(past.end))
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
