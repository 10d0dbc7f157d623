"""The risk rules of tradectl: what an order must respect before a venue sees it.

Its section of the report shows what the losses were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.hooks import Hooks, ReportSectionSpec, RiskRuleSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTHING: frozenset[str] = frozenset()


def _rule(
    name: str,
    summary: str,
    factory: str,
    example: dict[str, Any],
    capabilities: frozenset[str] = NOTHING,
) -> RiskRuleSpec:
    return RiskRuleSpec(
        name=name,
        summary=summary,
        factory=f"tradectl_risk.{factory}",
        settings="tradectl_sdk.config:RiskSection",
        example=example,
        capabilities=capabilities,
    )


class RiskPlugin(Hooks):
    """Offers the rules that ``[risk]`` sets the limits of."""

    @hookimpl
    def tradectl_risk_rules(self) -> Iterable[RiskRuleSpec]:
        """Yield the rules; each is imported when it is chosen."""
        yield _rule(
            "account",
            "Cash covers what is bought, positions cover what is sold; or margin covers both",
            "account:make_account",
            {},
        )
        yield _rule(
            "order-size",
            "Quantity of one order within max_order_quantity",
            "orders:make_order_size",
            {"max_order_quantity": 5},
        )
        yield _rule(
            "order-notional",
            "Value of one order within max_order_notional",
            "orders:make_order_notional",
            {"max_order_notional": 500},
        )
        yield _rule(
            "position-size",
            "Position with its open orders filled within max_position_quantity",
            "positions:make_position_size",
            {"max_position_quantity": 15},
        )
        yield _rule(
            "position-notional",
            "Value of a position with its open orders filled within max_position_notional",
            "positions:make_position_notional",
            {"max_position_notional": 1500},
        )
        yield _rule(
            "exposure",
            "Values of all positions, long and short added up, within max_gross_exposure",
            "positions:make_gross_exposure",
            {"max_gross_exposure": 2000},
        )
        yield _rule(
            "order-rate",
            "At most max_orders orders in any max_orders_seconds seconds",
            "flow:make_order_rate",
            {"max_orders": 2, "max_orders_seconds": 86_400},
        )
        yield _rule(
            "collar",
            "Limit and trigger prices within collar_bps of the last price",
            "flow:make_price_collar",
            {"collar_bps": 100},
        )
        yield _rule(
            "daily-loss",
            "Only reducing orders once the day's loss reaches max_daily_loss",
            "loss:make_daily_loss",
            {"max_daily_loss": 100},
            frozenset({"observes-equity"}),
        )

    @hookimpl
    def tradectl_report_sections(self) -> Iterable[ReportSectionSpec]:
        """Yield what the report says of losses."""
        yield ReportSectionSpec(
            name="worst-drawdowns",
            summary="The deepest drawdowns and how long each lasted",
            factory="tradectl_risk.drawdowns:worst_drawdowns",
        )


plugin = RiskPlugin()
