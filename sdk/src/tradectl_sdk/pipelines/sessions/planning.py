"""From what a person asks for to a session's plan: everything found, checked and pinned."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradectl_sdk import __version__
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine.live_build import check_plan
from tradectl_sdk.errors import NotFoundError, UsageError, did_you_mean
from tradectl_sdk.paper import paper_card
from tradectl_sdk.paper.replay import check_speed
from tradectl_sdk.pipelines.codehash import class_hash
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import fit_together, identity_of
from tradectl_sdk.pipelines.modelling import find_models, wanted_models
from tradectl_sdk.pipelines.planning import bare_plan, parameter_values
from tradectl_sdk.pipelines.series import Window, load_series
from tradectl_sdk.pipelines.sessions.forecasting import pin_models
from tradectl_sdk.pipelines.sessions.plan import PAPER, SessionPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.config import Settings
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Plan
    from tradectl_sdk.exchange import Card, Exchange
    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.pipelines.modelling import MadeBy, SignalModel
    from tradectl_sdk.pipelines.series import LoadedSeries
    from tradectl_sdk.pipelines.sessions.plan import ReplayPlan
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy


def plan_replay(
    strategy: str | type[Strategy],
    names: Sequence[str],
    *,
    timeframe: str,
    replay: ReplayPlan,
    parameters: Mapping[str, object],
    settings: Settings,
    plugins: Plugins | None,
    models: Mapping[str, MadeBy] | None = None,
    warmup: int = 0,
) -> SessionPlan:
    """Plan a paper session over data of the catalog.

    Raises:
        NotFoundError: If there is no such strategy or model.
        DataMissingError: If there is no such data.
        UsageError: If a parameter or the speed is wrong, or the series do not fit into one account.
    """
    check_speed(replay.speed)
    series = replayed_series(names, timeframe, replay, settings, plugins)
    card = paper_card(margin=settings.backtest.margin)
    plan = _plan(strategy, [one.bars.instrument for one in series], timeframe, card)
    has_volume = all(bool(one.bars.volume.any()) for one in series)
    plan = replace(plan, replay=replay, has_volume=has_volume, warmup=warmup)
    return _checked(plan, strategy, parameters, models, settings, plugins)


def replayed_series(
    names: Sequence[str],
    timeframe: str,
    replay: ReplayPlan,
    settings: Settings,
    plugins: Plugins | None,
) -> tuple[LoadedSeries, ...]:
    """Load what is replayed."""
    window = Window(replay.start, replay.end)
    root = settings.data.catalog
    return tuple(load_series(name, timeframe, window, root, plugins) for name in names)


async def plan_at_exchange(
    strategy: str | type[Strategy],
    names: Sequence[str],
    exchange: Exchange,
    *,
    mode: str,
    exchange_name: str,
    account: str,
    timeframe: str,
    parameters: Mapping[str, object],
    settings: Settings,
    plugins: Plugins | None,
    models: Mapping[str, MadeBy] | None = None,
    warmup: int = 0,
    history: int = 0,
) -> SessionPlan:
    """Plan a session with an exchange's data; its public side is asked for the instruments.

    Raises:
        NotFoundError: If there is no such strategy, model or instrument.
        UsageError: If a parameter is wrong, the exchange has no bars, or the instruments do not
            fit into one account.
        ExchangeError: If the exchange cannot be reached.
    """
    try:
        await exchange.open()
        listed = await exchange.instruments()
    finally:
        await exchange.close()
    if "bars" not in exchange.card.market_data:
        raise UsageError(f"{exchange_name} has no bars, expected some to trade on")
    instruments = [_listed(name, listed, exchange_name) for name in names]
    card = exchange.card
    if mode == PAPER:
        card = paper_card(margin=settings.backtest.margin, market_data=card.market_data)
    plan = _plan(strategy, instruments, timeframe, card)
    plan = replace(
        plan, mode=mode, exchange=exchange_name, account=account, warmup=warmup, history=history
    )
    return _checked(plan, strategy, parameters, models, settings, plugins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A session's plan with everything it names.

    Attributes:
        found: The strategy.
        engine: What the engine runs; its series have no bars yet.
        identity: What the session's decisions depend on, other than its data.
    """

    found: FoundStrategy
    engine: Plan
    identity: Mapping[str, Any]


