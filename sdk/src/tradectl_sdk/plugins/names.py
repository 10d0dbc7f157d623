"""Names of plugins and components."""

from __future__ import annotations

import re
from typing import Final

# What a name may look like once normalised: it is typed on command lines and used in file names.
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# https://packaging.python.org/specifications/name-normalization: runs of -, _ and . are one "-".
_SEPARATORS: Final = re.compile(r"[-_.]+")


def normalise_name(name: str) -> str:
    """Return the one spelling under which two names are the same: ``SMA_Cross`` is ``sma-cross``.

    The rule is that of Python distributions, so a plugin and its distribution compare alike.
    """
    return _SEPARATORS.sub("-", name).lower().strip("-")


def is_name(name: str) -> bool:
    """Return whether a name is normalised: lower-case letters and digits joined by hyphens."""
    return _NAME.fullmatch(name) is not None
