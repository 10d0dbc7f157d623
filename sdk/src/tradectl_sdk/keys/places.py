"""Where keys come from beside files: the system's service manager, the keyring, the environment."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from tradectl_sdk.errors import CredentialError
from tradectl_sdk.exchange import Secret
from tradectl_sdk.keys.entry import PARTS, KeyEntry, from_text, to_text
from tradectl_sdk.keys.files import FileKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERVICE = "tradectl"  # what keyrings file our keys under
VARIABLE = "TRADECTL_KEY_NAME_PART"  # the form of the variables that hold parts of keys
PREFIX = VARIABLE.removesuffix("NAME_PART")


class KeyPlace(Protocol):
    """One place that keys come from."""

    kind: str
    writable: bool

    def find(self, name: str) -> KeyEntry | None:
        """Return a key, or None when this place does not have it."""

    def save(self, entry: KeyEntry) -> None:
        """Store a key, replacing the one of that name."""

    def remove(self, name: str) -> bool:
        """Forget a key; say whether there was one."""

    def names(self) -> Iterator[str]:
        """Yield the names of all keys here."""


class ReadOnly:
    """A place that others fill."""

    kind = ""
    writable = False

    def save(self, entry: KeyEntry) -> None:
        """Refuse."""
        raise CredentialError(f"key {entry.name} cannot be stored in the {self.kind}")

    def remove(self, name: str) -> bool:
        """Refuse."""
        raise CredentialError(
            f"key {name} comes from the {self.kind}, which tradectl only reads",
            hint="remove it where it was set",
        )


class ServiceKeys(ReadOnly):
    """Files that the service manager hands to this process (systemd's LoadCredential).

    ``LoadCredential=tradectl-binance:/etc/tradectl/binance.json`` makes the key ``binance``.
    """

    kind = "service manager"

    def __init__(self, environment: Mapping[str, str]) -> None:
        folder = environment.get("CREDENTIALS_DIRECTORY", "")
        self._folder = Path(folder) if folder else None

    def find(self, name: str) -> KeyEntry | None:
        """Return a key that was handed over; the manager keeps its folder to us alone."""
        path = self._folder / f"{SERVICE}-{name}" if self._folder else None
        if path is None or not path.is_file():
            return None
        return from_text(path.read_text(encoding="utf-8"), str(path))

    def names(self) -> Iterator[str]:
        """Yield the names of the keys handed over."""
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.glob(f"{SERVICE}-*")):
                yield path.name.removeprefix(f"{SERVICE}-")


class EnvironmentKeys(ReadOnly):
    """Variables of the form ``TRADECTL_KEY_NAME_PART``; the last resort.

    Every child process inherits the environment and /proc shows it, so whoever uses such a key is
    warned.
    """

    kind = "environment"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def find(self, name: str) -> KeyEntry | None:
        """Return a key that is spelled out in variables."""
        stem = f"{PREFIX}{name.upper().replace('-', '_')}_"
        parts = {part: self._environment.get(stem + part.upper(), "") for part in PARTS}
        found = {part: Secret(text) for part, text in parts.items() if text}
        if not found:
            return None
        return KeyEntry(name=name, exchange=name, parts=MappingProxyType(found))

    def names(self) -> Iterator[str]:
        """Yield the names of the keys in the environment."""
        found = set()
        for variable in self._environment:
            for part in PARTS:
                if variable.startswith(PREFIX) and variable.endswith(f"_{part.upper()}"):
                    stem = variable.removeprefix(PREFIX).removesuffix(f"_{part.upper()}")
                    found.add(stem.lower().replace("_", "-"))
        yield from sorted(name for name in found if self.find(name) is not None)


class KeyringKeys:
    """The operating system's keyring; a small file beside says which keys are in it."""

    kind = "keyring"
    writable = True

    def __init__(self, folder: Path) -> None:
        self._notes = FileKeys(folder / "keyring")

    def find(self, name: str) -> KeyEntry | None:
        """Return a key.

        Raises:
            CredentialError: If the keyring does not answer, or has lost the key.
        """
        if self._notes.find(name) is None:
            return None
        text = _asked(lambda ring: ring.get_password(SERVICE, name))
        if text is None:
            raise CredentialError(
                f"key {name} is not in the keyring any more",
                hint=f"tradectl keys rm {name} forgets it, tradectl keys add {name} stores it anew",
            )
        return from_text(str(text), f"{name} in the keyring")

    def save(self, entry: KeyEntry) -> None:
        """Store a key, replacing the one of that name.

        Raises:
            CredentialError: If there is no keyring here.
        """
        _asked(lambda ring: ring.set_password(SERVICE, entry.name, to_text(entry)))
        self._notes.save(replace(entry, parts=MappingProxyType({})))

    def remove(self, name: str) -> bool:
        """Forget a key; say whether there was one."""
        known = self._notes.find(name) is not None
        if known:
            with contextlib.suppress(CredentialError):  # it may be gone from the ring already
                _asked(lambda ring: ring.delete_password(SERVICE, name))
        return self._notes.remove(name)

    def names(self) -> Iterator[str]:
        """Yield the names of the keys that were stored in the keyring."""
        yield from self._notes.names()


def from_keyring(name: str) -> Secret | None:
    """Return a text that was stored under our service by any means; None when there is none."""
    text = _asked(lambda ring: ring.get_password(SERVICE, name))
    return None if text is None else Secret(str(text))


def _asked(question: Any) -> Any:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise CredentialError(
            "the keyring cannot be used: the package keyring is not installed",
            hint="install tradectl-sdk[keyring], or keep the key in a file",
        ) from None
    try:
        return question(keyring)
    except KeyringError as error:
        kind = type(error).__name__
        raise CredentialError(
            f"the keyring did not answer ({kind})",
            hint="on a server without a desktop keep the key in a file: --in file",
        ) from None
