"""Asking before something is lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from tradectl.session import Session


def confirmed(session: Session, question: str, *, yes: bool) -> bool:
    """Say whether the person agrees; ``--yes`` agrees beforehand.

    Raises:
        UsageError: There is nobody to ask: standard input is no terminal, or the answer is to
            be one JSON document.
    """
    if yes:
        return True
    if session.options.json or not sys.stdin.isatty():
        raise UsageError(f"nobody is here to answer: {question}", hint="--yes agrees beforehand")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
