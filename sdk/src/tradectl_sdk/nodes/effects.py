"""What a core asks its shell to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Effects:
    """What one or several steps want done, in this order.

    Attributes:
        records: What must be durable before anything below happens.
        messages: Port and message, in order per port.
        calls: What is to be asked of the exchange; only a gateway has any.
        wake: The time at which the core wants to be stepped at the latest, or None.
    """

    records: list[Any] = field(default_factory=list)
    messages: list[tuple[str, Any]] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)
    wake: int | None = None

    def wake_at(self, time: int) -> None:
        """Ask to be woken at a time, or earlier if something already does."""
        self.wake = time if self.wake is None else min(self.wake, time)
