"""What a core is stepped with."""

from __future__ import annotations

from typing import Any

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor


class Received(msgspec.Struct, frozen=True):
    """A message or a notice from one end of a channel.

    Attributes:
        port: Name of the node at the other end; whatever begins with ``control`` is answered at
            the port it was asked at.
        message: What was received.
    """

    port: str
    message: Any


class Datum(msgspec.Struct, frozen=True):
    """A message of the market stream with its place."""

    at: Cursor
    message: Any


class Missed(msgspec.Struct, frozen=True):
    """Messages of the market stream are missing before the place ``found``."""

    found: Cursor


class Woken(msgspec.Struct, frozen=True):
    """Nothing but time has passed."""


Input = Received | Datum | Missed | Woken
