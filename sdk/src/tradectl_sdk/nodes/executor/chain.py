"""The chain that ties records together, and the small file that remembers its end.

Each record's link is the hash of the link before it and of its own bytes. So a record that was
changed, left out or put in breaks the chain at its place. What a chain alone cannot show is that
its end is missing: a damaged tail looks like a shorter chain. The *head*, a file of 36 bytes beside
the journal, says how far the chain had got. It is written after each commit and never waited for:
after a crash it may be behind the journal, never ahead of it.
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LINK = 16
START = bytes(LINK)
_FORM = struct.Struct(f"<q{LINK}s")
_CHECK = 12


def follow(link: bytes, body: bytes) -> bytes:
    """Return the link of a record after the one with ``link``."""
    return follow_all(link, (body,))[0]


def follow_all(link: bytes, bodies: Iterable[bytes]) -> list[bytes]:
    """Return the links of records that come one after another, the first after ``link``."""
    links = []
    for body in bodies:
        link = hashlib.blake2b(body, digest_size=LINK, key=link).digest()
        links.append(link)
    return links


class Head:
    """The end of the chain, as far as it has been written down."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def read(self) -> tuple[int, bytes] | None:
        """Return the number and link of the last record; None if the file holds nothing whole."""
        found = os.pread(self._descriptor, _FORM.size + _CHECK, 0)
        body, check = found[: _FORM.size], found[_FORM.size :]
        if len(body) < _FORM.size or check != _checked(body):
            return None
        seq, link = _FORM.unpack(body)
        return seq, link

    def write(self, seq: int, link: bytes) -> None:
        """Remember the end of the chain."""
        body = _FORM.pack(seq, link)
        os.pwrite(self._descriptor, body + _checked(body), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _checked(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK).digest()
