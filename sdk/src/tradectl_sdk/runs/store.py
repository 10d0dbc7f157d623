"""Where runs are kept: one folder each, named by the hash of its inputs.

A run is written beside its place and renamed into it, so a reader sees all of it or nothing, and
several processes may save, list and remove at once without a lock. Files are not forced to the
disk: after a power cut a run may be damaged, which its checksums tell and running it again mends.
Nothing here imports NumPy until arrays are read or written.
"""

from __future__ import annotations

import errno
import shutil
import time
import uuid
from typing import TYPE_CHECKING

from tradectl_sdk.errors import DataError, NotFoundError, TradectlError, UsageError, did_you_mean
from tradectl_sdk.runs.identity import MIN_PREFIX, is_run_id, run_identity
from tradectl_sdk.runs.manifest import METRICS, RunSummary, read_json, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.runs.comparison import RunDifference
    from tradectl_sdk.runs.record import RunRecord

_STALE = 86_400  # seconds after which an unfinished folder belongs to nobody
_ATTEMPTS = 20
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY}  # what a rename says where another run stands already


class RunStore:
    """A folder of runs.

    Args:
        root: The folder; made on the first save.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, record: RunRecord, *, replace: bool = False) -> str:
        """Keep a run. One that is there already, and sound, is left as it is.

        Args:
            record: The run.
            replace: Write it anew all the same.

        Returns:
            The run's id.

        Raises:
            DataError: If the disk refused; nothing is left behind.
        """
        from tradectl_sdk.runs.folders import write_run

        target = self.root / record.run_id
        if not replace and self._is_sound(target):
            return target.name
        fresh = self._scratch("new")
        try:
            fresh.mkdir(parents=True)
            write_run(record, fresh)
            self._publish(fresh, target, replace=replace)
        except OSError as error:
            raise DataError(
                f"run {record.run_id} could not be stored: {error.strerror}",
                hint=f"check the space and the permissions of {self.root}",
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        self._sweep()
        return target.name

    def load(self, reference: str) -> RunRecord:
        """Read a whole run.

        Args:
            reference: Its id or a unique prefix of it, with or without ``r-``.

        Raises:
            NotFoundError: If there is no such run.
            UsageError: If the prefix fits several.
            DataError: If the run is damaged.
        """
        return self._read(self.root / self.resolve(reference))

    def find(self, identity: Mapping[str, object]) -> RunRecord | None:
        """Answer a question from the store: the run with these inputs, None if there is none.

        A damaged run counts as none, so that running again replaces it.
        """
        try:
            return self._read(self.root / run_identity(identity))
        except (DataError, NotFoundError):
            return None

    def list(self) -> Sequence[RunSummary]:
        """Summarise every run, the newest first, damaged ones last."""
        found = [self._summarise(self.root / run_id) for run_id in self._ids()]
        found.sort(key=lambda each: str(each.manifest.get("created", "")), reverse=True)
        return found

    def summary(self, reference: str) -> RunSummary:
        """Summarise one run without reading its arrays; errors as for ``load``, but damage."""
        return self._summarise(self.root / self.resolve(reference))

    def diff(self, first: str, second: str) -> RunDifference:
        """Compare two runs; errors as for ``load``."""
        from tradectl_sdk.runs.comparison import compare_runs

        return compare_runs(self.load(first), self.load(second))

    def remove(self, reference: str) -> str:
        """Delete a run, damaged or not, and return its id; errors as for ``load``, but damage."""
        run_id = self.resolve(reference)
        self._discard(self.root / run_id)
        return run_id

    def resolve(self, reference: str) -> str:
        """Find the full id that a prefix stands for.

        Raises:
            NotFoundError: If there is no such run.
            UsageError: If the prefix fits several, or is too short to mean one.
        """
        digits = reference.strip().lower().removeprefix("r-")
        ids = self._ids()
        found = [run_id for run_id in ids if run_id.startswith(f"r-{digits}")] if digits else []
        if len(found) == 1 and len(digits) >= MIN_PREFIX:
            return found[0]
        if found:
            raise UsageError(
                f"run {reference!r} could be any of {', '.join(short_ids(found)[:5])}",
                hint=f"give more digits, at least {MIN_PREFIX}",
            )
        near = did_you_mean(f"r-{digits}", {run_id[: len(digits) + 2] for run_id in ids})
        raise NotFoundError(
            f"there is no run {reference!r}", hint=near or "tradectl runs list shows the runs"
        )

    def _ids(self) -> Sequence[str]:
        try:
            return sorted(each.name for each in self.root.iterdir() if is_run_id(each.name))
        except FileNotFoundError:
            return []

    def _read(self, folder: Path) -> RunRecord:
        for _ in range(_ATTEMPTS):
            before = _state(folder)
            try:
                return self._read_once(folder)
            except DataError:
                # Another process may have replaced or removed the run under our eyes.
                if _state(folder) == before:
                    raise
        return self._read_once(folder)

    def _read_once(self, folder: Path) -> RunRecord:
        from tradectl_sdk.runs.folders import read_run

        if not folder.is_dir():
            raise NotFoundError(f"there is no run {folder.name}")
        try:
            return read_run(folder)
        except TradectlError as error:
            raise _damaged(folder, error.message) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # A manifest of the right form may still say nonsense inside.
            raise _damaged(folder, f"{type(error).__name__}: {error}") from error

    def _is_sound(self, folder: Path) -> bool:
        try:
            self._read(folder)
        except (DataError, NotFoundError):
            return False
        return True

    def _summarise(self, folder: Path) -> RunSummary:
        try:
            manifest = read_manifest(folder)
            values = read_json(folder / METRICS).get("values", {})
        except TradectlError as error:
            return RunSummary(folder.name, folder, {}, {}, problem=error.message)
        return RunSummary(folder.name, folder, manifest, values)

    def _scratch(self, purpose: str) -> Path:
        return self.root / f".{purpose}-{uuid.uuid4().hex}"

    def _publish(self, fresh: Path, target: Path, *, replace: bool) -> None:
        """Put a finished folder in its place, whoever else is doing the same."""
        for _ in range(_ATTEMPTS):
            try:
                fresh.rename(target)
                return
            except OSError as error:
                # That it is gone again by now is no reason to give up.
                if error.errno not in _TAKEN and not target.exists():
                    raise
            if not replace and self._is_sound(target):
                return
            self._discard(target)
        raise DataError(f"run {target.name} was replaced again and again by other processes")

    def _discard(self, folder: Path) -> None:
        """Take a folder out of sight in one step, then delete it."""
        old = self._scratch("old")
        try:
            folder.rename(old)
        except FileNotFoundError:
            return
        shutil.rmtree(old, ignore_errors=True)

    def _sweep(self) -> None:
        """Delete what processes that died left unfinished."""
        limit = time.time() - _STALE
        for pattern in (".new-*", ".old-*"):
            for folder in self.root.glob(pattern):
                try:
                    stale = folder.stat().st_mtime < limit
                except FileNotFoundError:
                    continue
                if stale:
                    shutil.rmtree(folder, ignore_errors=True)


def short_ids(run_ids: Iterable[str], least: int = 6) -> Sequence[str]:
    """Shorten ids to the fewest digits, the same number for all, that keep them apart."""
    ids = list(run_ids)
    length = least
    while len({run_id[: length + 2] for run_id in ids}) < len(set(ids)):
        length += 1
    return [run_id[: length + 2] for run_id in ids]


def _state(folder: Path) -> tuple[int, int]:
    """Tell one folder of a name from the next; zeros while there is none.

    The inode does not suffice: that of a folder just deleted is given to the next one made.
    """
    try:
        status = folder.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_ctime_ns


def _damaged(folder: Path, reason: str) -> DataError:
    return DataError(
        f"run {folder.name} is damaged: {reason}",
        hint=f"tradectl runs rm {folder.name[:8]} removes it; running it again writes it anew",
    )
