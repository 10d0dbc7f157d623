"""The console script ``tradectl``, and ``python -m tradectl``.

Nothing but what Python has built in is imported here: ``tradectl --version`` must answer before
Python has loaded anything else (tests/test_startup.py keeps the module budgets).
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

from tradectl import __version__

TYPE_CHECKING = False  # typing's constant, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence

# New objects after which Python looks for cycles. Its own 700 suit programs that run on and on: a
# command makes up to 200,000 objects while it starts, nearly all to stay, and a seventh of a short
# backtest would be spent on walking through them again and again; a single walk takes 0.05 s.
_BETWEEN_COLLECTIONS = 400_000

# Libraries with something to do when Python ends: send what was said last, write what was seen
_ENDING_BY_THEMSELVES = frozenset({"zmq", "coverage"})


def console() -> None:
    """Be a process that runs one command line: the console script, and ``python -m tradectl``."""
    status: list[int] = []
    atexit.register(_end_at_once, status)  # what is registered first is called last
    status.append(main())
    sys.exit(status[0])


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: The words after ``tradectl``; those of this process when left out.

    Returns:
        The exit status, as ``tradectl help exit-codes`` lists them.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    _stand_in_for_closed_streams()
    try:
        status = _run(words)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        _let_go_of_the_pipe()
        return 0
    except OSError as error:  # a full disk, as a rule
        sys.stderr.write(f"error: the output cannot be written: {error.strerror}\n")
        _let_go_of_the_pipe()
        return 70
    return status


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"tradectl {__version__}\n")
        return 0
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    from tradectl.generated import RememberedCode, home

    with RememberedCode(home()):
        from tradectl.application import run

        return run(words)


def _end_at_once(status: list[int]) -> None:
    """Spare Python taking apart, object by object, what ends with the process anyhow.

    That took a tenth of a short backtest, and DuckDB would complain of what is left of its own.
    Files are whole when a command is done with them, so nothing waits for being taken apart.
    """
    if not status or not _ENDING_BY_THEMSELVES.isdisjoint(sys.modules):
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(status[0])


def _stand_in_for_closed_streams() -> None:
    """Give what is written to a stream that was closed (``tradectl … >&-``) somewhere to go."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def _let_go_of_the_pipe() -> None:
    """Point the standard streams elsewhere, so that Python does not complain when it flushes them.

    Whoever was reading has seen enough (``tradectl … | head``), which is no failure of ours.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


if __name__ == "__main__":
    console()
