"""Where runs are kept: one folder each on a shelf, named by the hash of its inputs.

Files are not forced to the disk: after a power cut a run may be damaged, which its checksums tell
and running it again mends. Nothing here imports NumPy until arrays are read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.errors import DataError, TradectlError, UsageError
from tradectl_sdk.runs.identity import run_identity
from tradectl_sdk.runs.manifest import METRICS, RunSummary, read_json, read_manifest
from tradectl_sdk.runs.shelf import Shelf, ShelfStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

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
        if not replace and self._is_sound(target.name):
            return target.name
        self._shelf.put(
            target.name,
            lambda folder: write_run(record, folder),
            stays=lambda there: not replace and self._is_sound(there.name),
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
        return self._shelf.read(self.resolve(reference), _read_run)

    def find(self, identity: Mapping[str, object]) -> RunRecord | None:
        """Answer a question from the store: the run with these inputs, None if there is none.

        A damaged run counts as none, so that running again replaces it.
        """
        return self._shelf.find(run_identity(identity), _read_run)

    def list(self) -> Sequence[RunSummary]:
        """Summarise every run, the newest first, damaged ones last."""
        read = self._shelf.read_all(_read_head)
        found = [_summary(self.root / run_id, head) for run_id, head in read]
        found.sort(key=lambda each: str(each.manifest.get("created", "")), reverse=True)
        return found

    def summary(self, reference: str) -> RunSummary:
        """Summarise one run without reading its arrays; errors as for ``load``, but damage."""
        run_id = self.resolve(reference)
        try:
            return _summary(self.root / run_id, self._shelf.read(run_id, _read_head))
        except DataError as error:
            return _summary(self.root / run_id, error)

    def diff(self, first: str, second: str) -> RunDifference:
        """Compare two runs; errors as for ``load``."""
        from tradectl_sdk.runs.comparison import compare_runs

        return compare_runs(self.load(first), self.load(second))

    def _is_sound(self, run_id: str) -> bool:
        return self._shelf.find(run_id, _read_run) is not None


def _summary(folder: Path, head: tuple[dict[str, Any], dict[str, Any]] | DataError) -> RunSummary:
    if isinstance(head, DataError):
        return RunSummary(folder.name, folder, {}, {}, problem=head.message)
    return RunSummary(folder.name, folder, *head)


def _read_run(folder: Path) -> RunRecord:
    from tradectl_sdk.runs.folders import read_run

    try:
        return read_run(folder)
    except TradectlError as error:
        raise _damaged(folder, error.message) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # A manifest of the right form may still say nonsense inside.
        raise _damaged(folder, f"{type(error).__name__}: {error}") from error


def _read_head(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a run's manifest and its metrics."""
    try:
        return read_manifest(folder), read_json(folder / METRICS).get("values", {})
    except UsageError as error:  # of an identity that is none
        raise DataError(error.message) from error


def _damaged(folder: Path, reason: str) -> DataError:
    return DataError(
        f"run {folder.name} is damaged: {reason}",
        hint=f"tradectl runs rm {folder.name[:8]} removes it; running it again writes it anew",
    )
