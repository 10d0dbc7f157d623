"""What there is to run: the workloads, and who can do them in which ways."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import rules
from benchmarks.datasets import QUICK, WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Workload:
    """One kind of work.

    Attributes:
        letter: Its name on the command line and in the data's file names.
        title: What it is.
        unit: What is counted per second.
        sizes: Bars (of each instrument) or orders, one table row each.
        quick: The size in quick mode.
        width: Instruments, or pairs of a sweep.
    """

    letter: str
    title: str
    unit: str
    sizes: tuple[int, ...]
    quick: int
    width: int = 1


WORKLOADS = {
    one.letter: one
    for one in (
        Workload("A", "SMA cross, one instrument", "bars", (100_000, 1_000_000), QUICK),
        Workload(
            "B",
            "SMA cross, 500 pairs of windows",
            "bar-tests",
            (100_000,),
            2_000,
            len(rules.pairs()),
        ),
        Workload("C", "SMA cross, 100 instruments, one account", "bars", (20_000,), 1_000, WIDTH),
        Workload("D", "random orders, every bar", "orders", (1_000_000,), 10_000),
        Workload("P", "whole process, from start to result", "bars", (1_000_000,), QUICK),
    )
}


@dataclass(frozen=True)
class Engine:
    """An engine and its ways of doing each workload.

    Attributes:
        name: In tables, and the module of :mod:`.engines` that runs it.
        modes: Its ways by workload letter; the whole process is measured for those of A.
        environment: Name of the environment it lives in; empty for tradectl's own.
        most: Largest number of units by workload that it does without ``--slow``.
    """

    name: str
    modes: Mapping[str, tuple[str, ...]]
    environment: str = ""
    most: Mapping[str, int] = field(default_factory=dict)

    def can(self, workload: Workload, size: int, *, slow: bool) -> bool:
        """Whether it does a workload of a size in reasonable time."""
        units = size * workload.width
        return slow or units <= self.most.get(workload.letter, sys.maxsize)


_SWEEP = ("all cores", "one core")
_BY_BAR = {"A": ("next",), "C": ("next",)}
ENGINES = {
    one.name: one
    for one in (
        Engine(
            "limit",
            {"A": ("bare", "records"), "B": _SWEEP, "C": ("records",), "D": ("records",)},
            "numba",
        ),
        Engine("tradectl", dict.fromkeys("ACD", ("compiled", "interpreted")) | {"B": _SWEEP}),
        Engine(
            "vectorbt",
            {"A": ("signals",), "B": _SWEEP, "C": ("signals",), "D": ("orders",)},
            "vectorbt",
        ),
        Engine("flox", {"A": ("arrays", "on_bar"), "B": _SWEEP}, "flox"),
        Engine("backtesting", _BY_BAR, "backtesting"),
        Engine(
            "nautilus",
            {"A": ("on_bar",), "C": ("on_bar",)},
            "nautilus",
            {"A": 100_000, "C": 100_000, "P": 100_000},
        ),
        Engine("backtrader", _BY_BAR, "backtrader", {"A": 100_000, "C": 100_000, "P": 100_000}),
    )
}


def interpreter(engine: Engine) -> Path | None:
    """Find the Python that has an engine.

    ``TRADECTL_PEER_NUMBA`` names it outright; else it is that of the environment ``venv-numba``
    in the folder ``TRADECTL_PEERS``. numba may also be installed where this runs.
    """
    if not engine.environment:
        return Path(sys.executable)
    named = os.environ.get(f"TRADECTL_PEER_{engine.environment.upper()}")
    if named:
        return Path(named) if Path(named).exists() else None
    home = Path(os.environ.get("TRADECTL_PEERS", "~/.cache/tradectl-peers")).expanduser()
    found = home / f"venv-{engine.environment}" / "bin" / "python"
    if found.exists():
        return found
    here = engine.environment == "numba" and importlib.util.find_spec("numba") is not None
    return Path(sys.executable) if here else None
