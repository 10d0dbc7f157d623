"""Paper and live sessions from Python: the calls that the command line makes.

::

    from tradectl_sdk import paper_session

    session = paper_session("sma-cross", "SPX.SAMPLE", replay=True, start="2016-01-01")
    result = session.run()
    print(result.state, len(result.fills), result.cash)
    print(result.parity().ok)

With ``exchange="binance"`` in place of ``replay`` the same strategy trades on paper with that
exchange's data. :func:`~tradectl_sdk.live_session` trades with real money.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tradectl_sdk.config import Settings
from tradectl_sdk.errors import UsageError
from tradectl_sdk.nodes.executor.reading import JournalView
from tradectl_sdk.nodes.running import stopping_on_signals
from tradectl_sdk.pipelines.sessions.in_process import InProcessSession
from tradectl_sdk.pipelines.sessions.making import opened_from, planned_at
from tradectl_sdk.pipelines.sessions.opening import open_session, sessions_of
from tradectl_sdk.pipelines.sessions.plan import LIVE, PAPER, ReplayPlan
from tradectl_sdk.pipelines.sessions.planning import plan_replay
from tradectl_sdk.pipelines.sessions.supervising import (
    SessionEnd,
    raise_end,
    start_detached,
    stop_session,
    supervise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal
    from types import TracebackType

    from tradectl_sdk.bus.messages.control import NodeStatus
    from tradectl_sdk.models import Model
    from tradectl_sdk.nodes.executor.reading import FillRow, OrderRow
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.sessions.parts import OpenSession
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.runs.parity import ParityReport
    from tradectl_sdk.strategy import Strategy

HISTORY = 500  # bars before a session that warm its strategy up, unless told otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """What a session came to.

    Attributes:
        session: Its id.
        state: ``finished``, ``stopped``, ``failed`` or ``halted``.
        text: Why.
        orders: Every order, in the order they were placed.
        fills: Every fill, in the order they were booked.
        positions: What is held, by instrument.
        cash: In the account's currency.
        currency: That currency.
    """

    session: str
    state: str
    text: str
    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    positions: Mapping[str, Decimal]
    cash: Decimal
    currency: str
    _opened: OpenSession = field(repr=False)

    def parity(self) -> ParityReport:
        """Compare the session with the backtest of what it saw."""
        from tradectl_sdk.pipelines.parity import parity

        opened = self._opened
        return parity(
            opened.folder, strategy=opened.strategy, models=opened.models, plugins=opened.plugins
        )


class Session:
    """A session that can be run here, or started in the background.

    It is made by :func:`paper_session`, :func:`resume_session` or
    :func:`~tradectl_sdk.live_session`. In a
    program of its own, :meth:`run` blocks until it is over; in one with an event loop::

        async with session:
            ...  # it runs until the block is left

    Attributes:
        opened: The plan, the settings and the folder.
    """

    def __init__(self, opened: OpenSession) -> None:
        self.opened = opened
        self._running: InProcessSession | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """Its id, such as ``p-3f9a1c``."""
        return self.opened.folder.id

    @property
    def folder(self) -> SessionFolder:
        """Where it lives."""
        return self.opened.folder

    def run(
        self, *, processes: bool = False, changed: Callable[[str], None] = lambda _: None
    ) -> SessionResult:
        """Run it until it is over; Ctrl-C and SIGTERM stop it in good order.

        Args:
            processes: Whether its nodes get processes of their own, which survive each other;
                otherwise they share this one. A live session's always do, so that its keys are
                in no process but the gateway's.
            changed: Told the session's state whenever it is another.

        Raises:
            StrategyError: If the strategy failed, and nothing but this process ran it.
            TradectlError: What kept it from going on.
        """
        if processes or self.opened.plan.mode == LIVE:
            self._needs_a_name()
            end = asyncio.run(supervise(self.opened, changed=changed))
            if not self.folder.journal.exists():
                raise_end(self.folder)  # it never came so far that there was anything to tell
            return self.result(end)
        return self.result(asyncio.run(self._run_here(changed)))

    async def _run_here(self, changed: Callable[[str], None]) -> SessionEnd:
        running = InProcessSession(self.opened)
        with stopping_on_signals(running):
            changed("running")
            stopped = await running.run()
        state = "stopped" if stopped else "finished"
        changed(state)
        return SessionEnd(state=state, text="")

    async def __aenter__(self) -> Session:
        """Start it on this event loop.

        Raises:
            UsageError: If it trades with real money: its keys need a process of their own.
        """
        if self.opened.plan.mode == LIVE:
            raise UsageError(
                "a live session keeps its keys in a process of its own",
                hint="run() and start() give it that",
            )
        self._running = InProcessSession(self.opened)
        self._task = asyncio.create_task(self._running.run())  # type: ignore[arg-type]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it in good order."""
        if self._running is not None and self._task is not None:
            self._running.stop()
            await self._task

    async def wait(self) -> None:
        """Return when it is over.

        Raises:
            TradectlError: What ended it, if anything did.
        """
        if self._task is not None:
            await asyncio.shield(self._task)

    def statuses(self) -> Mapping[str, NodeStatus]:
        """Say how its nodes are while it runs in this process."""
        return self._running.statuses() if self._running is not None else {}

    def start(self) -> int:
        """Start it in the background, and return the process of its supervisor.

        Raises:
            TradectlError: What kept it from starting.
        """
        self._needs_a_name()
        return start_detached(self.opened)

    def stop(self) -> None:
        """Stop it in good order, wherever it was started; orders stay as they are.

        Raises:
            NotFoundError: If it does not run.
        """
        if self._running is not None:
            self._running.stop()
        else:
            stop_session(self.folder)

    def result(self, end: SessionEnd | None = None) -> SessionResult:
        """Say what it has come to so far."""
        state = self.folder.state()
        with JournalView(self.folder.journal) as journal:
            balance = journal.balance()
            return SessionResult(
                session=self.id,
                state=end.state if end is not None else str(state.get("state", "made")),
                text=end.text if end is not None else str(state.get("text", "")),
                orders=tuple(journal.orders()),
                fills=tuple(journal.fills()),
                positions=journal.positions(),
                cash=balance.cash,
                currency=balance.currency,
                _opened=self.opened,
            )

    def _needs_a_name(self) -> None:
        if self.opened.strategy is not None:
            raise UsageError(
                f"the strategy was the class {self.opened.strategy.__name__}, "
                "expected a name that other processes can find",
                hint="give it as path.py:Class, or run the session in this process",
            )
        if self.opened.models:
            name = next(iter(self.opened.models))
            raise UsageError(
                f"the model of {name} was Python code, expected a name that other processes "
                "can find",
                hint="let a plugin offer it, or run the session in this process",
            )


