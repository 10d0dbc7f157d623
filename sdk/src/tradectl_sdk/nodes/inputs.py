"""What a core is stepped with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import Cursor


@dataclass(frozen=True, slots=True)
class Received:
    """A message or a notice from one end of a channel.

    Attributes:
        port: Name of the node at the other end; whatever begins with ``control`` is answered at
            the port it was asked at.
        message: What was received.
    """

    port: str
    message: Any


@dataclass(frozen=True, slots=True)
class Datum:
    """A message of the market stream with its place."""

    at: Cursor
    message: Any


@dataclass(frozen=True, slots=True)
class Missed:
    """Messages of the market stream are missing before the place ``found``."""

    found: Cursor


@dataclass(frozen=True, slots=True)
class Woken:
    """Nothing but time has passed."""


Input = Received | Datum | Missed | Woken
