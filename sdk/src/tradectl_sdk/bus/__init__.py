"""How nodes talk: messages, channels that lose nothing, streams that never lose in silence.

What a core needs is imported with the room; what needs an event loop or ZeroMQ, on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import (
    Channel,
    Fresh,
    Gap,
    PeerBack,
    PeerChanged,
    PeerLost,
    Publisher,
    Stale,
    Subscriber,
)

if TYPE_CHECKING:
    from tradectl_sdk.bus.channel import ChannelCore
    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.in_process import in_process_pair, in_process_stream
    from tradectl_sdk.bus.publishing import PublisherCore, StreamLimits
    from tradectl_sdk.bus.subscribing import SubscriberCore
    from tradectl_sdk.bus.window import ChannelLimits

# Public name -> module it lives in, for what is imported on first use.
_HOMES = {
    "ChannelCore": "channel",
    "ChannelLimits": "window",
    "Identity": "identity",
    "PublisherCore": "publishing",
    "StreamLimits": "publishing",
    "SubscriberCore": "subscribing",
    "in_process_pair": "in_process",
    "in_process_stream": "in_process",
}

__all__ = [
    "Channel",
    "ChannelCore",
    "ChannelLimits",
    "Fresh",
    "Gap",
    "Identity",
    "PeerBack",
    "PeerChanged",
    "PeerLost",
    "Publisher",
    "PublisherCore",
    "Stale",
    "StreamLimits",
    "Subscriber",
    "SubscriberCore",
    "in_process_pair",
    "in_process_stream",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
