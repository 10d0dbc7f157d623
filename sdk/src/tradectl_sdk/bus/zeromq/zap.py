"""Who is let in: the answer to ZeroMQ's question whether a public key is known (RFC 27, ZAP)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zmq
from zmq.utils import z85

from tradectl_sdk.bus.zeromq.sockets import Context, Pump

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tradectl_sdk.bus.keys import BusKeys
    from tradectl_sdk.bus.refusals import Refusals

_ENDPOINT = "inproc://zeromq.zap.01"


def user_id(role: str, name: str) -> str:
    """Return what a connection is stamped with once its key is known."""
    return f"{role}/{name}"


class Doorkeeper:
    """Lets in whose key is on the list and whose role has business here.

    Args:
        context: All sockets of it are guarded.
        keys: The list.
        roles: Says which roles have business here at present.
        refusals: Where everybody else is noted.
    """

    def __init__(
        self,
        context: Context,
        keys: BusKeys,
        roles: Callable[[], Collection[str]],
        refusals: Refusals,
    ) -> None:
        self._keys = keys
        self._roles = roles
        self._refusals = refusals
        socket = context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(_ENDPOINT)
        self._pump = Pump(socket, self._read)

    def close(self) -> None:
        """Let in nobody any more."""
        self._pump.close()

    def _read(self) -> None:
        parts = self._pump.socket.recv_multipart(zmq.DONTWAIT)
        sender, _, version, request, _, address, _, mechanism, *credentials = parts
        user = self._judge(address.decode(errors="replace"), mechanism, credentials)
        status = (b"200", b"OK") if user else (b"400", b"key not accepted")
        self._pump.send(sender, b"", version, request, *status, user.encode(), b"")

    def _judge(self, address: str, mechanism: bytes, credentials: list[bytes]) -> str:
        """Return the user id of whoever wants in, empty for nobody."""
        if mechanism != b"CURVE" or len(credentials) != 1:
            name = mechanism.decode(errors="replace")
            self._refusals.note("no key", f"{address} came with {name}, expected a key")
            return ""
        public = z85.encode(credentials[0]).decode()
        member = self._keys.member_with(public)
        if member is None:
            self._refusals.note("unknown key", f"{address} came with the unknown key {public}")
            return ""
        roles = self._roles()
        if member.role not in roles:
            self._refusals.note(
                "wrong role",
                f"{address} came with the key of {member.role} {member.name!r}, "
                f"expected that of one of {', '.join(sorted(roles))}",
            )
            return ""
        return user_id(member.role, member.name)
