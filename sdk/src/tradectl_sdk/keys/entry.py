"""A key as it is kept."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import CredentialError, UsageError
from tradectl_sdk.exchange import Credentials, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "tradectl.key/1"
# The parts a key may have, as people are asked for them, and whether each is a secret.
PARTS: Mapping[str, bool] = MappingProxyType(
    {
        "api_key": True,
        "secret": True,
        "passphrase": True,
        "private_key": True,
        "private_key_password": True,
        "account": False,
        "token": True,
    }
)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


def checked_name(name: str) -> str:
    """Return the name of a key: lower-case letters, digits and hyphens.

    Raises:
        UsageError: If it is not; it becomes part of a file's name and of a variable's.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"name of a key was {name!r}, expected lower-case letters, digits and hyphens",
            hint="for example binance or binance-sub1",
        )
    return name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyEntry:
    """A key with what is known of it.

    Attributes:
        name: What settings and commands call it.
        exchange: The exchange it is for; empty for other services.
        parts: What it consists of, by the names in ``PARTS``.
        created: When it was stored, UTC nanoseconds; 0 when unknown.
        checked: When the exchange last said what it may do; 0 for never.
        trade: Whether the exchange then said that it can trade; None when it did not tell.
        withdraw: The same of withdrawing; never True, since such a key is refused.
    """

    name: str
    exchange: str = ""
    parts: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    created: int = 0
    checked: int = 0
    trade: bool | None = None
    withdraw: bool | None = None

    @property
    def credentials(self) -> Credentials:
        """The key as an exchange adapter takes it."""
        return Credentials.of(
            {name: part.reveal() for name, part in self.parts.items() if name != "token"}
        )

    @property
    def fingerprint(self) -> str:
        """Eight characters that tell two keys apart and give nothing away."""
        material = "\0".join(f"{n}={p.reveal()}" for n, p in sorted(self.parts.items()))
        return hashlib.sha256(f"tradectl key {self.name}\0{material}".encode()).hexdigest()[:8]

    def secrets(self) -> tuple[Secret, ...]:
        """Everything in it that must not be seen."""
        return tuple(part for name, part in self.parts.items() if PARTS.get(name, True) and part)


def to_text(entry: KeyEntry) -> str:
    """Write a key as the document that the stores keep. This reveals it."""
    document = {
        "schema": SCHEMA,
        "name": entry.name,
        "exchange": entry.exchange,
        "created": entry.created,
        "checked": entry.checked,
        "trade": entry.trade,
        "withdraw": entry.withdraw,
        "parts": {name: part.reveal() for name, part in entry.parts.items()},
    }
    return json.dumps(document, indent=1) + "\n"


def from_text(text: str, where: str) -> KeyEntry:
    """Read what :func:`to_text` wrote.

    Args:
        text: The document.
        where: Where it stood, for messages; the document itself is never repeated.

    Raises:
        CredentialError: If it is no such document.
    """
    try:
        document: dict[str, Any] = json.loads(text)
        if document["schema"] == SCHEMA:
            return _entry(document)
    except (ValueError, KeyError, TypeError, AttributeError, UsageError):
        pass
    # Outside the handler: what was caught may quote the document.
    raise CredentialError(
        f"{where} is no key that tradectl wrote", hint="tradectl keys add writes it anew"
    )


def _entry(document: Mapping[str, Any]) -> KeyEntry:
    parts = {str(name): Secret(str(part)) for name, part in document["parts"].items()}
    return KeyEntry(
        name=checked_name(document["name"]),
        exchange=str(document.get("exchange", "")),
        parts=MappingProxyType(parts),
        created=int(document.get("created", 0)),
        checked=int(document.get("checked", 0)),
        trade=document.get("trade"),
        withdraw=document.get("withdraw"),
    )
