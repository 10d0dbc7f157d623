"""The table and results.json, headed by the machine they were taken on."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from dataclasses import replace
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.catalogue import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.running import Row

SCHEMA = "tradectl.bench/1"
_HEADINGS = (
    *("size", "engine", "version", "mode", "first s", "best s", "loop s", "per second"),
    *("x limit", "equal", "MB", "note"),
)
_TEXT = {1, 2, 3, 11}  # columns that start at the left


def machine() -> dict[str, Any]:
    """Describe the machine: what a number means nothing without."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("tradectl-sdk", "numpy", "llvmlite")},
        "load": round(os.getloadavg()[0], 2),
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def with_ratios(rows: Iterable[Row]) -> list[Row]:
    """Set every row beside the fastest hand-written loop that did the same work."""
    rows = list(rows)
    fastest: dict[tuple[str, int], float] = {}
    for row in rows:
        if row.engine == "limit" and row.equal:
            place = (row.workload, row.size)
            fastest[place] = max(row.rate, fastest.get(place, row.rate))
    found = ((row, fastest.get((row.workload, row.size))) for row in rows)
    return [
        replace(row, ratio_to_limit=limit / row.rate if limit else None) for row, limit in found
    ]


def write(path: Path, header: dict[str, Any], rows: Sequence[Row], missing: dict[str, str]) -> None:
    """Write results.json, whole or not at all."""
    content = {
        "schema": SCHEMA,
        "machine": header,
        "rows": [row.as_json() for row in rows],
        "missing": missing,
    }
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


def table(header: dict[str, Any], rows: Sequence[Row], missing: dict[str, str]) -> str:
    """Return everything as text for a terminal."""
    versions = ", ".join(f"{name} {number}" for name, number in header["versions"].items())
    lines = [
        f"{header['cpu']}, {header['cores']} cores, {header['memory_gb']} GB, {header['system']}",
        f"Python {header['python']}, {versions}; {header['date']}, load {header['load']}",
    ]
    for letter, group in groupby(rows, key=lambda row: row.workload):
        lines += ["", f"{letter}. {WORKLOADS[letter].title}", *_grid(list(group))]
    lines += ["", *(f"{what}: {why}" for what, why in missing.items())]
    return "\n".join(lines).rstrip()


def _grid(rows: Sequence[Row]) -> list[str]:
    cells = [_HEADINGS, *(_cells(row) for row in rows)]
    width = [max(len(line[k]) for line in cells) for k in range(len(_HEADINGS))]
    return [
        "  ".join(
            text.ljust(width[k]) if k in _TEXT else text.rjust(width[k])
            for k, text in enumerate(line)
        ).rstrip()
        for line in cells
    ]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"{row.size:,}",
        row.engine,
        row.version,
        row.mode,
        f"{row.first_seconds:.3g}",
        f"{row.seconds:.3g}",
        "" if row.loop_seconds is None else f"{row.loop_seconds:.3g}",
        _rate(row.rate),
        "" if row.ratio_to_limit is None else f"{row.ratio_to_limit:.3g}",
        "yes" if row.equal else "NO",
        f"{row.peak_mb:.0f}",
        row.note,
    )


def _rate(value: float) -> str:
    for scale, letter in ((1e6, " M"), (1e3, " k")):
        if value >= scale:
            return f"{value / scale:.3g}{letter}"
    return f"{value:.3g}"
