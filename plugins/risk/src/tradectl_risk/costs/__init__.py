"""The cost models of tradectl: what fills cost in fees and in slippage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import CostModelSpec, Hooks, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

FEES = frozenset({"fees"})
SLIPPAGE = frozenset({"slippage"})


def _model(name: str, summary: str, stem: str, capabilities: frozenset[str]) -> CostModelSpec:
    return CostModelSpec(
        name=name,
        summary=summary,
        factory=f"tradectl_risk.costs.models:make_{stem}",
        settings=f"tradectl_risk.costs.models:{stem.title().replace('_', '')}Settings",
        capabilities=capabilities,
    )


class CostsPlugin(Hooks):
    """Offers the cost models that ``backtest.fees`` and ``backtest.slippage`` name."""

    @hookimpl
    def tradectl_cost_models(self) -> Iterable[CostModelSpec]:
        """Yield the models; each is imported when it is chosen."""
        yield _model(
            "share-of-value",
            "Maker and taker fees of each instrument as a share of the value",
            "share_of_value",
            FEES,
        )
        yield _model(
            "per-unit",
            "A fee per unit of quantity with a minimum per order, as for shares and futures",
            "per_unit",
            FEES,
        )
        yield _model(
            "per-order",
            "A fixed fee per order and a share of the value",
            "per_order",
            FEES,
        )
        yield _model(
            "basis-points",
            "Taking fills are worse by a number of basis points",
            "basis_points",
            SLIPPAGE,
        )
        yield _model(
            "volume-share",
            "Taking fills are worse by the square of their share of the bar's volume",
            "volume_share",
            SLIPPAGE,
        )
        yield _model(
            "square-root",
            "Taking fills are worse by the square root of their share of the bar's volume",
            "square_root",
            SLIPPAGE,
        )


plugin = CostsPlugin()
