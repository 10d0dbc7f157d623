"""All keys, wherever they are kept."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors import CredentialError, NotFoundError, UsageError, did_you_mean
from tradectl_sdk.keys.entry import checked_name
from tradectl_sdk.keys.files import FileKeys
from tradectl_sdk.keys.places import EnvironmentKeys, KeyringKeys, ServiceKeys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.exchange import Credentials
    from tradectl_sdk.keys.entry import KeyEntry
    from tradectl_sdk.keys.places import KeyPlace

_log = logging.getLogger("tradectl.keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A key and the place it was found in."""

    entry: KeyEntry
    place: KeyPlace


class KeyStore:
    """Looks a key up in one place after the other; the first that has it counts.

    The order: what the service manager handed over, files, the keyring, the environment.
    """

    def __init__(self, places: Sequence[KeyPlace]) -> None:
        self.places = tuple(places)

    @classmethod
    def of_user(cls, folder: Path, environment: Mapping[str, str] | None = None) -> KeyStore:
        """Return the store of the present user.

        Args:
            folder: Where key files are; ``keys`` in the user's configuration folder.
            environment: The environment of this process unless given.
        """
        found = os.environ if environment is None else environment
        return cls(
            [ServiceKeys(found), FileKeys(folder), KeyringKeys(folder), EnvironmentKeys(found)]
        )

    def find(self, name: str) -> Kept | None:
        """Return a key and where it is kept, or None when no place has it.

        Raises:
            CredentialError: If a place has it and must not or cannot give it.
        """
        checked_name(name)
        for place in self.places:
            entry = place.find(name)
            if entry is not None:
                return Kept(entry=entry, place=place)
        return None

    def get(self, name: str) -> Kept:
        """Return a key and where it is kept.

        Raises:
            NotFoundError: If no place has it.
            CredentialError: If a place has it and must not or cannot give it.
        """
        kept = self.find(name)
        if kept is None:
            near = did_you_mean(name, self.names())
            raise NotFoundError(
                f"there is no key {name!r}", hint=near or f"tradectl keys add {name} stores it"
            )
        return kept

    def credentials_for(self, name: str) -> Credentials:
        """Return a key as an exchange adapter takes it; only a gateway asks for it.

        Raises:
            NotFoundError: If no place has it.
            CredentialError: If a place has it and must not or cannot give it.
        """
        kept = self.get(name)
        if kept.place.kind == "environment":
            _log.warning(
                "key %s comes from the environment, which every child process and /proc show; "
                "tradectl keys add %s keeps it in a file or the keyring",
                name,
                name,
            )
        return kept.entry.credentials

    def place(self, kind: str) -> KeyPlace:
        """Return a place that keys can be stored in.

        Raises:
            UsageError: If there is no such place.
        """
        for place in self.places:
            if place.kind == kind and place.writable:
                return place
        kinds = ", ".join(one.kind for one in self.places if one.writable)
        raise UsageError(f"place was {kind!r}, expected one of {kinds}")

    def names(self) -> list[str]:
        """Return the names of all keys, sorted."""
        return sorted({name for place in self.places for name in place.names()})

    def list(self) -> list[Kept | CredentialError]:
        """Return every key, or what is wrong with it, in the order of names."""
        found: list[Kept | CredentialError] = []
        for name in self.names():
            try:
                found.append(self.get(name))
            except CredentialError as error:
                found.append(error)
        return found

    def remove(self, name: str) -> KeyPlace:
        """Forget a key and return the place it was in; its twin further down counts from then on.

        Raises:
            NotFoundError: If no place has it.
            CredentialError: If it is in a place that others fill.
        """
        checked_name(name)
        for place in self.places:
            if name in place.names():  # without reading it: a broken one can be removed, too
                place.remove(name)
                return place
        near = did_you_mean(name, self.names())
        raise NotFoundError(f"there is no key {name!r}", hint=near or "tradectl keys list")
