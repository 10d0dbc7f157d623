"""What makes two runs the same run."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping

from tradectl_sdk.errors import UsageError

# All that a result depends on. A part missing from the hash would let the store answer one
# question with the result of another.
IDENTITY_PARTS = ("code", "parameters", "data", "engine", "settings")
_ID_DIGITS = 32  # hexadecimal digits: 128 bits
MIN_PREFIX = 4


def canonical_json(value: object) -> str:
    """Write a value as JSON in the one way that equal values share.

    Keys sorted, no white space, characters as they are, floats by their shortest text; an int
    and a float are different although equal in number.

    Raises:
        UsageError: If something in it is not JSON, such as NaN or a Decimal.
    """
    _check(value, "identity")
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def _check(value: object, path: str) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise UsageError(f"key {key!r} at {path} was not a string")
            _check(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{path} was {value}, expected a finite number")
    elif not isinstance(value, str | int | float | bool | None):
        raise UsageError(
            f"{path} was of type {type(value).__name__}, expected what JSON can hold",
            hint="write a Decimal or a time as text",
        )


def run_identity(identity: Mapping[str, object]) -> str:
    """Name a run by the hash of all its inputs.

    Args:
        identity: Exactly the parts ``code`` (hashes of the sources), ``parameters``, ``data``
            (content hashes), ``engine`` (version) and ``settings``.

    Returns:
        ``r-`` and 32 hexadecimal digits of the SHA-256 of the canonical JSON. Any unique prefix
        of four digits or more finds the run again.

    Raises:
        UsageError: If a part is missing or unknown, or a value is not JSON.
    """
    if set(identity) != set(IDENTITY_PARTS):
        raise UsageError(
            f"identity had the parts {', '.join(sorted(identity)) or 'none'}, "
            f"expected {', '.join(IDENTITY_PARTS)}"
        )
    return name_of("r-", identity)


def is_run_id(text: str) -> bool:
    """Whether a text has the form of a full run id."""
    return is_name("r-", text)


def name_of(prefix: str, identity: Mapping[str, object]) -> str:
    """Name a result by the hash of everything it depends on.

    Args:
        prefix: What kind of result it is, such as ``r-`` for a run.
        identity: What it depends on.

    Returns:
        The prefix and 32 hexadecimal digits of the SHA-256 of the canonical JSON.

    Raises:
        UsageError: If a value is not JSON.
    """
    return prefix + hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:_ID_DIGITS]


def is_name(prefix: str, text: str) -> bool:
    """Whether a text has the form of what :func:`name_of` returns."""
    digits = text.removeprefix(prefix)
    return text != digits and len(digits) == _ID_DIGITS and set(digits) <= set("0123456789abcdef")
