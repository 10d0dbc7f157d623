"""The nodes of a session, each made from its plan and its folder."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk import __version__
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.exchange import Subscription
from tradectl_sdk.nodes.clock import NodeClock
from tradectl_sdk.nodes.gateway import Gateway, GatewayRules
from tradectl_sdk.nodes.gateway.account_lock import account_lock, lock_folder
from tradectl_sdk.nodes.host import HostSetup
from tradectl_sdk.nodes.host.node import Host
from tradectl_sdk.nodes.host.recording import Recorder
from tradectl_sdk.nodes.host.records import Began
from tradectl_sdk.nodes.quiet import until_quiet
from tradectl_sdk.pipelines.exchanges import key_store
from tradectl_sdk.pipelines.sessions.exchange_parts import gateway_exchange
from tradectl_sdk.pipelines.sessions.forecasting import (
    Forecaster,
    pinned_models,
    require_same_models,
)
from tradectl_sdk.pipelines.sessions.history import HistoryChannel, Past, bars_before, remembered
from tradectl_sdk.pipelines.sessions.plan import PAPER, SessionPlan
from tradectl_sdk.pipelines.sessions.planning import resolve_plan
from tradectl_sdk.runs.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from tradectl_sdk.bus.messages.control import NodeStatus
    from tradectl_sdk.config import Settings
    from tradectl_sdk.exchange import Credentials
    from tradectl_sdk.keys import Redactor
    from tradectl_sdk.models import Model
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.paper import Replay
    from tradectl_sdk.pipelines.modelling import SignalModel
    from tradectl_sdk.pipelines.sessions.lines import Lines
    from tradectl_sdk.pipelines.sessions.planning import Resolved
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session as its nodes need it.

    Attributes:
        folder: Where it lives.
        plan: What was started.
        settings: Those in force then.
        plugins: Installed plugins; found when needed unless given.
        strategy: The class itself where it cannot be found by name.
        models: What makes the models that cannot be found by name, by the signals they make.
    """

    folder: SessionFolder
    plan: SessionPlan
    settings: Settings
    plugins: Plugins | None = None
    strategy: type[Strategy] | None = field(default=None)
    models: Mapping[str, Callable[[], Model]] = field(default_factory=dict)

    def resolved(self) -> Resolved:
        """Find the strategy and everything the settings name."""
        return resolve_plan(self.plan, self.settings, self.plugins, self.strategy)

    def forecasting(self) -> tuple[SignalModel, ...]:
        """Find the models that make its signals."""
        return pinned_models(self.plan.models, self.models, self.plugins)

    @property
    def length(self) -> int:
        """Nanoseconds that a bar lasts."""
        return Timeframe.parse(self.plan.timeframe).nanoseconds


# The gateway ------------------------------------------------------------------------------------


def make_gateway(
    session: OpenSession,
    lines: Lines,
    epoch: int,
    *,
    others: Callable[[], Awaitable[Mapping[str, NodeStatus]]],
    redactor: Redactor,
    pause: float = 0.0,
) -> GatewayNode:
    """Make the gateway; a replay waits for the others before each instant.

    Args:
        session: The session.
        lines: Joins it to the others.
        epoch: Its life.
        others: Asks executor and host how they are.
        redactor: Learns the secrets of the account.
        pause: Seconds between two such rounds of questions.

    Raises:
        CredentialError: If a live session has no keys. A key that can withdraw ends the gateway
            with the same when it has connected.
        NotFoundError: If no plugin offers the exchange.
    """
    plan, settings = session.plan, session.settings.session
    credentials = None
    if plan.mode != PAPER:
        store = key_store()
        credentials = store.credentials_for(plan.account)
        redactor.learn(*store.get(plan.account).entry.secrets())
    pacer = Pacer(others, pause)
    exchange, market = gateway_exchange(
        plan,
        session.resolved().engine,
        session.settings,
        session.plugins,
        session.folder,
        credentials=credentials,
        pace=pacer,
    )
    joined = lines.gateway(epoch)
    gateway = Gateway(
        exchange,
        joined.executor,
        joined.market,
        joined.host,
        epoch=epoch,
        rules=GatewayRules(
            streams=tuple(
                Subscription(instrument=name, length=session.length) for name in plan.names
            ),
            grace=int(settings.bar_grace_seconds * SECOND),
            silence=0 if market is not None else int(settings.silence_seconds * SECOND),
            clock_limit=int(settings.clock_limit_seconds * SECOND),
            clock_interval=int(settings.clock_interval_seconds * SECOND),
        ),
        redact=redactor.scrub,
        key="" if credentials is None else plan.account,
    )
    pacer.gateway = gateway
    return GatewayNode(gateway, market, pacer)


