"""Asking for the parts of a key without showing them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError, did_you_mean
from tradectl_sdk.exchange import Secret
from tradectl_sdk.keys import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl.session import Session

USUAL = ("api_key", "secret", "passphrase")
NEEDED = frozenset({"api_key", "secret", "token", "private_key"})


def asked(session: Session, parts: Sequence[str], *, from_stdin: bool) -> Mapping[str, Secret]:
    """Return the parts of a key, typed in unseen or read as JSON from standard input.

    Never from an option: the list of processes shows those to everybody.

    Raises:
        UsageError: If a part is unknown or empty, or nobody is there to ask.
    """
    wanted = tuple(parts) or USUAL
    for part in wanted:
        if part not in PARTS:
            near = did_you_mean(part, PARTS)
            raise UsageError(f"part was {part!r}, expected one of {', '.join(PARTS)}", hint=near)
    texts = _from_stdin() if from_stdin else _typed(session, wanted)
    found = {part: Secret(text) for part, text in texts.items() if text}
    if not found:
        raise UsageError("no part of the key was given, expected at least one")
    return found


def _typed(session: Session, parts: Sequence[str]) -> dict[str, str]:
    from getpass import getpass

    if session.options.json or not sys.stdin.isatty():
        raise UsageError(
            "nobody is here to type the key in",
            hint='--stdin reads it as JSON: {"api_key": "...", "secret": "..."}',
        )
    answers = {}
    for part in parts:
        wording = part.replace("_", " ")
        optional = "" if part in NEEDED else " (Enter for none)"
        answers[part] = getpass(f"{wording}{optional}: ").strip()
        if part in NEEDED and not answers[part]:
            raise UsageError(f"{wording} was empty")
    return answers


def _from_stdin() -> dict[str, str]:
    # The text is a secret: what is wrong with it is told without repeating it
    try:
        document = json.loads(sys.stdin.read(65_536))
    except ValueError:
        document = None
    if not isinstance(document, dict) or not all(
        isinstance(value, str) for value in document.values()
    ):
        raise UsageError("standard input was no JSON object of texts, expected the key's parts")
    unknown = sorted(set(document) - set(PARTS))
    if unknown:
        known = ", ".join(PARTS)
        raise UsageError(f"standard input names {len(unknown)} unknown parts, known are {known}")
    return {name: value.strip() for name, value in document.items()}
