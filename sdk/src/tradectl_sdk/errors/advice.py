"""Hints that several messages give."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_BEGINNING = 4  # letters that say which of the choices was begun
_A_LETTER_OFF = 0.9  # of difflib's likeness, for a word of five letters or more


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``did you mean X?`` for the nearest of the choices, or an empty string.

    Where choices begin with the word, it is the first of them: ``sharpe`` is ``sharpe_ratio``. One
    that is a letter off comes before: ``max_order`` is ``max_orders``, not ``max_order_quantity``.
    """
    known = list(choices)
    begun = [each for each in known if each.startswith(word)] if len(word) >= _BEGINNING else []
    nearly = difflib.get_close_matches(word, known, n=1, cutoff=_A_LETTER_OFF)
    near = nearly or begun or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def pip_install(arguments: str) -> str:
    """Return the command that has pip install into this environment, for hints.

    Environments made by uv, and by venv where Debian leaves ensurepip out, have no pip of their
    own; a pip from outside is told which environment is meant.
    """
    import importlib.util
    import shlex
    import sys

    if importlib.util.find_spec("pip"):
        return f"python -m pip install {arguments}"
    return f"pip --python {shlex.quote(sys.prefix)} install {arguments}"
