"""Counting what two nodes have told each other in their present lives."""

from __future__ import annotations

from typing import Any

from tradectl_sdk.bus.link import NOTICES, PeerChanged
from tradectl_sdk.bus.messages.control import Traffic


class Tally:
    """The messages between a node and one other.

    Args:
        peer: The other one's name.
    """

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._met = False
        self._sent = self._handled = 0

    def sent(self) -> None:
        """Count a message that was sent."""
        self._sent += 1

    def handled(self, message: Any) -> None:
        """Count a message that has been dealt with.

        When the peer is in another life, counting begins anew: what was sent before this node knew
        went to nobody. What was sent before the first peer was met went to it.
        """
        if not isinstance(message, NOTICES):
            self._handled += 1
        elif isinstance(message, PeerChanged):
            if self._met:
                self._sent = self._handled = 0
            self._met = True

    def traffic(self) -> Traffic:
        """Return the counts."""
        return Traffic(peer=self._peer, sent=self._sent, handled=self._handled)
