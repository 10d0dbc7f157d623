"""What a core asks its shell to do."""

from __future__ import annotations

from typing import Any

import msgspec


class Effects(msgspec.Struct):
    """What one or several steps want done, in this order.

    Attributes:
        records: What must be durable before anything below happens.
        messages: Port and message, in order per port.
        calls: What is to be asked of the exchange; only a gateway has any.
        wake: The time at which the core wants to be stepped at the latest, or None.
    """

    records: list[Any] = []
    messages: list[tuple[str, Any]] = []
    calls: list[Any] = []
    wake: int | None = None

    def wake_at(self, time: int) -> None:
        """Ask to be woken at a time, or earlier if something already does."""
        self.wake = time if self.wake is None else min(self.wake, time)
