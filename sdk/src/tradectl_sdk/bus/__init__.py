"""How nodes talk: messages, channels that lose nothing, streams that never lose in silence."""

from __future__ import annotations

from tradectl_sdk.bus.link import Channel, Gap, PeerChanged, PeerLost, Publisher, Subscriber

__all__ = ["Channel", "Gap", "PeerChanged", "PeerLost", "Publisher", "Subscriber"]
