"""What a value can be inside compiled code.

A kind is to this compiler what a type is to a C compiler. There are few on purpose: each one has
one meaning in Python and one in machine code, so that both ways of running agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number, a truth value or nothing."""

    name: str


NONE = Scalar("None")
BOOL = Scalar("bool")
INT = Scalar("int")
FLOAT = Scalar("float")

_RANK = {BOOL: 0, INT: 1, FLOAT: 2}


@dataclass(frozen=True, slots=True)
class Buffer:
    """Elements in a row (or in rows and columns): a list, a NumPy array or a memoryview.

    Attributes:
        origin: ``list``, ``array`` or ``view``; ``tuple`` for one of a module.
        dtype: NumPy's name of the element type, such as ``float64``.
        ndim: 1 or 2.
        writable: False for a read-only array; storing into one is refused.
        width: Elements in a row of a two-dimensional memoryview, 0 for any other: the columns of
            a table are part of its shape, so that looking at one needs no check. And 1 for a list
            of one element that is known to be one, see :func:`~.census.is_kernel`.
        alias: Number of its memory: two numbers never share an element; 0 may share with any.
    """

    origin: str
    dtype: str
    ndim: int = 1
    writable: bool = True
    width: int = 0
    alias: int = 0


@dataclass(frozen=True, slots=True)
class Kernel:
    """Another kernel; ``index`` is its place in the shape's tuple of structs."""

    index: int


@dataclass(frozen=True, slots=True)
class Kernels:
    """A list of kernels that look alike; ``index`` is their place in the shape's structs."""

    index: int


@dataclass(frozen=True, slots=True)
class Tuple:
    """A fixed number of values, each with its own kind."""

    items: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something compiled code may not touch; ``what`` says in words what it is."""

    what: str


class Static:
    """A Python object known when compiling: a module, a function, a class, a constant array."""

    __slots__ = ("obj",)

    def __init__(self, obj: Any) -> None:
        self.obj = obj

    def __eq__(self, other: object) -> bool:
        """Two are equal when they hold the very same object."""
        return isinstance(other, Static) and self.obj is other.obj

    def __hash__(self) -> int:
        return id(self.obj)


Kind = Scalar | Buffer | Kernel | Kernels | Tuple | Opaque | Static


def is_number(kind: Kind) -> bool:
    """Return True for bool, int and float, the kinds arithmetic takes."""
    return kind in _RANK


def join(first: Kind, second: Kind) -> Kind | None:
    """Return the kind that holds values of both, or None when there is none."""
    if first == second:
        return first
    if isinstance(first, Scalar) and isinstance(second, Scalar):
        if first in _RANK and second in _RANK:
            return max(first, second, key=_RANK.__getitem__)
        return None
    if isinstance(first, Buffer) and isinstance(second, Buffer):
        anywhere, other = (_anywhere(one, first.width == second.width) for one in (first, second))
        return anywhere if anywhere == other else None
    if (
        isinstance(first, Tuple)
        and isinstance(second, Tuple)
        and len(first.items) == len(second.items)
    ):
        joined = [join(one, other) for one, other in zip(first.items, second.items, strict=True)]
        kinds = tuple(kind for kind in joined if kind is not None)
        return Tuple(kinds) if len(kinds) == len(joined) else None
    return None


def _anywhere(kind: Buffer, equally_wide: bool) -> Buffer:
    """Return a kind without the number of its memory, and without the length of a list."""
    known = equally_wide or kind.ndim == 2  # a table keeps its columns
    return replace(kind, alias=0, width=kind.width if known else 0)


def slots(kind: Kind) -> int:
    """Return how many 8-byte slots of a struct a field of this kind takes."""
    if isinstance(kind, Tuple):
        return sum(slots(item) for item in kind.items)
    if isinstance(kind, Buffer):
        return 1 + kind.ndim  # address, then the length of each dimension
    if isinstance(kind, Kernels):
        return 2  # address of their addresses, then how many
    if isinstance(kind, Kernel) or kind in _RANK:
        return 1
    return 0


def describe(kind: Kind) -> str:
    """Return the kind in the words of an error message."""
    match kind:
        case Scalar():
            return "None" if kind == NONE else f"{'an' if kind == INT else 'a'} {kind.name}"
        case Buffer(origin="list" | "tuple"):
            return f"a {kind.origin} of {kind.dtype.rstrip('0123456789')}s"
        case Buffer():
            name = "a NumPy array" if kind.origin == "array" else "a memoryview"
            return f"{name} of {kind.dtype}"
        case Kernel():
            return "a kernel"
        case Kernels():
            return "a list of kernels"
        case Tuple():
            return f"a tuple of {len(kind.items)}"
        case Opaque():
            return kind.what
        case Static():
            own = getattr(kind.obj, "__name__", "")
            return f"{type(kind.obj).__name__} {own}" if own else f"{kind.obj!r:.40}"
