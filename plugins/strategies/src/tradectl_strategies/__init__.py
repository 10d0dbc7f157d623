"""Reference strategies for tradectl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import Hooks, StrategySpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


class StrategiesPlugin(Hooks):
    """Offers the reference strategies."""

    @hookimpl
    def tradectl_strategies(self) -> Iterable[StrategySpec]:
        """Yield the reference strategies; each is imported when it is chosen."""
        yield StrategySpec(
            name="buy-and-hold",
            summary="Buy on the first bar and keep it",
            factory="tradectl_strategies.buy_and_hold:BuyAndHold",
        )


plugin = StrategiesPlugin()
