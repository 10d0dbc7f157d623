"""Read the metadata of installed distributions: what plugins there are, without importing any.

Reads the folders itself. ``importlib.metadata`` costs forty modules at start-up, parses every
distribution alike and does not say which one it failed on; here a distribution that has nothing
to do with tradectl is left alone, and one that has is named when something is wrong with it.
"""

from __future__ import annotations

import configparser
import functools
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tradectl_sdk.errors import pip_install
from tradectl_sdk.plugins.names import normalise_name
from tradectl_sdk.plugins.records import Phase, PluginFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_OURS: Final = re.compile(rb"^\s*\[\s*tradectl\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What an installed distribution says about itself.

    Attributes:
        name: Its name as its author wrote it.
        version: Its version.
        summary: One line about it.
        requires: Its lines of Requires-Dist.
        entry_points: Group -> name -> reference, for the groups of tradectl only.
    """

    name: str
    version: str
    summary: str
    requires: tuple[str, ...]
    entry_points: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What the folders on the path hold, sorted by name whatever the order of installation."""

    distributions: tuple[Distribution, ...]
    failures: tuple[PluginFailure, ...]


def scan(path: Sequence[str | Path] | None = None) -> Scan:
    """Read the distributions that have to do with tradectl.

    The result is kept until one of the folders changes.

    Args:
        path: Folders to look in, first come first served; ``sys.path`` when None.
    """
    folders = (Path(entry) for entry in (sys.path if path is None else path))
    return _scan(tuple(_with_time(folders)))


def _with_time(folders: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    for folder in folders:
        try:
            yield folder.absolute(), folder.stat().st_mtime_ns
        except OSError:  # sys.path may name folders that are not there
            continue


@functools.lru_cache(maxsize=8)
def _scan(state: tuple[tuple[Path, int], ...]) -> Scan:
    distributions: list[Distribution] = []
    failures: list[PluginFailure] = []
    seen: set[str] = set()
    for folder, _time in state:
        groups = _metadata_folders(folder)
        for name in groups.keys() - seen:
            _read_into(groups[name], distributions, failures)
        seen |= groups.keys()
    return Scan(
        distributions=tuple(sorted(distributions, key=lambda dist: normalise_name(dist.name))),
        failures=tuple(sorted(failures, key=lambda failure: failure.distribution)),
    )


def _metadata_folders(folder: Path) -> dict[str, list[Path]]:
    """Return normalised distribution name -> its metadata folders, of which there should be one."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.dist-info")):
        if path.name.startswith("~"):  # pip renames what it is about to remove
            continue
        found.setdefault(normalise_name(_name_and_version(path)[0]), []).append(path)
    return found


def _name_and_version(folder: Path) -> tuple[str, str]:
    name, _, version = folder.stem.partition("-")
    return name.replace("_", "-"), version


def _read_into(
    folders: Sequence[Path], distributions: list[Distribution], failures: list[PluginFailure]
) -> None:
    """Read one distribution, and add it to one list or the other if it concerns tradectl."""
    folder = folders[-1]
    try:
        raw = _entry_points_file(folders)
        if raw is None:
            return
        distributions.append(_read(folders, raw))
    except _BrokenError as error:
        name, version = _name_and_version(folder)
        failures.append(
            PluginFailure(
                plugin="",
                distribution=name,
                version=version,
                phase=Phase.DISCOVER,
                message=str(error),
                hint=pip_install(f"--force-reinstall --no-deps {name}"),
                cause=error.__cause__,
            )
        )


class _BrokenError(Exception):
    """The metadata of one distribution cannot be used."""


def _entry_points_file(folders: Sequence[Path]) -> bytes | None:
    """Return the entry points if they are any of our business."""
    for folder in reversed(folders):
        try:
            raw = (folder / "entry_points.txt").read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            if not folder.name.startswith("tradectl"):
                continue
            raise _BrokenError(f"entry_points.txt cannot be read: {error.strerror}") from error
        if _OURS.search(raw):
            return raw
        # What cannot be read may still be meant for us when the name says so
        if folder.name.startswith("tradectl"):
            _decode(raw, "entry_points.txt")
    return None


def _read(folders: Sequence[Path], raw: bytes) -> Distribution:
    if len(folders) > 1:
        versions = " and ".join(_name_and_version(folder)[1] for folder in folders)
        raise _BrokenError(f"versions {versions} are installed in one folder")
    folder = folders[0]
    groups = _parse_entry_points(raw)
    headers = _parse_headers(folder)
    name, version = _name_and_version(folder)
    return Distribution(
        name=headers.get("name", [name])[0],
        version=headers.get("version", [version])[0],
        summary=headers.get("summary", [""])[0],
        requires=tuple(headers.get("requires-dist", ())),
        entry_points=groups,
    )


def _decode(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _BrokenError(f"{file} is not UTF-8: {error.reason} at byte {error.start}") from error


def _parse_entry_points(raw: bytes) -> dict[str, dict[str, str]]:
    """Parse ``entry_points.txt``, an INI file whose names are case sensitive.

    https://packaging.python.org/specifications/entry-points
    """
    parser = configparser.ConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), interpolation=None, default_section=""
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(_decode(raw, "entry_points.txt"), "entry_points.txt")
    except configparser.Error as error:
        reason = " ".join(str(error).split())
        raise _BrokenError(f"entry_points.txt cannot be parsed: {reason}") from error
    ours = (group for group in parser.sections() if group.split(".")[0] == "tradectl")
    return {group: dict(parser.items(group)) for group in ours}


def _parse_headers(folder: Path) -> dict[str, list[str]]:
    """Return header -> values from ``METADATA``, lower-cased; bodies and continuations are left.

    https://packaging.python.org/specifications/core-metadata
    """
    try:
        text = _decode((folder / "METADATA").read_bytes(), "METADATA")
    except OSError as error:
        raise _BrokenError(f"METADATA cannot be read: {error.strerror}") from error
    headers: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            headers.setdefault(key.strip().lower(), []).append(value.strip())
    for required in ("name", "version"):
        if not headers.get(required, [""])[0]:
            raise _BrokenError(f"METADATA has no {required.title()}")
    return headers
