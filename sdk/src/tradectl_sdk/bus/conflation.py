"""A queue in which the latest of a topic takes the place of what nobody has read yet."""

from __future__ import annotations

from collections import deque
from typing import Any

from msgspec.structs import replace

from tradectl_sdk.bus.messages.wire import Item


class ConflatingQueue:
    """Items and events in order; an item with a topic replaces an unread one of the same topic.

    What follows a replaced item takes over its ``after``, so that whoever reads still sees an
    unbroken row, and a hole in it is a loss and not conflation.

    Attributes:
        conflated: Items that were replaced unread.
    """

    __slots__ = ("_after", "_entries", "_latest", "_live", "conflated")

    def __init__(self) -> None:
        self._entries: deque[list[Any]] = deque()  # [what, whether it was replaced]
        self._latest: dict[str, list[Any]] = {}
        self._live = 0
        self._after: int | None = None  # of the first item that was replaced since the last pop
        self.conflated = 0

    def push(self, what: Any) -> None:
        """Add an item or an event at the end."""
        entry = [what, False]
        if isinstance(what, Item) and what.topic:
            older = self._latest.get(what.topic)
            if older is not None:
                older[1] = True
                self.conflated += 1
                self._live -= 1
            self._latest[what.topic] = entry
        self._entries.append(entry)
        self._live += 1

    def push_back(self, what: Any) -> None:
        """Put an event or an item taken a moment ago in front again."""
        self._entries.appendleft([what, False])
        self._live += 1

    def pop(self) -> Any | None:
        """Take the oldest, or None."""
        while self._entries:
            entry = self._entries.popleft()
            what, is_replaced = entry
            if is_replaced:
                self._after = what.after if self._after is None else self._after
                continue
            self._live -= 1
            return self._unbroken(what, entry) if isinstance(what, Item) else what
        return None

    def _unbroken(self, item: Item, entry: list[Any]) -> Item:
        if item.topic and self._latest.get(item.topic) is entry:
            del self._latest[item.topic]
        after, self._after = self._after, None
        return item if after is None else replace(item, after=after)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._latest.clear()
        self._live = 0
        self._after = None

    def __len__(self) -> int:
        """How much there is to take."""
        return self._live
