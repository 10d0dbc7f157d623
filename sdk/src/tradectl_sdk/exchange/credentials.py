"""Keys of one account, in a form that cannot be printed, stored or sent by accident."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REDACTED: Final = "***"
SHORTEST: Final = 4  # characters below which a secret found in a text is likely to be a coincidence


class Secret:
    """A text that only :meth:`reveal` gives away.

    It prints as three stars, whatever prints it; JSON, msgpack and pickle refuse it. Comparing two
    takes the same time wherever they differ.

    Args:
        text: What is to be kept; empty for none.
    """

    __slots__ = ("_reveal",)

    def __init__(self, text: str = "") -> None:
        # In a closure, so that neither vars() nor a debugger that lists attributes finds it
        self._reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Return the text. Whoever calls this answers for where it goes."""
        return self._reveal()

    def __bool__(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self._reveal())

    def __repr__(self) -> str:
        """Return three stars, or ``''`` when there is nothing."""
        return REDACTED if self else "''"

    def __str__(self) -> str:
        return REDACTED if self else ""

    def __format__(self, form: str) -> str:
        return format(str(self), form)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._reveal().encode(), other._reveal().encode())

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret cannot be pickled, expected it to stay in this process")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Credentials:
    """What an exchange knows an account by. Exchanges need different parts of it.

    Attributes:
        api_key: The key's public name; kept secret all the same, it is half of what a thief needs.
        secret: Signs requests.
        passphrase: Third part of a key at some exchanges.
        private_key: RSA or Ed25519 key as PEM, or the key of a wallet, instead of ``secret``.
        private_key_password: What an encrypted ``private_key`` is opened with.
        account: Sub-account, user id or address of the wallet, where needed; no secret.
    """

    api_key: Secret = field(default_factory=Secret)
    secret: Secret = field(default_factory=Secret)
    passphrase: Secret = field(default_factory=Secret)
    private_key: Secret = field(default_factory=Secret)
    private_key_password: Secret = field(default_factory=Secret)
    account: str = ""

    @classmethod
    def of(cls, parts: Mapping[str, str]) -> Credentials:
        """Make credentials from plain texts by the names of the attributes.

        Raises:
            TypeError: When a name is none of them.
        """
        secrets = {name: Secret(text) for name, text in parts.items() if name != "account"}
        return cls(account=parts.get("account", ""), **secrets)

    def __bool__(self) -> bool:
        """Whether there is any key at all."""
        return any(self._secrets())

    def redact(self, text: str) -> str:
        """Replace every secret in a text with three stars, for words that others wrote."""
        known = (secret.reveal() for secret in self._secrets())
        for found in sorted(known, key=len, reverse=True):
            if len(found) >= SHORTEST:
                text = text.replace(found, REDACTED)
        return text

    def _secrets(self) -> list[Secret]:
        values = (getattr(self, each.name) for each in fields(self))
        return [value for value in values if isinstance(value, Secret)]
