"""Reference strategies for tradectl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import Hooks, StrategySpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMPILED = frozenset({"compiled"})


class StrategiesPlugin(Hooks):
    """Offers the reference strategies."""

    @hookimpl
    def tradectl_strategies(self) -> Iterable[StrategySpec]:
        """Yield the reference strategies; each is imported when it is chosen."""
        yield StrategySpec(
            name="buy-and-hold",
            summary="Buy at the first opportunity and keep it",
            factory="tradectl_strategies.buy_and_hold:BuyAndHold",
            capabilities=_COMPILED,
        )
        yield StrategySpec(
            name="sma-cross",
            summary="Long while the fast average is above the slow one",
            factory="tradectl_strategies.sma_cross:SmaCross",
            capabilities=_COMPILED,
        )
        yield StrategySpec(
            name="donchian-breakout",
            summary="Follow breakouts of a price channel, sized by volatility",
            factory="tradectl_strategies.donchian_breakout:DonchianBreakout",
            capabilities=_COMPILED,
        )
        yield StrategySpec(
            name="multi-timeframe-trend",
            summary="Buy strength while a longer timeframe's trend is up",
            factory="tradectl_strategies.multi_timeframe_trend:MultiTimeframeTrend",
            capabilities=_COMPILED | {"multi-timeframe"},
        )
        yield StrategySpec(
            name="support-resistance",
            summary="Bounces, and breakouts with retest, at pivots, swings and volume nodes",
            factory="tradectl_strategies.support_resistance:SupportResistance",
            capabilities=_COMPILED,
        )


plugin = StrategiesPlugin()
