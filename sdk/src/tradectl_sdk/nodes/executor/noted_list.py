"""A list that knows which of its elements were changed, so that nobody has to compare them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class NotedList(list[Any]):
    """Keeps what was in every place that was written to since :meth:`settle`.

    Setting an element costs the same however long the list is. Whatever else changes a list, such
    as ``append`` or ``sort``, is noticed too, at the price of a copy.

    Attributes:
        is_moved: Whether something was written to it since it was settled.
    """

    __slots__ = ("_before", "_former", "is_moved")

    def __init__(self, elements: Iterable[Any]) -> None:
        super().__init__(elements)
        self.is_moved = False
        self._former: dict[int, Any] = {}  # place -> what was there
        self._before: list[Any] | None = None  # all of it, where places may have moved

    def __setitem__(self, place: Any, value: Any) -> None:
        self.is_moved = True
        if self._before is None:
            if isinstance(place, int) and -len(self) <= place < len(self):
                where = place % len(self)
                self._former.setdefault(where, self[where])
            else:
                self._before = self.former()
        super().__setitem__(place, value)

    def former(self) -> list[Any]:
        """Return a plain list of what it was when it was settled."""
        if self._before is not None:
            return self._before
        whole = list(self)
        for place, value in self._former.items():
            whole[place] = value
        return whole

    def changed(self) -> list[int]:
        """Return the places that hold something else than when it was settled."""
        if self._before is not None:
            pairs = enumerate(zip(self, self._before, strict=False))
            return [place for place, (now, then) in pairs if now != then]
        return [place for place, then in self._former.items() if self[place] != then]

    def settle(self) -> None:
        """Take what it holds now for what it was."""
        self.is_moved = False
        self._former.clear()
        self._before = None

    def undo(self) -> None:
        """Hold again what it held when it was settled."""
        if self._before is not None:
            super().__setitem__(slice(None), self._before)
        else:
            for place, value in self._former.items():
                super().__setitem__(place, value)
        self.settle()


def _noting(name: str) -> Callable[..., Any]:
    """Return a method of lists that keeps a copy before it moves what is in them."""
    plain = getattr(list, name)

    def act(self: NotedList, *arguments: Any, **options: Any) -> Any:
        self.is_moved = True
        if self._before is None:
            self._before = self.former()
        return plain(self, *arguments, **options)

    return act


for _name in (
    *("__delitem__", "__iadd__", "__imul__", "append", "clear", "extend", "insert", "pop"),
    *("remove", "reverse", "sort"),
):
    setattr(NotedList, _name, _noting(_name))
