"""Settings point to secrets; this follows the pointer.

``env:NAME`` is a variable, ``file:PATH`` a file with mode 0600, ``keyring:NAME`` a text in the
keyring, or the token of a key that ``tradectl keys add NAME`` stored.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.errors import CredentialError
from tradectl_sdk.exchange import Secret
from tradectl_sdk.keys.files import read_private
from tradectl_sdk.keys.places import from_keyring

if TYPE_CHECKING:
    from collections.abc import Mapping


def resolve(reference: str, environment: Mapping[str, str] | None = None) -> Secret:
    """Return the secret that a setting points to.

    Args:
        reference: As it stands in the settings.
        environment: The environment of this process unless given.

    Raises:
        CredentialError: If it points to nothing, or to something others can read.
    """
    kind, _, target = reference.partition(":")
    if kind == "env" and target:
        found = (os.environ if environment is None else environment).get(target, "")
        if not found:
            raise CredentialError(f"{reference}: there is no such variable, or it is empty")
        return Secret(found)
    if kind == "file" and target:
        return Secret(read_private(Path(target).expanduser()).strip())
    if kind == "keyring" and target:
        secret = from_keyring(target)
        if secret is None:
            raise CredentialError(
                f"{reference}: the keyring has no such entry",
                hint=f"keyring set tradectl {target} stores it",
            )
        return _token_of(secret)
    # What else it says may be the secret itself, so it is not repeated
    raise CredentialError(
        "a setting for a secret holds no reference, expected env:NAME, file:PATH or keyring:NAME"
    )


def _token_of(secret: Secret) -> Secret:
    """The token inside, where the text is a key that we stored ourselves."""
    from tradectl_sdk.keys.entry import SCHEMA, from_text

    text = secret.reveal()
    if SCHEMA not in text:
        return secret
    entry = from_text(text, "an entry of the keyring")
    parts = [part for part in entry.parts.values() if part]
    token = entry.parts.get("token") or (parts[0] if len(parts) == 1 else None)
    if token is None:
        raise CredentialError(
            f"key {entry.name} has several parts and no token, expected one text",
            hint=f"tradectl keys add {entry.name} --part token",
        )
    return token
