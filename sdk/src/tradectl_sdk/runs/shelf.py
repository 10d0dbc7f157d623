"""A folder of results that are named by the hash of their inputs, a folder each.

A result is written beside its place and renamed into it, so a reader sees all of it or nothing, and
several processes may put, list and remove at once without a lock.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tradectl_sdk.errors import DataError, NotFoundError, UsageError, did_you_mean
from tradectl_sdk.runs.identity import MIN_PREFIX, is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

T = TypeVar("T")

_ATTEMPTS = 20  # at what other processes may be doing at the same time
_STALE = 86_400  # seconds after which an unfinished folder belongs to nobody
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY}  # what a rename says where another result stands already


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One kind of result in a folder.

    Attributes:
        root: The folder; made when something is put there.
        kind: What a result is called, such as ``run``.
        prefix: What its ids begin with, such as ``r-``.
        digits: How many of an id are shown, at least.
        hint: How to find out which there are.
    """

    root: Path
    kind: str
    prefix: str
    digits: int
    hint: str

    def ids(self) -> list[str]:
        """Return the ids of all results, damaged ones included, sorted."""
        try:
            names = [each.name for each in self.root.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(each for each in names if is_name(self.prefix, each))

    def latest(self) -> list[str]:
        """Return the same, what was written last first.

        Results say to the second when they were made, and many may be made in one.
        """
        return sorted(self.ids(), key=self._written, reverse=True)

    def _written(self, name: str) -> int:
        try:
            return (self.root / name).stat().st_mtime_ns
        except OSError:
            return 0  # another process has removed it

    def resolve(self, reference: str) -> str:
        """Find the full id that a prefix stands for.

        Raises:
            NotFoundError: If there is no such result.
            UsageError: If the prefix fits several, or is too short to mean one.
        """
        digits = reference.strip().lower().removeprefix(self.prefix)
        ids, begun = self.ids(), f"{self.prefix}{digits}"
        found = [each for each in ids if each.startswith(begun)] if digits else []
        if len(found) == 1 and len(digits) >= MIN_PREFIX:
            return found[0]
        if len(found) == 1:
            raise UsageError(
                f"{self.kind} {reference!r} is too short to mean one for sure",
                hint=f"give at least {MIN_PREFIX} digits, as in {short_ids(found, self.digits)[0]}",
            )
        if found:
            short = ", ".join(short_ids(found, self.digits)[:5])
            raise UsageError(
                f"{self.kind} {reference!r} could be any of {short}",
                hint=f"give more digits, at least {MIN_PREFIX}",
            )
        near = did_you_mean(begun, {each[: len(begun)] for each in ids}) if digits else ""
        raise NotFoundError(f"there is no {self.kind} {reference!r}", hint=near or self.hint)

    def put(
        self,
        name: str,
        write: Callable[[Path], object],
        *,
        stays: Callable[[Path], bool] = lambda _: False,
    ) -> None:
        """Keep a result.

        Args:
            name: Its id.
            write: Writes it into a folder.
            stays: Whether the one that stands there already is to be left as it is.

        Raises:
            DataError: If the disk refused; nothing is left behind.
        """
        fresh = self._scratch("new")
        try:
            fresh.mkdir(parents=True)
            write(fresh)
            self._publish(fresh, self.root / name, stays)
        except OSError as error:
            raise DataError(
                f"{self.kind} {name} could not be stored: {error.strerror}",
                hint=f"check the space and the permissions of {self.root}",
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        self._tidy()

    def read(self, name: str, read: Callable[[Path], T]) -> T:
        """Read a result that other processes may be replacing or removing.

        Args:
            name: Its id.
            read: Reads it from a folder; raises DataError where something is missing or wrong.

        Raises:
            NotFoundError: If there is no such result.
            DataError: What ``read`` raises of a folder that stayed in its place all the while.
        """
        folder = self.root / name
        for _ in range(_ATTEMPTS):
            try:
                with _held(folder) as in_place:
                    try:
                        return read(folder)
                    except DataError:
                        if in_place():
                            raise
            except (FileNotFoundError, NotADirectoryError):
                raise NotFoundError(f"there is no {self.kind} {name}", hint=self.hint) from None
            except OSError as error:
                raise DataError(f"{folder} could not be read: {error.strerror}") from error
        raise self._restless(name)

    def find(self, name: str, read: Callable[[Path], T]) -> T | None:
        """Read a result like :meth:`read`; None if there is none, or it is damaged."""
        try:
            return self.read(name, read)
        except (DataError, NotFoundError):
            return None

    def read_all(self, read: Callable[[Path], T]) -> list[tuple[str, T | DataError]]:
        """Read every result, what was written last first, and what is wrong with damaged ones.

        What is removed meanwhile is left out.
        """
        found: list[tuple[str, T | DataError]] = []
        for name in self.latest():
            try:
                found.append((name, self.read(name, read)))
            except DataError as error:
                found.append((name, error))
            except NotFoundError:
                continue
        return found

    def require_room(self) -> None:
        """See that a result can be kept, before hours are spent on it.

        Raises:
            DataError: If the disk refuses.
        """
        fresh = self._scratch("new")
        try:
            fresh.mkdir(parents=True)
        except OSError as error:
            raise DataError(
                f"the {self.kind} could not be stored: {error.strerror}",
                hint=f"check the space and the permissions of {self.root}",
            ) from error
        shutil.rmtree(fresh, ignore_errors=True)

    def remove(self, reference: str) -> str:
        """Delete a result, damaged or not, and return its id; errors as for ``resolve``."""
        found = self.resolve(reference)
        self._discard(self.root / found)
        return found

    def _scratch(self, purpose: str) -> Path:
        return self.root / f".{purpose}-{uuid.uuid4().hex}"

    def _publish(self, fresh: Path, target: Path, stays: Callable[[Path], bool]) -> None:
        """Put a finished folder in its place, whoever else is doing the same."""
        for _ in range(_ATTEMPTS):
            try:
                fresh.rename(target)
                return
            except OSError as error:
                # That it is gone again by now is no reason to give up.
                if error.errno not in _TAKEN and not target.exists():
                    raise
            if stays(target):
                return
            self._discard(target)
        raise self._restless(target.name)

    def _restless(self, name: str) -> DataError:
        return DataError(f"{self.kind} {name} was replaced again and again by other processes")

    def _discard(self, folder: Path) -> None:
        """Take a folder out of sight in one step, then delete it."""
        old = self._scratch("old")
        try:
            folder.rename(old)
        except FileNotFoundError:
            return
        shutil.rmtree(old, ignore_errors=True)

    def _tidy(self) -> None:
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


class ShelfStore:
    """What the stores of all kinds of results have in common.

    Args:
        shelf: Where they stand.

    Attributes:
        root: The folder; made on the first save.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.root = shelf.root
        self._shelf = shelf

    def ids(self) -> list[str]:
        """Return all ids, those of damaged results included."""
        return self._shelf.ids()

    def latest(self) -> list[str]:
        """Return the same, what was written last first."""
        return self._shelf.latest()

    def resolve(self, reference: str) -> str:
        """Find the full id that a prefix stands for.

        Raises:
            NotFoundError: If there is no such result.
            UsageError: If the prefix fits several, or is too short to mean one.
        """
        return self._shelf.resolve(reference)

    def require_room(self) -> None:
        """See that a result can be kept, before hours are spent on it.

        Raises:
            DataError: If the disk refuses.
        """
        self._shelf.require_room()

    def remove(self, reference: str) -> str:
        """Delete a result, damaged or not, and return its id; errors as for ``resolve``."""
        return self._shelf.remove(reference)


@contextmanager
def _held(folder: Path) -> Iterator[Callable[[], bool]]:
    """Hold a folder open, and tell whether its name still leads to it.

    While it is open, its inode is given to no other: without that, one deleted and one made within
    a tick of the file system's clock cannot be told apart. Windows neither opens folders nor
    renames one whose files are open.
    """
    handle = None if os.name == "nt" else os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        status = folder.stat() if handle is None else os.fstat(handle)

        def in_place() -> bool:
            try:
                return os.path.samestat(status, folder.stat())
            except FileNotFoundError:
                return False

        yield in_place
    finally:
        if handle is not None:
            os.close(handle)


def short_ids(ids: Iterable[str], least: int = 6) -> Sequence[str]:
    """Shorten ids to the fewest digits, the same number for all, that keep them apart."""
    whole = list(ids)
    length = least
    while len({each[: length + 2] for each in whole}) < len(set(whole)):
        length += 1
    return [each[: length + 2] for each in whole]