def paper_session(
    strategy: str | type[Strategy],
    instruments: str | Sequence[str],
    *,
    exchange: str = "",
    replay: bool = False,
    start: str | None = None,
    end: str | None = None,
    speed: float = 0.0,
    timeframe: str = "1d",
    parameters: Mapping[str, object] | None = None,
    models: Mapping[str, MadeBy] | None = None,
    settings: Settings | None = None,
    warmup: int = 0,
    history: int = HISTORY,
    plugins: Plugins | None = None,
) -> Session:
    """Make a session that trades on paper; it is not started yet.

    Fees, slippage and cash are those of ``[backtest]``, limits those of ``[risk]``.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        instruments: What to trade: ``SYMBOL.VENUE``, or at an exchange its symbol alone.
        exchange: Whose data; ``paper.exchange`` of the settings unless given.
        replay: Use data of the catalog instead.
        start: Of a replay: earliest open time, ISO 8601.
        end: Of a replay: open times stay before this.
        speed: Of a replay: market time per time on the wall; 0 for as fast as the session keeps
            up.
        timeframe: Of the bars that drive the strategy.
        parameters: Values for the strategy's declared parameters, typed or as text.
        models: What makes signals, by name, as for a backtest; they are pinned with the session.
        settings: Everything that is assumed; the defaults unless given.
        warmup: Bars before orders are accepted, if more than the strategy or a model asks for.
        history: Bars before the session that the strategy is warmed up with; at least what models
            need for their first fit, unless it is 0.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        NotFoundError: If there is no such strategy, model, exchange or instrument.
        DataMissingError: If there are no such data to replay.
        UsageError: If a parameter is wrong, or the instruments do not fit into one account.
        ExchangeError: If the exchange cannot be reached.
    """
    settings = settings or Settings()
    names = [instruments] if isinstance(instruments, str) else list(instruments)
    given: dict[str, Any] = {
        "timeframe": timeframe,
        "parameters": parameters or {},
        "models": models,
        "settings": settings,
        "plugins": plugins,
        "warmup": warmup,
    }
    if replay:
        wanted = ReplayPlan(start=start, end=end, speed=speed)
        plan = plan_replay(strategy, names, replay=wanted, **given)
        return Session(opened_from(plan, strategy, settings, plugins, models))
    if start or end or speed:
        raise UsageError("start, end and speed are for a replay, and none was asked for")
    name = exchange or settings.paper.exchange or ""
    plan = planned_at(strategy, names, name, mode=PAPER, account="paper", history=history, **given)
    return Session(opened_from(plan, strategy, settings, plugins, models))


def resume_session(
    reference: str,
    *,
    strategy: type[Strategy] | None = None,
    models: Mapping[str, Callable[[], Model]] | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
) -> Session:
    """Open a session that was started before, to go on where it was left.

    Args:
        reference: Its id, or the beginning of it.
        strategy: The class itself, where the session was made with one.
        models: What makes the models that the session was made with as Python code, by signal.
        settings: Name the folder of sessions; the session itself goes on with its own.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        NotFoundError: If there is none.
        UsageError: If the id fits several.
    """
    folder = sessions_of(settings or Settings()).find(reference)
    opened = open_session(folder, plugins)
    return Session(replace(opened, strategy=strategy, models=dict(models or {})))


__all__ = [
    "HISTORY",
    "LIVE",
    "PAPER",
    "Session",
    "SessionEnd",
    "SessionResult",
    "paper_session",
    "resume_session",
]
