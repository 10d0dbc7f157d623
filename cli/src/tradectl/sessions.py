"""Sessions for commands: which one is meant, whether it runs, and asking its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from tradectl_sdk.errors import DataError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tradectl_sdk.bus.messages.control import ToNode
    from tradectl_sdk.nodes.executor.reading import JournalView
    from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions

    from tradectl.session import Session

T = TypeVar("T")
PATIENCE = 10.0  # seconds a node is given to answer
ENDED = frozenset({"stopped", "finished", "failed"})


def _ids(incomplete: str) -> list[str]:
    """Complete the id of a session."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.nodes.session_folder import Sessions

    found = Sessions(discover_settings().settings.session.directory).list()
    return [one.id for one in found if one.id.startswith(incomplete)]


Reference = Annotated[
    str,
    typer.Argument(
        metavar="SESSION",
        help="The session, or the beginning of its id; the one that runs when left out.",
        autocompletion=_ids,
    ),
]


def sessions_of(session: Session) -> Sessions:
    """Return the sessions of the project."""
    from tradectl_sdk.nodes.session_folder import Sessions

    return Sessions(session.settings().settings.session.directory)


def chosen(session: Session, reference: str, mode: str = "") -> SessionFolder:
    """Return the session that is meant: the one named, the one that runs, or the latest.

    Args:
        session: What the command knows.
        reference: Its id, or the beginning of it; empty for none.
        mode: ``paper`` or ``live`` where only those are meant, unless one is named.

    Raises:
        NotFoundError: If there is none.
        UsageError: If several run and none is named.
    """
    sessions = sessions_of(session)
    if reference:
        return sessions.find(reference)
    every = sessions.list()
    known = [one for one in every if not mode or described(one).get("mode") == mode]
    running = [one for one in known if runs(one)]
    if len(running) > 1:
        names = ", ".join(one.id for one in running)
        raise UsageError(f"several sessions run: {names}", hint="name the one that is meant")
    if not every:
        raise NotFoundError(
            "there is no session in this project", hint="tradectl paper start --help"
        )
    if not known:
        raise NotFoundError(
            f"there is no {mode} session in this project", hint="tradectl ps --all lists them"
        )
    return (running or known)[0]


def runs(folder: SessionFolder) -> bool:
    """Say whether a session has a supervisor; its lock dies with it, however it ends."""
    import fcntl

    try:
        with (folder.path / "supervisor.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def seen_state(folder: SessionFolder) -> str:
    """Return a session's state in a word: as its supervisor wrote it, unless that is gone."""
    state = str(folder.state().get("state", "made"))
    if runs(folder) or state in {*ENDED, "halted", "made"}:
        return state
    return "lost"  # nobody was left to write down how it ended


def mode_of(folder: SessionFolder) -> str:
    """Return ``paper`` or ``LIVE``."""
    return "LIVE" if described(folder).get("mode") == "live" else "paper"


def described(folder: SessionFolder) -> dict[str, Any]:
    """Return what was started; little where that cannot be read any more."""
    try:
        return folder.manifest()
    except (DataError, NotFoundError):
        return {}


def journal_of(folder: SessionFolder) -> AbstractContextManager[JournalView]:
    """Open a session's journal to look at it.

    Raises:
        NotFoundError: If there is none yet.
    """
    from tradectl_sdk.nodes.executor.reading import JournalView

    if not folder.journal.exists():
        raise NotFoundError(
            f"session {folder.id} has no journal yet", hint=f"tradectl logs {folder.id}"
        )
    return JournalView(folder.journal)


def ask_node(
    folder: SessionFolder, node: str, question: ToNode, expected: type[T], seconds: float = PATIENCE
) -> T:
    """Ask a node of a session and wait for its answer.

    Raises:
        NotFoundError: If it does not run.
        DeadlineError: If it does not answer in time.
    """
    from tradectl_sdk.nodes.control import ask

    return ask(folder.socket(f"{node}.sock"), question, expected, seconds=seconds)  # type: ignore[type-var]


def ask_executor(folder: SessionFolder, question: ToNode, expected: type[T], seconds: float) -> T:
    """Ask a session's executor, and say how to get one where there is none.

    Raises:
        NotFoundError: If it does not run; its orders at the exchange are looked after by nobody.
        DeadlineError: If it does not answer in time.
    """
    try:
        return ask_node(folder, "executor", question, expected, seconds)
    except NotFoundError as error:
        if runs(folder):
            raise
        start = mode_of(folder).lower()
        raise NotFoundError(
            error.message,
            hint=f"its orders stay as they are until tradectl {start} start --resume {folder.id}",
        ) from error


def tail_of(lines: Iterator[T], count: int) -> list[T]:
    """Return the last lines of many."""
    from collections import deque

    return list(deque(lines, maxlen=count))
