"""Telling people what a session does, while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from tradectl_sdk.nodes.supervisor.telling import Teller
from tradectl_sdk.nodes.supervisor.wording import Told
from tradectl_sdk.notify import Courier, Level
from tradectl_sdk.pipelines.notifying import make_senders
from tradectl_sdk.pipelines.sessions.plan import LIVE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tradectl_sdk.notify import Sender
    from tradectl_sdk.pipelines.sessions.parts import OpenSession

POLL = 1.0  # seconds between two looks at the journal
FAREWELL = 5.0  # seconds that the last notices are given
_ENDS = {"failed": Level.CRITICAL, "halted": Level.CRITICAL}


@contextlib.asynccontextmanager
async def telling(
    session: OpenSession,
    look: Callable[[], Mapping[str, Any]] = dict,
    *,
    senders: tuple[Sender, ...] | None = None,
    poll: float = POLL,
) -> AsyncIterator[None]:
    """Tell the senders in the settings what happens as long as the context lasts.

    Args:
        session: The session; nobody is told anything where its settings name no sender.
        look: Returns what the supervisor sees: state, text, and the nodes with their restarts.
        senders: Who is told; those of the settings unless given.
        poll: Seconds between two looks.

    Raises:
        NotFoundError: When no plugin offers a notifier that is named.
        CredentialError: When a secret is not to be had.
    """
    told = make_senders(session.settings.notify, session.plugins) if senders is None else senders
    if not told:
        yield
        return
    courier = Courier(told)
    courier.start()
    teller = Teller(
        _told(session), session.folder.journal, session.folder.path / "told", courier.offer
    )
    watching = asyncio.create_task(_watch(teller, look, poll))
    _say(teller, Level.INFO, "the session starts", ", ".join(session.plan.names))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        teller.close()
        end = look()
        state = str(end.get("state", "over"))
        level = _ENDS.get(state, Level.INFO)
        _say(teller, level, f"the session is {state}", str(end.get("text", "")))
        await asyncio.to_thread(courier.close, FAREWELL)


def _told(session: OpenSession) -> Told:
    plan = session.plan
    return Told(session=session.folder.id, strategy=plan.name, live=plan.mode == LIVE)


async def _watch(teller: Teller, look: Callable[[], Mapping[str, Any]], poll: float) -> None:
    seen: dict[str, int] = {}
    while True:
        await asyncio.to_thread(teller.poll)
        for name, node in look().get("nodes", {}).items():
            restarts = int(node.get("restarts", 0))
            if restarts > seen.get(name, 0):
                text = str(node.get("text", ""))
                title = f"the {name} died and is started again ({restarts})"
                _say(teller, Level.WARNING, title, text, kind="node")
            seen[name] = restarts
        await asyncio.sleep(poll)


def _say(teller: Teller, level: Level, title: str, text: str, *, kind: str = "session") -> None:
    teller.say(time.time_ns(), level, kind, title, text)
