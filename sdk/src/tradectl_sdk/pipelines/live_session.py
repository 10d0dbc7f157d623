"""Live sessions from Python: the checklist, and the start that rests on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.config import Settings
from tradectl_sdk.errors import LiveRefusedError, PluginError
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.session import HISTORY, Session
from tradectl_sdk.pipelines.sessions.making import opened_from, planned_at
from tradectl_sdk.pipelines.sessions.plan import LIVE
from tradectl_sdk.pipelines.sessions.preflight import Preflight, require_preflight, run_preflight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.pipelines.sessions.plan import SessionPlan
    from tradectl_sdk.plugins import Plugins


def preflight(
    strategy: str,
    instruments: str | Sequence[str],
    *,
    exchange: str = "",
    timeframe: str = "1d",
    parameters: Mapping[str, object] | None = None,
    models: Mapping[str, str | Mapping[str, object]] | None = None,
    settings: Settings | None = None,
    warmup: int = 0,
    history: int = HISTORY,
    plugins: Plugins | None = None,
) -> Preflight:
    """Go through the checklist before real money moves; the arguments are those of the start.

    What it finds is kept for ``live.preflight_minutes`` minutes, for exactly these arguments, this
    code and these settings.

    Raises:
        NotFoundError: If there is no such strategy, model, exchange or instrument.
        UsageError: If a parameter is wrong, or the instruments do not fit into one account.
        ExchangeError: If the exchange cannot be reached.
    """
    settings, host = settings or Settings(), loaded(plugins)
    plan = _live_plan(
        strategy, instruments, exchange, settings, host,
        timeframe=timeframe, parameters=parameters or {}, models=models,
        warmup=warmup, history=history,
    )  # fmt: skip
    return run_preflight(plan, settings, host)


def live_session(
    strategy: str,
    instruments: str | Sequence[str],
    *,
    confirm: str,
    exchange: str = "",
    timeframe: str = "1d",
    parameters: Mapping[str, object] | None = None,
    models: Mapping[str, str | Mapping[str, object]] | None = None,
    settings: Settings | None = None,
    warmup: int = 0,
    history: int = HISTORY,
    plugins: Plugins | None = None,
) -> Session:
    """Make a session that trades with real money; it is not started yet.

    Args:
        strategy: The name of a plugin's strategy, or ``path.py:Class``.
        instruments: What to trade.
        confirm: The strategy's name once more, written by the person who means it.
        exchange: Where; ``live.exchange`` of the settings unless given.
        timeframe: Of the bars that drive the strategy.
        parameters: Values for the strategy's declared parameters.
        models: What makes signals, by name; each is one that a plugin offers.
        settings: Limits, account and everything else; ``risk`` has to cap orders, positions and
            the daily loss.
        warmup: Bars before orders are accepted, if more than the strategy or a model asks for.
        history: Bars before the session that the strategy is warmed up with; at least what models
            need for their first fit, unless it is 0.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        LiveRefusedError: If there is no preflight of exactly this that passed a short while ago,
            or the name does not agree.
        PluginError: If a plugin is broken.
        NotFoundError: If there is no such strategy, model, exchange or instrument.
        ExchangeError: If the exchange cannot be reached.
    """
    settings, host = settings or Settings(), loaded(plugins)
    for failure in host.failures:
        raise PluginError(str(failure.message), hint=failure.hint)
    plan = _live_plan(
        strategy, instruments, exchange, settings, host,
        timeframe=timeframe, parameters=parameters or {}, models=models,
        warmup=warmup, history=history,
    )  # fmt: skip
    require_preflight(plan, settings)
    if confirm != plan.name:
        raise LiveRefusedError(
            f"the name was {confirm!r}, expected {plan.name!r}", hint="nothing was started"
        )
    return Session(opened_from(plan, strategy, settings, plugins))


def _live_plan(
    strategy: str,
    instruments: str | Sequence[str],
    exchange: str,
    settings: Settings,
    plugins: Plugins,
    **given: Any,
) -> SessionPlan:
    name = exchange or settings.live.exchange or ""
    section = settings.exchange.get(name)
    account = (section.account if section is not None else None) or name
    names = [instruments] if isinstance(instruments, str) else list(instruments)
    return planned_at(
        strategy, names, name,
        mode=LIVE, account=account, settings=settings, plugins=plugins, **given,
    )  # fmt: skip
