"""What a report leaves on the disk: its page, and what it shows as files for other programs."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.errors import DataError
from tradectl_sdk.report.exporting import svg_files
from tradectl_sdk.report.pixels import draws_letters, png_renderer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.report.contents import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """What a report left beside its page.

    Attributes:
        missing: What it lacks, and why.
        pictures: The charts as SVG files, if they were asked for.
        images: The charts as PNG files, if they were asked for.
        numbers: The CSV files, if they were asked for.
    """

    missing: tuple[str, ...] = ()
    pictures: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    numbers: tuple[Path, ...] = ()


class ExportFolders:
    """The folders in which somebody wants what a page shows; None for what nobody wants.

    Args:
        svg: For the charts as SVG files that stand alone.
        png: For the charts as PNG files.
        csv: For the numbers as CSV files.

    Raises:
        UsageError: If PNG files are wanted and what draws them is not installed.
    """

    def __init__(
        self, svg: str | Path | None, png: str | Path | None, csv: str | Path | None
    ) -> None:
        self._svg, self._png, self._csv = (
            None if one is None else Path(one) for one in (svg, png, csv)
        )
        self._render = None if png is None else png_renderer()

    def write(
        self,
        sections: Iterable[Section],
        numbers: Iterable[tuple[str, str]],
        more: Iterable[tuple[str, str]] = (),
    ) -> Exports:
        """Write what is wanted.

        Args:
            sections: The charts of these.
            numbers: CSV files, as (file name, text) pairs.
            more: Pictures that are no charts of a section, as (file name, SVG text) pairs.

        Raises:
            DataError: If a file cannot be written.
        """
        pictures = [*svg_files(sections), *more] if self._svg or self._png else []
        missing = []
        if self._render is not None and not draws_letters(self._render):
            missing.append("The PNG files have no words: this machine has no fonts.")
        return Exports(
            missing=tuple(missing),
            pictures=_written(self._svg, pictures),
            images=self._images(pictures),
            numbers=() if self._csv is None else _written(self._csv, numbers),
        )

    def _images(self, pictures: Iterable[tuple[str, str]]) -> tuple[Path, ...]:
        render = self._render
        if render is None:
            return ()
        named = ((f"{name.removesuffix('.svg')}.png", render(text)) for name, text in pictures)
        return _written(self._png, named)


def write_whole(target: Path, content: str | bytes) -> None:
    """Write a file so that it appears complete or not at all.

    Raises:
        DataError: If the disk refused; what was there before is left as it was.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{target} could not be written: {error.strerror}",
            hint="check the space and the permissions of its folder",
        ) from error


def _written(folder: Path | None, files: Iterable[tuple[str, str | bytes]]) -> tuple[Path, ...]:
    if folder is None:
        return ()
    written = []
    for name, content in files:
        write_whole(folder / name, content)
        written.append(folder / name)
    return tuple(written)
