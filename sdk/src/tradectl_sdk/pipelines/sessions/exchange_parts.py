"""The exchange behind a session's gateway: a real account, or a paper one in front of real data."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tradectl_sdk.engine.costs import ShareOfValue
from tradectl_sdk.paper import PaperExchange, PaperSettings, Replay, SqliteLedger
from tradectl_sdk.pipelines.costs import make_costs
from tradectl_sdk.pipelines.exchanges import exchange_of
from tradectl_sdk.pipelines.sessions.plan import PAPER
from tradectl_sdk.pipelines.sessions.planning import replayed_series

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tradectl_sdk.config import Settings
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import FeeModel, Plan, SlippageModel
    from tradectl_sdk.exchange import Credentials, Exchange
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.sessions.plan import ReplayPlan, SessionPlan
    from tradectl_sdk.plugins import Plugins


class _PaperExchange(PaperExchange):
    """A paper exchange whose ledger is its own."""

    def __init__(self, source: Exchange, *, ledger: SqliteLedger, **rest: Any) -> None:
        super().__init__(source, ledger, **rest)
        self._own = ledger

    async def close(self) -> None:
        """Close the ledger, too."""
        await super().close()
        self._own.close()


def gateway_exchange(
    plan: SessionPlan,
    engine: Plan,
    settings: Settings,
    plugins: Plugins | None,
    folder: SessionFolder,
    *,
    credentials: Credentials | None = None,
    pace: Callable[[int], Awaitable[None]] | None = None,
) -> tuple[Exchange, Replay | None]:
    """Make the exchange that a session's gateway talks to, not opened yet, and what is replayed.

    Args:
        plan: The session.
        engine: What its engine runs.
        settings: Those it was started with.
        plugins: Where the adapter comes from.
        folder: Where the ledger of a paper session is.
        credentials: Keys of a live session.
        pace: Awaited by a replay without a speed before each instant.
    """
    if plan.mode != PAPER:
        return exchange_of(
            plan.exchange, settings=settings, plugins=plugins, credentials=credentials
        ), None
    ledger = SqliteLedger(folder.ledger)
    venue = partial(
        _PaperExchange,
        ledger=ledger,
        settings=paper_settings(engine, settings, plugins),
        instruments=plan.names,
        grace=settings.session.bar_grace_seconds,
    )
    if plan.replay is None:
        return venue(exchange_of(plan.exchange, settings=settings, plugins=plugins)), None
    market = _replay(plan, plan.replay, settings, plugins, ledger, pace)
    return venue(market, clock=market.clock), market


def paper_settings(engine: Plan, settings: Settings, plugins: Plugins | None) -> PaperSettings:
    """Return a paper venue's assumptions: those of the backtest, fees of its settings included."""
    terms = {str(one.id): one for one in engine.instruments}

    def with_terms(found: Sequence[Instrument]) -> list[Instrument]:
        return [terms[str(one.id)] for one in found]

    def fees(found: Sequence[Instrument]) -> FeeModel:
        make, _, _ = make_costs(settings.backtest, plugins, with_terms(found))
        return make() if make is not None else ShareOfValue(with_terms(found))

    def slippage(found: Sequence[Instrument]) -> SlippageModel:
        _, make, _ = make_costs(settings.backtest, plugins, with_terms(found))
        assert make is not None  # noqa: S101 - only used when the settings name one
        return make()

    return PaperSettings(
        assumptions=engine.assumptions,
        fees=fees,
        slippage=slippage if settings.backtest.slippage is not None else None,
    )


def _replay(
    plan: SessionPlan,
    replay: ReplayPlan,
    settings: Settings,
    plugins: Plugins | None,
    ledger: SqliteLedger,
    pace: Callable[[int], Awaitable[None]] | None,
) -> Replay:
    """Make the market of a replay; one that was begun goes on where its venue has got to."""
    series = replayed_series(plan.names, plan.timeframe, replay, settings, plugins)
    bars = [
        replace(one.bars, instrument=terms)
        for one, terms in zip(series, plan.instruments, strict=True)
    ]
    state = ledger.state()
    standings = state.standings.values() if state is not None else ()
    begun = max((one.last.time for one in standings if one.last is not None), default=0)
    return Replay(
        bars,
        start=begun,
        speed=replay.speed,
        pace=None if replay.speed else pace,
    )
