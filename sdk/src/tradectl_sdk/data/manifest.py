"""What the catalog knows about a series without opening its data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.data.hashing import Block
from tradectl_sdk.domain.instrument import Instrument, InstrumentId
from tradectl_sdk.domain.money import plain
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "tradectl.series/2"
MANIFEST = "manifest.json"  # its file name; readers trust only what it names


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a series came from, and what was assumed or changed on the way.

    Attributes:
        source: File name, data source or generator.
        source_hash: SHA-256 of the source file; empty when there was none.
        assumptions: Sentences about everything that was inferred rather than given.
        repairs: How often each repair rule changed something.
        accepted: Rules whose findings were declared genuine.
    """

    source: str
    source_hash: str = ""
    assumptions: tuple[str, ...] = ()
    repairs: dict[str, int] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the files that hold the bars of a series, one after the other.

    Attributes:
        file: Its name.
        hash: SHA-256 of the file.
        rows: Number of bars.
        first: Open time of the first bar, nanoseconds UTC.
        last: Open time of the last bar, nanoseconds UTC.
    """

    file: str
    hash: str
    rows: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesInfo:
    """One series of the catalog.

    Attributes:
        instrument: Definition the stored ticks and lots refer to.
        timeframe: Length of a bar.
        kind: What is stored; ``bars``.
        rows: Number of bars.
        first: Open time of the first bar, nanoseconds UTC.
        last: Open time of the last bar, nanoseconds UTC.
        columns_hash: SHA-256 of the stored values.
        blocks: What it was made of.
        parts: The files of its bars, oldest first.
        files: Role (``gaps``, ``repairs``) to file name.
        hashes: Role to SHA-256 of that file.
        gaps: Number of gaps.
        missing: Number of bars missing in them.
        provenance: Where it came from.
    """

    instrument: Instrument
    timeframe: Timeframe
    kind: str = "bars"
    rows: int
    first: int
    last: int
    columns_hash: str
    blocks: tuple[Block, ...]
    parts: tuple[Part, ...]
    files: dict[str, str]
    hashes: dict[str, str]
    gaps: int
    missing: int
    provenance: Provenance

    @property
    def instrument_id(self) -> InstrumentId:
        """``SYMBOL.VENUE``."""
        return self.instrument.id

    @property
    def named(self) -> dict[str, str]:
        """Every file of the series, by name, with the SHA-256 it must have."""
        others = {name: self.hashes[role] for role, name in self.files.items()}
        return {part.file: part.hash for part in self.parts} | others

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything the numbers mean; part of a run's identity."""
        meaning = [
            SCHEMA,
            self.kind,
            self.instrument.id,
            str(self.timeframe),
            plain(self.instrument.tick_size),
            plain(self.instrument.lot_size),
            self.columns_hash,
        ]
        return hashlib.sha256("\n".join(meaning).encode()).hexdigest()

    def to_json(self) -> str:
        """Write the manifest; decimals are exact strings."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        data |= {
            "schema": SCHEMA,
            "content_hash": self.content_hash,
            "instrument": instrument_to_dict(self.instrument),
            "timeframe": str(self.timeframe),
            "blocks": [dataclasses.astuple(block) for block in self.blocks],
            "parts": [dataclasses.asdict(part) for part in self.parts],
            "provenance": dataclasses.asdict(self.provenance),
        }
        return json.dumps(data, indent=1, sort_keys=True) + "\n"


def read_manifest(path: Path) -> SeriesInfo:
    """Read a manifest.

    Raises:
        DataError: If it is damaged, or from another version of the format.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("schema") != SCHEMA:
            raise DataError(f"{path} was of another format, expected {SCHEMA}")
        expected = data.pop("content_hash")
        info = _from_dict(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} was not a manifest: {error!r}", hint="import the series again"
        ) from error
    if info.content_hash != expected:
        raise DataError(
            f"{path} was changed by hand: its content hash does not fit its contents",
            hint="import the series again",
        )
    return info


def _from_dict(data: dict[str, Any]) -> SeriesInfo:
    origin = dict(data.pop("provenance"))
    for name in ("assumptions", "accepted"):
        origin[name] = tuple(origin[name])
    instrument = instrument_from_dict(data.pop("instrument"))
    timeframe = Timeframe.parse(data.pop("timeframe"))
    return SeriesInfo(
        instrument=instrument,
        timeframe=timeframe,
        provenance=Provenance(**origin),
        blocks=tuple(Block(*block) for block in data.pop("blocks")),
        parts=tuple(Part(**part) for part in data.pop("parts")),
        **data,
    )


def instrument_to_dict(instrument: Instrument) -> dict[str, str | int]:
    """Write an instrument's definition with decimals as exact text."""
    values = dataclasses.asdict(instrument)
    return {k: plain(v) if isinstance(v, Decimal) else v for k, v in values.items()}


def instrument_from_dict(values: dict[str, str | int]) -> Instrument:
    """Read what :func:`instrument_to_dict` wrote."""
    decimals = {f.name for f in dataclasses.fields(Instrument) if f.type == "Decimal"}
    known: dict[str, Any] = {k: Decimal(v) if k in decimals else v for k, v in values.items()}
    return Instrument(**known)
