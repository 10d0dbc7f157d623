"""The executor of a session, made from its plan and its journal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import SetSwitch
from tradectl_sdk.errors import NotFoundError
from tradectl_sdk.nodes.executor import Bounds, Executor, Journal, Setup
from tradectl_sdk.nodes.session_folder import read_json
from tradectl_sdk.pipelines.sessions.plan import PAPER

if TYPE_CHECKING:
    from tradectl_sdk.pipelines.sessions.lines import Lines
    from tradectl_sdk.pipelines.sessions.parts import OpenSession

SECOND = 1_000_000_000


def make_executor(session: OpenSession, lines: Lines, epoch: int) -> Executor:
    """Make the executor.

    Raises:
        JournalDamagedError: If the journal is not what was written.
        JournalLockedError: If another executor has it.
        UsageError: If the plan contradicts what the journal holds.
    """
    plan, settings = session.plan, session.settings
    engine = session.resolved().engine
    journal = Journal(session.folder.journal)
    joined = lines.executor(epoch)
    section = settings.session
    setup = Setup(
        account=plan.account,
        strategy=plan.name,
        instruments=engine.instruments,
        card=plan.card,
        make_rules=engine.make_rules,
        observing=engine.observing,
        margin=engine.assumptions.margin,
        on_failure=section.on_failure,
        bounds=Bounds(
            reconcile_every=int(section.reconcile_seconds * SECOND),
            # A venue on paper lives in the time of its data.
            max_clock_offset=None
            if plan.mode == PAPER
            else int(section.clock_limit_seconds * SECOND),
        ),
    )
    return Executor(
        setup,
        journal,
        gateway=joined.gateway,
        host=joined.host,
        market=joined.market,
        epoch=epoch,
    )


def wanted_switch(session: OpenSession) -> SetSwitch | None:
    """Return what a supervisor asked for when there was no executor to be told."""
    try:
        found = read_json(session.folder.switch_wish)
    except NotFoundError:
        return None
    return SetSwitch(state=str(found.get("state")), text=str(found.get("text")))


class SwitchedAtStart:
    """An executor whose first act is its kill switch: a supervisor could not tell its last life.

    Args:
        executor: The executor.
        wish: What to tell it.
        session: Where the request lies; it is removed once the executor has written it down.
    """

    def __init__(self, executor: Executor, wish: SetSwitch, session: OpenSession) -> None:
        self._executor = executor
        self._wish = wish
        self._request = session.folder.switch_wish
        self.stop = executor.stop
        self.status = executor.status
        self.answer = executor.answer

    async def run(self) -> None:
        """Move the switch, and work until stopped."""
        moving = asyncio.create_task(self._move())
        try:
            await self._executor.run()
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)

    async def _move(self) -> None:
        await self._executor.answer(self._wish)
        self._request.unlink(missing_ok=True)
