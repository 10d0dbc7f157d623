"""Making sessions: from a plan to a folder."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.exchanges import exchange_of
from tradectl_sdk.pipelines.sessions.opening import create_session
from tradectl_sdk.pipelines.sessions.parts import OpenSession
from tradectl_sdk.pipelines.sessions.planning import plan_at_exchange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.config import Settings
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.sessions.plan import SessionPlan
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy


def planned_at(
    strategy: str | type[Strategy],
    names: Sequence[str],
    exchange: str,
    *,
    settings: Settings,
    plugins: Plugins | None,
    **rest: Any,
) -> SessionPlan:
    """Plan a session at an exchange; its public side is asked for what trades there.

    Raises:
        UsageError: If no exchange is named, or what is asked for makes no sense.
        NotFoundError: If there is no such strategy, exchange or instrument.
        ExchangeError: If the exchange cannot be reached.
    """
    if not exchange:
        raise UsageError(
            "no exchange was named",
            hint="--exchange NAME says which; paper sessions can --replay data of the catalog",
        )
    source = exchange_of(exchange, settings=settings, plugins=plugins)
    return asyncio.run(
        plan_at_exchange(
            strategy,
            names,
            source,
            exchange_name=exchange,
            settings=settings,
            plugins=plugins,
            **rest,
        )
    )


def opened_from(
    plan: SessionPlan,
    strategy: str | type[Strategy],
    settings: Settings,
    plugins: Plugins | None,
    models: Mapping[str, MadeBy] | None = None,
) -> OpenSession:
    """Make the folder of a planned session.

    Args:
        plan: What is started.
        strategy: Its strategy, as it was given.
        settings: Those in force.
        plugins: Installed plugins.
        models: What makes its signals, as it was given.

    Raises:
        DataError: If the disk refuses.
    """
    folder = create_session(plan, settings)
    return OpenSession(
        folder=folder,
        plan=plan,
        settings=settings,
        plugins=plugins,
        strategy=None if isinstance(strategy, str) else strategy,
        models={name: made for name, made in (models or {}).items() if callable(made)},
    )
