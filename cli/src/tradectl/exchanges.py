"""Exchanges for commands: by the name a person types, opened, asked, and closed again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradectl_sdk.config import LoadedSettings
    from tradectl_sdk.exchange import Exchange
    from tradectl_sdk.plugins import Plugins

T = TypeVar("T")


def public_exchange(name: str, settings: LoadedSettings, plugins: Plugins) -> Exchange:
    """Make an exchange without keys.

    Raises:
        NotFoundError: When no plugin offers it.
    """
    from tradectl_sdk.pipelines.exchanges import make_exchange

    return make_exchange(name, plugins=plugins, sections=settings.settings.plugins)


def keyed_exchange(name: str, settings: LoadedSettings, plugins: Plugins) -> tuple[Exchange, bool]:
    """Make an exchange with the keys there are, and say whether there were any.

    Raises:
        NotFoundError: When no plugin offers it.
    """
    from tradectl_sdk.pipelines.exchanges import key_store, make_exchange

    store = key_store()
    keys = store.credentials_for(name) if store.find(name) is not None else None
    exchange = make_exchange(
        name, plugins=plugins, sections=settings.settings.plugins, credentials=keys
    )
    return exchange, keys is not None


def run_with(
    exchange: Exchange, ask: Callable[[Exchange], Awaitable[T]], *, opened: bool = True
) -> T:
    """Ask an exchange something and close it, whatever happens.

    Args:
        exchange: The adapter.
        ask: What to ask.
        opened: Whether it is to be opened first.

    Raises:
        ExchangeError: When it failed.
    """

    async def run() -> T:
        try:
            if opened:
                await exchange.open()
            return await ask(exchange)
        finally:
            await exchange.close()

    return asyncio.run(run())


def offered(incomplete: str) -> list[str]:
    """Complete the name of an exchange."""
    from tradectl_sdk.plugins import Plugins

    return [name for name in Plugins.discover().load().exchanges() if name.startswith(incomplete)]
