"""Models of scikit-learn for tradectl, and a strategy that trades what they forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import Hooks, ModelSpec, StrategySpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

_RETURNS = frozenset({"returns"})


class ModelsPlugin(Hooks):
    """Offers the models, and the strategy."""

    @hookimpl
    def tradectl_models(self) -> Iterable[ModelSpec]:
        """Yield the models; each is imported when it is chosen."""
        yield ModelSpec(
            name="ridge",
            summary="Linear regression with shrinkage",
            factory="tradectl_ml.models:Ridge",
            settings="tradectl_ml.settings:RidgeSettings",
            capabilities=_RETURNS,
        )
        yield ModelSpec(
            name="logistic",
            summary="Logistic regression of the sign: how much likelier up than down, -1 to 1",
            factory="tradectl_ml.models:Logistic",
            settings="tradectl_ml.settings:LogisticSettings",
        )
        yield ModelSpec(
            name="boosting",
            summary="Gradient boosting of small trees on histograms",
            factory="tradectl_ml.models:Boosting",
            settings="tradectl_ml.settings:BoostingSettings",
            capabilities=_RETURNS,
        )

    @hookimpl
    def tradectl_strategies(self) -> Iterable[StrategySpec]:
        """Yield the strategy that trades a forecast."""
        yield StrategySpec(
            name="forecast-threshold",
            summary="Long while a model's forecast is above a threshold",
            factory="tradectl_ml.forecast_threshold:ForecastThreshold",
            capabilities=frozenset({"compiled"}),
        )


plugin = ModelsPlugin()
