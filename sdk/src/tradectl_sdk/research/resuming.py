"""What a sweep has found before it is finished, so that one that was interrupted goes on.

Trials are appended to one file beside the finished sweeps, a second's worth at a time: a process
that is killed loses about that and the trials in flight, and a sweep that takes no second writes
nothing.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from tradectl_sdk.research.executing import died
from tradectl_sdk.research.storing import sweep_id
from tradectl_sdk.research.table import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INTERVAL = 1.0  # seconds between two times that something is written
STALE = 30 * 86_400  # seconds after which nobody is expected to go on
_NAME = ".unfinished-{}.jsonl"


class Unfinished:
    """The trials of one sweep so far.

    Args:
        root: The folder of sweeps.
        identity: What the sweep is named by; only one with equal inputs goes on.
    """

    def __init__(self, root: Path, identity: Mapping[str, Any]) -> None:
        self._root, self._path = root, root / _NAME.format(sweep_id(identity))
        self._new: list[Trial] = []
        self._written = time.monotonic()

    def begin(self, total: int, *, anew: bool) -> dict[int, Trial]:
        """Return what there is to go on from; nothing, and take it away, where it is not wanted."""
        if anew:
            self.forget()
        return self.read(total)

    def end(self) -> None:
        """Take it away: the sweep is kept. So goes what others have left too long ago."""
        self.forget()
        _tidy(self._root)

    def read(self, total: int) -> dict[int, Trial]:
        """Return what an interrupted sweep has left, by number; a line cut short is none."""
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return {}
        found = [trial for line in lines if (trial := _trial(line)) is not None]
        return {trial.number: trial for trial in found if 0 <= trial.number < total}

    def add(self, trials: Sequence[Trial]) -> None:
        """Keep trials, but those whose workers died, which may do better another time."""
        self._new += [each for each in trials if each != died(each.number)]
        if time.monotonic() - self._written >= INTERVAL:
            self.write()

    def write(self) -> None:
        """Write what is new; a disk that refuses costs no more than the way back."""
        lines = [
            json.dumps([one.number, one.metrics, one.final_equity, one.order_hash, one.reason])
            for one in self._new
        ]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                begun = b"\n" if _ends_torn(file) else b""
                file.write(begun + "".join(f"{line}\n" for line in lines).encode())
        except OSError:
            return
        self._new, self._written = [], time.monotonic()

    def forget(self) -> None:
        """Take it away."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return


def _tidy(root: Path) -> None:
    """Delete what sweeps have left that nobody went on with for a month."""
    limit = time.time() - STALE
    for path in root.glob(_NAME.format("*")):
        try:
            if path.stat().st_mtime < limit:
                path.unlink()
        except OSError:  # its sweep was finished meanwhile, or it is not ours
            continue


def _ends_torn(file: BinaryIO) -> bool:
    """Whether the last line was cut short, so that what is appended would be part of it."""
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _trial(line: bytes) -> Trial | None:
    try:
        number, metrics, equity, order_hash, reason = json.loads(line)
        return Trial(int(number), tuple(map(float, metrics)), int(equity), order_hash, reason)
    except (ValueError, TypeError):
        return None
