"""Options of the form ``KEY=VALUE`` that may be given several times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def assignments(words: Iterable[str], option: str) -> dict[str, str]:
    """Read the values of a repeated option.

    Args:
        words: Its values as they stand on the command line.
        option: Its name, for messages.

    Raises:
        UsageError: If one has another form, or a key is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = (part.strip() for part in word.partition("="))
        if not (equals and key):
            raise UsageError(f"{option} was {word!r}, expected KEY=VALUE")
        if key in found:
            raise UsageError(f"{option} gave {key} twice: {found[key]} and {value}")
        found[key] = value
    return found
