"""Keeping keys inside the process that holds them: no core dumps, no debugger."""

from __future__ import annotations

import ctypes
import sys

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