class Pacer:
    """Keeps a replay's next instant back until everybody has dealt with the one before.

    Args:
        others: Asks executor and host how they are.
        pause: Seconds between two rounds of questions.

    Attributes:
        gateway: The gateway that publishes what is replayed.
    """

    def __init__(
        self, others: Callable[[], Awaitable[Mapping[str, NodeStatus]]], pause: float
    ) -> None:
        self.gateway: Gateway | None = None
        self._others = others
        self._pause = pause
        self._before = 0

    async def __call__(self, time: int) -> None:
        """Wait before an instant."""
        await self.settle()
        self._before = time

    async def settle(self) -> None:
        """Wait until the latest instant was published and dealt with."""
        while self.gateway is None or self.gateway.latest_bar < self._before:  # noqa: ASYNC110
            await asyncio.sleep(self._pause)
        await until_quiet(self._statuses, pause=self._pause)

    async def _statuses(self) -> Mapping[str, NodeStatus]:
        assert self.gateway is not None  # noqa: S101 - settle has waited for it
        return {"gateway": self.gateway.status(), **await self._others()}


class GatewayNode:
    """A gateway that ends with the replay it plays, once everybody has dealt with its last bar."""

    def __init__(self, gateway: Gateway, market: Replay | None, pacer: Pacer) -> None:
        self.gateway = gateway
        self._market = market
        self._pacer = pacer
        self.stop = gateway.stop
        self.status = gateway.status
        self.answer = gateway.answer

    async def run(self) -> None:
        """Work until stopped, or until the replay is over."""
        ending = asyncio.create_task(self._end_with_replay())
        try:
            await self.gateway.run()
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)

    async def _end_with_replay(self) -> None:
        if self._market is not None:
            await self._market.finished.wait()
            await self._pacer.settle()
            self.gateway.stop()


@contextlib.contextmanager
def holding_account(session: OpenSession, *, folder: Path | None = None) -> Iterator[None]:
    """Hold the account that a session trades on, so that no other gateway can.

    Raises:
        AccountInUseError: If another one does.
        CredentialError: If there are no keys.
    """
    plan = session.plan
    if plan.mode == PAPER:
        venue, fingerprint = "paper", str(session.folder.ledger.resolve())
    else:
        venue = plan.exchange
        fingerprint = account_fingerprint(key_store().get(plan.account).entry.credentials)
    with account_lock(venue, fingerprint, session.folder.id, folder=folder or lock_folder()):
        yield


def account_fingerprint(credentials: Credentials) -> str:
    """Return what tells accounts apart, whatever their keys are called, and gives nothing away."""
    parts = (credentials.api_key or credentials.private_key).reveal(), credentials.account
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


# The host ---------------------------------------------------------------------------------------


async def make_host(
    session: OpenSession,
    lines: Lines,
    epoch: int,
    *,
    on_hang: Callable[[str], None] | None = None,
) -> HostNode:
    """Make the host: with its own past if it had earlier lives, else with the bars before.

    Args:
        session: The session.
        lines: What connects it.
        epoch: Its life.
        on_hang: Told when a handler does not return; ends the process unless given.

    Raises:
        NotFoundError: If there is no such strategy.
        DeadlineError: If the bars before the session cannot be had.
        DataError: If the recording is damaged.
        UsageError: If a model is not what it was when the session was started.
        ModelError: If a model fails over the bars before the session.
    """
    plan, folder = session.plan, session.folder
    resolved, models = session.resolved(), session.forecasting()
    require_same_models(models, plan.models)
    joined = lines.host(epoch)
    ask = HistoryChannel(joined.gateway)
    clock = NodeClock()
    past = remembered(folder.record, plan.names, whole=bool(models))
    if plan.history and not past.bars:
        bars = await bars_before(ask, plan.names, session.length, plan.history, clock.now)
        past = Past(bars)
    forecaster = None
    if models:
        forecaster = Forecaster(models, plan.instruments, Timeframe.parse(plan.timeframe))
        past = await asyncio.to_thread(forecaster.begin, past)
    began = Began(
        session=folder.id,
        mode=plan.mode,
        strategy=plan.name,
        epoch=epoch,
        time=clock.now(),
        identity=canonical_json(_with_models(resolved.identity, models)).encode(),
        warmup=plan.warmup,
        version=__version__,
    )
    setup = HostSetup(
        began=began,
        plan=resolved.engine,
        history=past.bars,
        signals=tuple(plan.models),
        foreseen=past.foreseen,
        at_once=plan.mode != PAPER,
    )
    host = Host(
        setup,
        joined.executor,
        joined.market,
        fetch=ask,
        recorder=Recorder(folder.record),
        models=forecaster,
        on_hang=on_hang,
    )
    return HostNode(host, ask)


def _with_models(identity: Mapping[str, Any], models: Sequence[SignalModel]) -> Mapping[str, Any]:
    made = {one.signal: one.described() for one in models}
    return {**identity, "settings": {**identity["settings"], "models": made}} if made else identity


class HostNode:
    """A host together with the channel on which it asks for history."""

    def __init__(self, host: Host, history: HistoryChannel) -> None:
        self.host = host
        self._history = history
        self.stop = host.stop
        self.status = host.status
        self.answer = host.answer

    @property
    def failed(self) -> str:
        """Why the strategy has failed; empty when it has not."""
        return self.host.failed

    async def run(self) -> None:
        """Work until stopped, or until the strategy has failed."""
        try:
            await self.host.run()
        finally:
            await self._history.close()
