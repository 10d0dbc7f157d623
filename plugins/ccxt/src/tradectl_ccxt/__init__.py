"""Every exchange that ccxt knows, as exchanges of tradectl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import ExchangeSpec, Hooks, hookimpl

from tradectl_ccxt.names import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable


class CcxtPlugin(Hooks):
    """Offers them by name; ccxt itself is imported when one is used."""

    @hookimpl
    def tradectl_exchanges(self) -> Iterable[ExchangeSpec]:
        """Yield one record for each."""
        for name in NAMES:
            yield ExchangeSpec(
                name=name,
                summary=f"{name} through ccxt",
                factory=f"tradectl_ccxt.factories:{name}",
                settings="tradectl_ccxt.settings:CcxtSettings",
            )


plugin = CcxtPlugin()
