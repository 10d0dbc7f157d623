"""A compiled unit, as it is kept and called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Merges: TypeAlias = "tuple[tuple[int, int], ...]"


@dataclass(frozen=True, slots=True)
class RaiseSite:
    """A place in the source where compiled code can raise."""

    exception: str
    message: str
    function: str
    filename: str
    line: int


@dataclass(frozen=True, slots=True)
class Program:
    """Object code and what has to be known to call it.

    Attributes:
        code: Object code for this processor.
        entry: The symbol to call: ``int32 entry(void *result, void *kernel)``.
        symbols: The functions of the C library the code needs.
        raises: The places that can raise; status ``n`` means the ``n``-th of them.
        stored: Struct number and name of each attribute the code may change.
        returns: Name of the kind the entry returns.
        merges: Pairs of structs taken for one; see :mod:`.merging`.
    """

    code: bytes
    entry: str
    symbols: tuple[str, ...]
    raises: tuple[RaiseSite, ...]
    stored: frozenset[tuple[int, str]]
    returns: str
    merges: Merges = ()
