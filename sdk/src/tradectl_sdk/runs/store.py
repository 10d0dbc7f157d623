"""Where runs are kept: one folder each on a shelf, named by the hash of its inputs.

Files are not forced to the disk: after a power cut a run may be damaged, which its checksums tell
and running it again mends. Nothing here imports NumPy until arrays are read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.errors import DataError, NotFoundError, TradectlError
from tradectl_sdk.runs.identity import run_identity
from tradectl_sdk.runs.manifest import METRICS, RunSummary, read_json, read_manifest
from tradectl_sdk.runs.shelf import ATTEMPTS, Shelf, ShelfStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.runs.comparison import RunDifference
    from tradectl_sdk.runs.record import RunRecord


class RunStore(ShelfStore):
    """A folder of runs.

    Args:
        root: The folder; made on the first save.
    """

    def __init__(self, root: Path) -> None:
        hint = "tradectl runs list shows the runs"
        super().__init__(Shelf(root=root, kind="run", prefix="r-", digits=6, hint=hint))

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
        self._shelf.put(
            target.name,
            lambda folder: write_run(record, folder),
            stays=lambda there: not replace and self._is_sound(there),
        )
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
        found = [self._summarise(self.root / run_id) for run_id in self.latest()]
        found.sort(key=lambda each: str(each.manifest.get("created", "")), reverse=True)
        return found

    def summary(self, reference: str) -> RunSummary:
        """Summarise one run without reading its arrays; errors as for ``load``, but damage."""
        return self._summarise(self.root / self.resolve(reference))

    def diff(self, first: str, second: str) -> RunDifference:
        """Compare two runs; errors as for ``load``."""
        from tradectl_sdk.runs.comparison import compare_runs

        return compare_runs(self.load(first), self.load(second))

    def _read(self, folder: Path) -> RunRecord:
        for _ in range(ATTEMPTS):
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
