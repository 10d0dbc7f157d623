"""Hashes of what bars say: the same however they are cut into files, and quick to carry on.

A series is hashed in blocks of so many bars. When newer bars come, the blocks in front of them keep
their hashes, so nothing of a long series is read again but its last block.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.bars import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tradectl_sdk.data.bars import IntColumn

BLOCK = 122_880  # bars; as many as in a row group of the files


@dataclass(frozen=True, slots=True)
class Block:
    """Bars that are hashed together: as many as every other block, but for the last.

    Attributes:
        first: Open time of its first bar, nanoseconds UTC.
        hash: SHA-256 of its values.
    """

    first: int
    hash: str


def hash_blocks(chunks: Iterable[Mapping[str, IntColumn]]) -> Iterator[Block]:
    """Hash the values of bars that come in chunks, however they are cut.

    The hash of a block is SHA-256 over the SHA-256 of each column's little-endian int64 bytes.
    """
    digests, rows, first = _empty(), 0, 0
    for columns in chunks:
        at, size = 0, len(columns["time"])
        while at < size:
            first = first if rows else int(columns["time"][at])
            stop = min(size, at + BLOCK - rows)
            for name, digest in digests.items():
                digest.update(np.ascontiguousarray(columns[name][at:stop], "<i8").data)
            rows, at = rows + stop - at, stop
            if rows == BLOCK:
                yield Block(first, _joined(d.hexdigest() for d in digests.values()))
                digests, rows = _empty(), 0
    if rows:
        yield Block(first, _joined(d.hexdigest() for d in digests.values()))


def hash_columns(blocks: Sequence[Block]) -> str:
    """SHA-256 of the values of all blocks together, in hexadecimal."""
    return _joined(block.hash for block in blocks)


def _empty() -> dict[str, hashlib._Hash]:
    return {name: hashlib.sha256() for name in COLUMNS}


def _joined(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()
