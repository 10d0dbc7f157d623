"""One factory for each name, made when it is asked for: ``tradectl_ccxt.factories:binance``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tradectl_ccxt.names import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.exchange import Credentials

    from tradectl_ccxt.adapter import CcxtExchange
    from tradectl_ccxt.settings import CcxtSettings


def make(name: str, settings: CcxtSettings | None, credentials: Credentials | None) -> CcxtExchange:
    """Make the adapter of an exchange."""
    from tradectl_ccxt.adapter import CcxtExchange
    from tradectl_ccxt.settings import VenueSettings

    return CcxtExchange(name, settings.of(name) if settings else VenueSettings(), credentials)


def __getattr__(
    name: str,
) -> Callable[[CcxtSettings | None, Credentials | None], CcxtExchange]:
    """Return the factory of an exchange (PEP 562)."""
    if name not in NAMES:
        raise AttributeError(f"ccxt has no exchange {name!r}")
    return partial(make, name)
