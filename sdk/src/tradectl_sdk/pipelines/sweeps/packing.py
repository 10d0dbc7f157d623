"""A sweep's task as parts that travel: what is needed to run its trials, and nothing else.

Of the settings only those go along that a trial depends on; keys, senders, exchanges and the
environment stay. The receiver makes the same job of it and compares everything that names a run.
What models forecast travels as columns: it was made once, here, and a worker needs none of what
made it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.config.layers import dotted, leaves
from tradectl_sdk.config.section import is_secret_reference
from tradectl_sdk.config.settings import Settings
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine import Mode
from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.job import hashes_of_signals, prepare
from tradectl_sdk.pipelines.risk import tables_of_rules
from tradectl_sdk.pipelines.series import LoadedSeries
from tradectl_sdk.pipelines.sweeps.bar_bytes import decode, encode
from tradectl_sdk.pipelines.sweeps.sources import find_sent, source_of
from tradectl_sdk.pipelines.sweeps.trial import Trials
from tradectl_sdk.research.executing import Portable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research.table import Trial
    from tradectl_sdk.strategy import ParameterValue

SCHEMA = "tradectl.task/3"
_FLOATS = "<f8"  # a column of signals is the bytes of its values, NaN included
_MOST_PLACES = 2  # opened at once; each has its bars in memory
_DECIMAL = "$decimal"  # the one key of a table that stands for a decimal


def pack(trials: Trials, jobs: Sequence[Job] = ()) -> Portable:
    """Return everything that running these trials elsewhere takes.

    Args:
        trials: They, in the first or only place.
        jobs: What is run in each place, if there are several.

    Raises:
        UsageError: If the strategy is in no file, or a setting refers to a secret.
    """
    jobs = jobs or [trials.job]
    parts: dict[str, bytes] = {}
    document = {
        "schema": SCHEMA,
        "strategy": source_of(trials.job.found, trials.plugins),
        "fixed": dict(trials.fixed),
        "settings": _settings(trials.job, trials.plugins),
        "places": [_place(job, parts) for job in jobs],
        "sets": len(trials.points),
        "trials": trials.job.trials,
        "metrics": list(trials.metrics),
        "mode": trials.mode.value,
        "hashes": trials.hashes,
    }
    return Portable(_add(_written(document), parts), parts)


def repacked(document: Mapping[str, Any], portable: Portable) -> Portable:
    """Return the parts of a task that is described in another way."""
    parts = {key: data for key, data in portable.parts.items() if key != portable.key}
    return Portable(_add(_written(document), parts), parts)


def open_task(
    key: str, parts: Mapping[str, bytes], plugins: Plugins | None = None
) -> Callable[[int, Mapping[str, ParameterValue]], Trial]:
    """Make of parts, in another process, what runs a trial by number and parameters.

    Args:
        key: Hash of the part that describes the task.
        parts: All that were sent.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        UsageError: If a part is not what its hash says, or code, settings or data here would give
            other results than where the task is from.
        TradectlError: If the strategy, a rule or a model is not to be had here.
    """
    document = json.loads(_checked(key, parts), object_hook=_decimal)
    if document.get("schema") != SCHEMA:
        raise UsageError(f"a task was {document.get('schema')}, expected {SCHEMA}")
    sent = _Sent(document, parts, loaded(plugins))
    sent.trials(0)  # what is refused is refused at once
    return sent.run


class _Sent:
    """Runs the trials of a task that arrived; of its places, those that are wanted of it."""

    def __init__(
        self, document: Mapping[str, Any], parts: Mapping[str, bytes], plugins: Plugins
    ) -> None:
        self._document, self._parts, self._plugins = document, parts, plugins
        self._found = find_sent(document["strategy"], plugins)
        self._settings = Settings.model_validate(document["settings"])
        here, there = str(Path(self._found.source).parent), document["strategy"].get("folder", "")
        self._folders = here, there
        self._places: dict[int, Trials] = {}

    def run(self, number: int, point: Mapping[str, ParameterValue]) -> Trial:
        """Run a trial by its number and parameters."""
        several = len(self._document["places"]) > 1
        trials = self.trials(number // self._document["sets"] if several else 0)
        trial = trials.run(number, point)
        here, there = self._folders
        if not (there and trial.reason):
            return trial
        return replace(trial, reason=trial.reason.replace(here, there))  # as its author knows it

    def trials(self, place: int) -> Trials:
        """Return what runs trials in a place."""
        if place not in self._places:
            while len(self._places) >= _MOST_PLACES:
                self._places.pop(next(iter(self._places)))
            self._places[place] = self._opened(self._document["places"][place])
        return self._places[place]

    def _opened(self, place: Mapping[str, Any]) -> Trials:
        document = self._document
        job = prepare(
            self._found,
            document["fixed"],
            tuple(_loaded(each, self._parts) for each in place["series"]),
            self._settings,
            signals=_columns(place["signals"], self._parts),
            warmup=place["warmup"],
            trials=document["trials"],
            plugins=self._plugins,
        )
        _compare(place["expected"], json.loads(_written(_depends(job)), object_hook=_decimal))
        return Trials(
            job, document["fixed"], (), document["metrics"],
            mode=Mode(document["mode"]), hashes=document["hashes"], plugins=self._plugins,
        )  # fmt: skip


def _depends(job: Job) -> dict[str, Any]:
    """What names the run, without where on this machine something is."""
    code = job.identity["code"]
    return {
        "strategy": code["strategy"].rpartition(" ")[2],
        "rules": code["rules"],
        "costs": code["costs"],
        "engine": job.identity["engine"],
        "parameters": job.identity["parameters"],
        "data": job.identity["data"],
        "settings": _without_models(job),
    }


def _without_models(job: Job) -> dict[str, Any]:
    """The settings of a run whose signals are all prepared columns, as they are for a worker."""
    settings = {key: each for key, each in job.identity["settings"].items() if key != "models"}
    return settings | {"signals": hashes_of_signals(job.plan.signals)}


def _compare(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    other = [name for name in expected if expected[name] != found.get(name)]
    if other:
        raise UsageError(
            f"a worker and whoever asked differ in {', '.join(other)}, expected them to agree",
            hint="install the same versions of tradectl and its plugins for every worker, "
            "and start the workers again",
        )


def _settings(job: Job, plugins: Plugins | None) -> dict[str, Any]:
    """Return the sections that a trial depends on.

    Raises:
        UsageError: If one of their values refers to a secret.
    """
    own = job.settings
    settings = {
        "backtest": own.backtest.model_dump(exclude_unset=True),
        "risk": own.risk.model_dump(exclude_unset=True),
        "plugins": tables_of_rules(own.risk, plugins, own.plugins),
    }
    for path, value in leaves(settings):
        if is_secret_reference(value):
            raise UsageError(f"{dotted(path)} refers to a secret, which never leaves this machine")
    return settings


def _place(job: Job, parts: dict[str, bytes]) -> dict[str, Any]:
    return {
        "series": [_series(one, parts) for one in job.series],
        "signals": _signals(job, parts),
        "warmup": job.plan.warmup,
        "expected": _depends(job),
    }


def _series(series: LoadedSeries, parts: dict[str, bytes]) -> dict[str, Any]:
    instrument = series.bars.instrument
    return {
        "instrument": {field.name: getattr(instrument, field.name) for field in fields(instrument)},
        "timeframe": str(series.bars.timeframe),
        "content_hash": series.content_hash,
        "origin": series.origin,
        "bars": _add(encode(series.bars), parts),
    }


def _signals(job: Job, parts: dict[str, bytes]) -> dict[str, list[str]]:
    """Add the columns that strategies read, whatever made them, and return where they are."""
    return {
        name: [_add(np.ascontiguousarray(each, _FLOATS).tobytes(), parts) for each in columns]
        for name, columns in job.plan.signals.items()
    }


def _columns(
    described: Mapping[str, Sequence[str]], parts: Mapping[str, bytes]
) -> dict[str, list[NDArray[np.float64]]]:
    return {
        name: [np.frombuffer(_checked(key, parts), _FLOATS).astype(np.float64) for key in keys]
        for name, keys in described.items()
    }


def _loaded(described: Mapping[str, Any], parts: Mapping[str, bytes]) -> LoadedSeries:
    bars = Bars(
        instrument=Instrument(**described["instrument"]),
        timeframe=Timeframe.parse(described["timeframe"]),
        **decode(_checked(described["bars"], parts)),
    )
    return LoadedSeries(
        bars=bars, content_hash=described["content_hash"], origin=described["origin"]
    )


def _written(document: Mapping[str, Any]) -> bytes:
    """Write plain values, and decimals to the last digit, the same bytes for the same values."""
    return json.dumps(document, sort_keys=True, default=_plain, allow_nan=False).encode()


def _plain(value: object) -> object:
    return {_DECIMAL: str(value)} if isinstance(value, Decimal) else str(value)


def _decimal(table: dict[str, Any]) -> Any:
    return Decimal(table[_DECIMAL]) if table.keys() == {_DECIMAL} else table


def _add(data: bytes, parts: dict[str, bytes]) -> str:
    key = hashlib.sha256(data).hexdigest()
    parts[key] = data
    return key


def _checked(key: str, parts: Mapping[str, bytes]) -> bytes:
    data = parts.get(key)
    if data is None or hashlib.sha256(data).hexdigest() != key:
        raise UsageError(f"part {key[:12]} of a task is missing or is not what its hash says")
    return data
