"""Keeping keys inside the process that holds them: no core dumps, no debugger, no keys in logs."""

from __future__ import annotations

import ctypes
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_DUMPABLE = 4


def seal_process() -> tuple[str, ...]:
    """Let the operating system write no image of this process and no neighbour read its memory.

    Returns:
        What could not be done here, in words; nothing on Linux.
    """
    missing = []
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError) as error:  # pragma: no cover - not on Linux
        missing.append(f"core dumps could not be switched off: {error}")
    if sys.platform == "linux":
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            missing.append("other processes of this user can read the gateway's memory")
    else:  # pragma: no cover - not on Linux
        missing.append("other processes of this user may be able to read the gateway's memory")
    return tuple(missing)


class Redaction(logging.Filter):
    """Takes secrets out of every record that passes, arguments and traceback included.

    Args:
        redact: Takes secrets out of a text.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        record.msg, record.args = self._redact(record.getMessage()), None
        if record.exc_info:
            record.exc_text = self._redact(self._formatter.formatException(record.exc_info))
            record.exc_info = None
        elif record.exc_text:
            record.exc_text = self._redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redact(record.stack_info)
        return True
