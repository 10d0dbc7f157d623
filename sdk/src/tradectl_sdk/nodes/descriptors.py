"""Open files and connections a node may have: as many as its machine allows."""

from __future__ import annotations

import contextlib


def allow_most() -> None:
    """Raise the soft limit of file descriptors to the hard one, which needs no right.

    A process that has none left cannot take a connection, and libzmq aborts it on one over a socket
    in a folder. The usual soft limit, 1,024 or 256, is for programs that use ``select``.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; systems with odd bounds
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
