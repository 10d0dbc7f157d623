"""What goes wrong between nodes."""

from __future__ import annotations

from tradectl_sdk.errors.base import ExitStatus, TradectlError


class BusError(TradectlError):
    """Two nodes of a session cannot talk to each other.

    An address is wrong or taken, a key file can be read by others, or tcp was asked for without
    keys. Nothing was sent. Nodes on one machine meet in a folder that only their user may enter;
    across machines each needs its own key and the public keys of the others.
    """

    code = "BUS"
    exit_status = ExitStatus.EXCHANGE


class FrameError(BusError):
    """What one node sent to another is not a message, or not one that may be said there.

    The message names what is wrong: the frame is too large, cut off, damaged, of another version,
    or belongs to a conversation that its sender has no part in. Nothing of it was used. Nodes of
    one session run the same version of tradectl; if they do, somebody else is at the address.
    """

    code = "FRAME"


class ChannelFullError(BusError):
    """A node does not take what it is told, and there is no room for more.

    Nothing was dropped: what was sent before is still waiting, this message was not accepted.
    Whoever meets this stops trading, because executions and orders are never left out. Look at
    the other node's log and state; it hangs, or is far too slow.
    """

    code = "CHANNEL_FULL"


class ChannelClosedError(BusError):
    """A message was to be sent or received on a channel that had been closed."""

    code = "CHANNEL_CLOSED"
