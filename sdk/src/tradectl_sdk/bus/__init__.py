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
    from tradectl_sdk.bus.address import Address, StreamAddress
    from tradectl_sdk.bus.channel import ChannelCore
    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.in_process import in_process_pair, in_process_stream
    from tradectl_sdk.bus.keys import BusKeys, generate_keys, make_keys, read_keys
    from tradectl_sdk.bus.publishing import PublisherCore, StreamLimits
    from tradectl_sdk.bus.subscribing import SubscriberCore
    from tradectl_sdk.bus.window import ChannelLimits
    from tradectl_sdk.bus.zeromq.dialling import zeromq_channel
    from tradectl_sdk.bus.zeromq.listening import Listener, zeromq_listener
    from tradectl_sdk.bus.zeromq.publishing import zeromq_publisher
    from tradectl_sdk.bus.zeromq.subscribing import zeromq_subscriber

# Public name -> module it lives in, for what is imported on first use.
_HOMES = {
    "Address": "address",
    "BusKeys": "keys",
    "ChannelCore": "channel",
    "ChannelLimits": "window",
    "Identity": "identity",
    "Listener": "zeromq.listening",
    "PublisherCore": "publishing",
    "StreamAddress": "address",
    "StreamLimits": "publishing",
    "SubscriberCore": "subscribing",
    "generate_keys": "keys",
    "in_process_pair": "in_process",
    "in_process_stream": "in_process",
    "make_keys": "keys",
    "read_keys": "keys",
    "zeromq_channel": "zeromq.dialling",
    "zeromq_listener": "zeromq.listening",
    "zeromq_publisher": "zeromq.publishing",
    "zeromq_subscriber": "zeromq.subscribing",
}

__all__ = [
    "Address",
    "BusKeys",
    "Channel",
    "ChannelCore",
    "ChannelLimits",
    "Fresh",
    "Gap",
    "Identity",
    "Listener",
    "PeerBack",
    "PeerChanged",
    "PeerLost",
    "Publisher",
    "PublisherCore",
    "Stale",
    "StreamAddress",
    "StreamLimits",
    "Subscriber",
    "SubscriberCore",
    "generate_keys",
    "in_process_pair",
    "in_process_stream",
    "make_keys",
    "read_keys",
    "zeromq_channel",
    "zeromq_listener",
    "zeromq_publisher",
    "zeromq_subscriber",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
