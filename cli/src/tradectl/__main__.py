"""The console script ``tradectl``, and ``python -m tradectl``.

Nothing but ``sys`` is imported here: ``tradectl --version`` must answer before Python has loaded
anything else (tests/test_startup.py keeps the module budgets).
"""

from __future__ import annotations

import sys

from tradectl import __version__

TYPE_CHECKING = False  # typing's constant, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: The words after ``tradectl``; those of this process when left out.

    Returns:
        The exit status, as ``tradectl help exit-codes`` lists them.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(words)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        _let_go_of_the_pipe()
        return 0
    return status


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"tradectl {__version__}\n")
        return 0
    from tradectl.application import run

    return run(words)


def _let_go_of_the_pipe() -> None:
    """Point the standard streams elsewhere, so that Python does not complain when it flushes them.

    Whoever was reading has seen enough (``tradectl … | head``), which is no failure of ours.
    """
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
