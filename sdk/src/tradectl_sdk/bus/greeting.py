"""How a node introduces itself, and which introductions are turned down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.bus.codec import LEAST, VERSION
from tradectl_sdk.bus.messages.wire import Hello
from tradectl_sdk.bus.schema import fingerprint

if TYPE_CHECKING:
    from tradectl_sdk.bus.identity import Identity


def hello_of(me: Identity, to: int = 0) -> Hello:
    """Introduce a node, with the messages that it understands.

    Args:
        me: The node.
        to: Life of the peer as far as it is known, 0 for not.
    """
    return Hello(
        name=me.name,
        role=me.role,
        session=me.session,
        version=VERSION,
        least=LEAST,
        fingerprint=fingerprint(),
        epoch=me.epoch,
        to=to,
    )


def objection_to(hello: Hello, session: str, roles: frozenset[str]) -> str:
    """Say why a node cannot be talked to, or nothing.

    Args:
        hello: How it introduced itself.
        session: The session it has to take part in.
        roles: Roles it may have.
    """
    if hello.role not in roles:
        return f"role was {hello.role!r}, expected one of {', '.join(sorted(roles))}"
    if hello.session != session:
        return f"session was {hello.session!r}, expected {session!r}"
    if hello.epoch < 1:
        return f"life was {hello.epoch}, expected 1 or more"
    if hello.version < LEAST or hello.least > VERSION:
        return (
            f"messages were of version {hello.version} for readers from {hello.least}, "
            f"expected some that version {VERSION} can read"
        )
    if hello.version == VERSION and hello.fingerprint != fingerprint():
        return (
            f"messages of version {VERSION} had the fingerprint {hello.fingerprint[:12]!r}, "
            f"expected {fingerprint()[:12]!r}"
        )
    return ""
