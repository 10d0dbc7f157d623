"""Keys of a session: every node has a pair of its own and knows the others' public ones.

The keys are CURVE25519 keys as ZeroMQ writes them, 40 characters of Z85. A key file holds one
node's pair and everybody's public keys and roles; it is all that a node needs to be let in, so it
is refused unless only its owner can read it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.bus.identity import ROLES
from tradectl_sdk.errors import BusError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A node that takes part, as the others know it."""

    name: str
    role: str
    public: str


class BusKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What a node needs to meet the others over TCP.

    Attributes:
        name: Its name.
        role: Its role.
        public: Its public key.
        secret: Its secret key.
        members: Everybody who takes part.
    """

    name: str
    role: str
    public: str
    secret: str
    members: tuple[Member, ...]

    def __repr__(self) -> str:
        """Return everything but the secret."""
        return f"BusKeys(name={self.name!r}, role={self.role!r}, public={self.public!r})"

    def __rich_repr__(self) -> Any:
        """Show everything but the secret."""
        yield "name", self.name
        yield "role", self.role
        yield "public", self.public

    def public_of(self, role: str, name: str = "") -> str:
        """Return the public key of a member.

        Raises:
            BusError: If there is none of that role and name, or several.
        """
        found = [one for one in self.members if one.role == role and name in {"", one.name}]
        if len(found) != 1:
            who = f"a {role}" + (f" named {name!r}" if name else "")
            raise BusError(f"{len(found)} keys were of {who}, expected one")
        return found[0].public

    def member_with(self, public: str) -> Member | None:
        """Return whose a public key is, None for a stranger's."""
        return next((one for one in self.members if one.public == public), None)


def make_keys(members: Iterable[tuple[str, str]]) -> tuple[BusKeys, ...]:
    """Make fresh keys for the members of a session.

    Args:
        members: Role and name of each.

    Raises:
        BusError: If a role is unknown or somebody is named twice.
    """
    import zmq

    wanted = list(members)
    if unknown := [role for role, _ in wanted if role not in ROLES]:
        raise BusError(f"role was {unknown[0]!r}, expected one of {', '.join(ROLES)}")
    if len(set(wanted)) < len(wanted):
        raise BusError("a member was named twice, expected each once")
    pairs = [tuple(key.decode() for key in zmq.curve_keypair()) for _ in wanted]
    known = tuple(
        Member(name=name, role=role, public=public)
        for (role, name), (public, _) in zip(wanted, pairs, strict=True)
    )
    return tuple(
        BusKeys(name=one.name, role=one.role, public=public, secret=secret, members=known)
        for one, (public, secret) in zip(known, pairs, strict=True)
    )


def generate_keys(folder: Path, members: Iterable[tuple[str, str]]) -> tuple[Path, ...]:
    """Write a key file for each member of a session into a folder, each for its owner only.

    Args:
        folder: Made if need be, with mode 0700.
        members: Role and name of each.

    Returns:
        The files, ``ROLE-NAME.keys``; each goes to the machine of its node and nowhere else.

    Raises:
        BusError: If there is such a file already, or the members are wrong.
    """
    keys = make_keys(members)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tuple(_write(folder / f"{one.role}-{one.name}.keys", one) for one in keys)


def read_keys(path: Path) -> BusKeys:
    """Read a key file.

    Raises:
        BusError: If it cannot be read, others can read it, or it is no key file.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except OSError as error:
        raise BusError(f"the key file {path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise BusError(
            f"the key file {path} had mode {mode:04o}, expected 0600",
            hint="whoever could read it can take part: make new keys, with mode 0600",
        )
    try:
        return msgspec.json.decode(content, type=BusKeys)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BusError(f"{path} is no key file") from error


def _write(path: Path, keys: BusKeys) -> Path:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BusError(
            f"the key file {path} exists, expected a place for a new one",
            hint="remove the old keys of the session first",
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys), indent=1) + b"\n")
    return path
