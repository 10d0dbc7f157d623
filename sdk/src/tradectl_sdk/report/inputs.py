"""What went into a run: its name, its assumptions and every other input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.report.contents import Section, Table
from tradectl_sdk.research.table import LESS_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.report.contents import ReportedRun
    from tradectl_sdk.runs.record import RunRecord


def identity_pairs(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Name a run: what ran, on what, how and when, as (what, value) pairs."""
    data = [
        f"{one['instrument']} {one['timeframe']}, {one['bars']:,} bars"
        for one in record.identity["data"]
    ]
    parameters = [
        f"{key}={value_text(value)}" for key, value in record.identity["parameters"].items()
    ]
    mode, reason = str(record.engine["mode"]), str(record.engine.get("reason", ""))
    pairs = (
        ("Run", record.run_id),
        ("Strategy", record.strategy),
        ("Parameters", ", ".join(parameters) or "none"),
        ("Data", "; ".join(data)),
        ("From, to", f"{moment(int(record.time[0]))} to {moment(int(record.time[-1]))} UTC"),
        ("Engine", f"{mode}, not compiled: {reason}" if reason else mode),
        ("Finished", record.created),
        ("Orders and fills", record.order_list_hash),
        ("Ran with", ", ".join(f"{key} {value}" for key, value in record.environment.items())),
    )
    return tuple((name, text) for name, text in pairs if text)


def assumptions(run: ReportedRun) -> Section:
    """What was assumed, in words."""
    table = Table(
        key="assumptions",
        caption="What was assumed",
        head=("Assumption", "Value"),
        rows=tuple(run.assumptions),
        text_columns=frozenset({1}),
    )
    return Section(key="assumptions-section", title="Assumptions", parts=(table,))


def settings(record: RunRecord) -> Section:
    """All that names the run."""
    table = Table(
        key="inputs",
        caption="Everything that names the run",
        head=("Input", "Value"),
        rows=tuple(flattened(record.identity)),
        text_columns=frozenset({1}),
        folded=True,
    )
    return Section(key="inputs-section", title="Every input", parts=(table,))


def flattened(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Write nested settings as (dotted key, text) pairs."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from flattened(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str) and _nested(value):
        for index, inner in enumerate(value, 1):
            yield from flattened(inner, f"{key}.{index}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield key, ", ".join(map(value_text, value)) or "none"
    else:
        yield key, value_text(value)


def moment(time: int) -> str:
    """Write UTC nanoseconds to the minute."""
    return str(np.datetime64(time, "ns").astype("M8[m]")).replace("T", " ")


def value_text(value: object) -> str:
    """Write a setting or parameter as people type it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def named(parameters: Mapping[str, object]) -> str:
    """Write parameters as people type them."""
    return ", ".join(f"{name}={value_text(value)}" for name, value in parameters.items())


def _nested(value: Sequence[Any]) -> bool:
    return any(isinstance(each, Mapping | list | tuple) for each in value)


def colour_words(metric: str) -> str:
    """Say which way the colours of a metric's map go, on a light ground as on a dark one."""
    way = "lower" if metric in LESS_IS_BETTER else "higher"
    return f"the stronger the colour, the {way}"