def resolve_plan(
    plan: SessionPlan,
    settings: Settings,
    plugins: Plugins | None,
    strategy: str | type[Strategy] | None = None,
) -> Resolved:
    """Find a session's strategy, fees, rules and cost models.

    Args:
        plan: The session.
        settings: Those it was started with.
        plugins: Installed plugins, if they are loaded already.
        strategy: The class itself where it cannot be found by name.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If a parameter is wrong.
        PluginError: If a rule or a model cannot be loaded.
    """
    found = find_strategy(strategy or plan.strategy, plugins)
    engine = bare_plan(
        found,
        plan.parameters,
        plan.instruments,
        Timeframe.parse(plan.timeframe).nanoseconds,
        settings,
        has_volume=plan.has_volume,
        warmup=plan.warmup,
        plugins=plugins,
    )
    return Resolved(
        found=found,
        engine=engine,
        identity=identity_of(engine, found, plan.parameters, settings, plugins=plugins)
        | {"data": [{"instrument": name, "timeframe": plan.timeframe} for name in plan.names]},
    )


def _plan(
    strategy: str | type[Strategy],
    instruments: Sequence[Instrument],
    timeframe: str,
    card: Card,
) -> SessionPlan:
    return SessionPlan(
        mode=PAPER,
        card=card,
        strategy=_reference(strategy),
        name="",
        parameters={},
        instruments=tuple(instruments),
        timeframe=str(Timeframe.parse(timeframe)),
        created=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        version=__version__,
    )


def _reference(strategy: str | type[Strategy]) -> str:
    """Name a strategy so that it is found from any folder."""
    if not isinstance(strategy, str):
        return f"{strategy.__module__}:{strategy.__qualname__}"
    path, colon, name = strategy.partition(":")
    return f"{Path(path).resolve()}{colon}{name}" if path.endswith(".py") else strategy


def _checked(
    plan: SessionPlan,
    strategy: str | type[Strategy],
    parameters: Mapping[str, object],
    models: Mapping[str, MadeBy] | None,
    settings: Settings,
    plugins: Plugins | None,
) -> SessionPlan:
    """Resolve everything once, so that what is wrong is told before anything is started."""
    fit_together(plan.instruments)
    found = find_strategy(strategy, plugins)
    values = parameter_values(found, parameters)
    plan = replace(plan, parameters=values, name=found.name, code=class_hash(found.cls))
    plan = _with_models(plan, find_models(wanted_models(found.cls, models or {}, ()), plugins))
    check_plan(resolve_plan(plan, settings, plugins, strategy).engine)
    return plan


def _with_models(plan: SessionPlan, models: Sequence[SignalModel]) -> SessionPlan:
    """Pin models, and what they ask for: no order before a forecast, and bars to learn from."""
    first = max((one.first_forecast() for one in models), default=0)
    return replace(
        plan,
        models=pin_models(models),
        warmup=max(plan.warmup, first),
        history=max(plan.history, first) if plan.history else 0,
    )


def _listed(name: str, listed: Sequence[Instrument], exchange: str) -> Instrument:
    """Find an instrument by its id or, at this exchange, by its symbol alone."""
    by_name = {str(one.id): one for one in listed} | {one.symbol: one for one in listed}
    if name not in by_name:
        near = did_you_mean(name.upper(), by_name)
        raise NotFoundError(
            f"{exchange} does not trade {name}",
            hint=near or f"tradectl exchange markets {exchange} lists what there is",
        )
    return by_name[name]
