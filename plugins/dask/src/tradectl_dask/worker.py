"""What runs in the workers: it holds what was sent, by hash, and runs trials of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from tradectl_sdk.errors import TradectlError
from tradectl_sdk.pipelines.sweeps import open_task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.research import Trial

    Point = Mapping[str, bool | int | float]
    Runner = Callable[[int, Point], Trial]

MOST_BYTES = 2 << 30  # of parts that a process holds
MOST_TASKS = 4  # opened at once; each has its bars in memory


@dataclass(frozen=True, slots=True)
class Answer:
    """Trials that were run.

    Attributes:
        trials: One for each point that was asked for.
        seconds: How long they took.
    """

    trials: tuple[Trial, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Lacking:
    """Nothing was run, for parts are not here: the process is a new one, or has let go of them."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was run, and nothing will be: what is installed here would give other results."""

    message: str
    hint: str


_parts: dict[str, bytes] = {}
_tasks: dict[str, Runner] = {}
_holding = Lock()  # parts come while trials run
_running = Lock()  # trials of a process run one by one, however many threads it has


def lacking(keys: Sequence[str]) -> tuple[str, ...]:
    """Say which parts are not here."""
    return tuple(key for key in keys if key not in _parts)


def receive(parts: Mapping[str, bytes]) -> None:
    """Hold parts, and let go of the oldest where there are too many."""
    with _holding:
        _parts.update(parts)
        while sum(map(len, _parts.values())) > MOST_BYTES and len(_parts) > len(parts):
            _parts.pop(next(key for key in _parts if key not in parts))


def run_trials(
    key: str, needed: Sequence[str], points: Sequence[tuple[int, Point]]
) -> Answer | Lacking | Refused:
    """Run trials of a task.

    Args:
        key: Hash of the part that describes it.
        needed: Hashes of all its parts.
        points: Number and parameters of each trial.
    """
    with _running:
        try:
            run = _tasks.get(key) or _opened(key, needed)
        except TradectlError as error:
            return Refused(error.message, error.hint)
        if isinstance(run, Lacking):
            return run
        started = time.perf_counter()
        trials = tuple(run(number, point) for number, point in points)
        return Answer(trials, time.perf_counter() - started)


def _opened(key: str, needed: Sequence[str]) -> Runner | Lacking:
    with _holding:
        if absent := lacking(needed):
            return Lacking(absent)
        parts = {each: _parts[each] for each in needed}
    while len(_tasks) >= MOST_TASKS:
        _tasks.pop(next(iter(_tasks)))
    _tasks[key] = open_task(key, parts)
    return _tasks[key]
