"""Pages of bars on their way into the catalog: each on disk at once, all of them merged later.

Rewriting a long series for every page would take ever longer. So a page becomes a small file, in
one step, in a folder of its series; whoever comes next, even after the power was cut, merges what
is there. Merging the same bars twice changes nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile

import numpy as np

from tradectl_sdk.data.bars import COLUMNS, Bars
from tradectl_sdk.data.manifest import instrument_from_dict, instrument_to_dict
from tradectl_sdk.data.merging import finer, regrid
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.data.catalog import Catalog
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe

SPOOL: Final = ".pulled"
_PAGE: Final = "page-*.npz"


class Spool:
    """Pages of one series that wait to be merged.

    Args:
        catalog: Where the series belongs.
        instrument: Its id.
        timeframe: Length of a bar.
    """

    def __init__(self, catalog: Catalog, instrument: str, timeframe: Timeframe) -> None:
        place = catalog.folder(instrument, timeframe).relative_to(catalog.root)
        self.folder = catalog.root / SPOOL / place
        self.timeframe = timeframe

    def add(self, bars: Bars) -> None:
        """Put a page on disk, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        terms = json.dumps(instrument_to_dict(bars.instrument))
        unfinished = self.folder / f".{secrets.token_hex(4)}"
        with unfinished.open("wb") as file:
            columns = {name: getattr(bars, name) for name in COLUMNS}
            np.savez(file, terms=np.frombuffer(terms.encode(), np.uint8), **columns)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / f"page-{int(bars.time[0]):020d}.npz")

    def bars(self) -> Bars | None:
        """Return everything that waits as one series, None when there is nothing.

        Raises:
            DataError: If a page is damaged, which a crash does not do.
        """
        pages = [self._page(path) for path in sorted(self.folder.glob(_PAGE))]
        if not pages:
            return None
        instrument = pages[0].instrument
        for page in pages[1:]:
            instrument = finer(instrument, page.instrument)
        joined = [regrid(page, instrument) for page in pages]
        columns = {name: np.concatenate([getattr(p, name) for p in joined]) for name in COLUMNS}
        _, rows = np.unique(columns["time"], return_index=True)
        return Bars(
            instrument=instrument,
            timeframe=self.timeframe,
            **{name: column[rows] for name, column in columns.items()},
        )

    def clear(self) -> None:
        """Forget what waited, after it was merged."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _page(self, path: Path) -> Bars:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                instrument = _terms(stored["terms"].tobytes())
                columns = {name: stored[name] for name in COLUMNS}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(
                f"{path} was no page of bars: {error}", hint="delete it and pull again"
            ) from error
        return Bars(instrument=instrument, timeframe=self.timeframe, **columns)


def _terms(text: bytes) -> Instrument:
    return instrument_from_dict(json.loads(text.decode()))
