"""The settings of the models, as they stand behind a model's name in ``--model``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field
from tradectl_sdk.config import Section
from tradectl_sdk.errors import did_you_mean
from tradectl_sdk.models import Schedule

from tradectl_ml.features import FEATURES


def _read_names(value: object) -> object:
    """Split ``return_1+rsi_14``, and refuse names that nobody knows."""
    names = tuple(value.split("+")) if isinstance(value, str) else value
    if isinstance(names, tuple | list):
        for name in names:
            if name not in FEATURES:
                near = did_you_mean(str(name), FEATURES) or f"there is {', '.join(FEATURES)}"
                raise ValueError(f"names no feature {name!r}; {near}")
        if not names or len(set(names)) < len(names):
            raise ValueError("expected at least one feature, and each once")
    return names


class WalkSettings(Section):
    """What every model is told: what to look at, how far ahead, and when to learn."""

    horizon: int = Field(default=5, ge=1, description="Bars that the forecast looks ahead.")
    embargo: int = Field(
        default=0,
        ge=0,
        description="Bars between the end of the last label that is learned from and the fit.",
    )
    first: int = Field(default=500, ge=1, description="Bar, counted from 0, of the first fit.")
    every: int = Field(default=250, ge=1, description="Bars from one fit to the next.")
    window: int = Field(
        default=0, ge=0, description="Bars to learn from, the latest; 0 for all there are."
    )
    features: Annotated[tuple[str, ...], BeforeValidator(_read_names)] = Field(
        default=tuple(FEATURES), description="What to look at, joined by plus signs."
    )

    def schedule(self) -> Schedule:
        """Return when to fit, and on what."""
        return Schedule(
            horizon=self.horizon,
            embargo=self.embargo,
            first=self.first,
            every=self.every,
            window=self.window,
        )


class RidgeSettings(WalkSettings):
    """Linear regression that keeps its weights small."""

    model_config = ConfigDict(title="ridge")

    alpha: float = Field(
        default=1.0, ge=0, description="How much large weights cost; features are standardised."
    )


class LogisticSettings(WalkSettings):
    """Logistic regression of whether the return is above zero."""

    model_config = ConfigDict(title="logistic")

    c: float = Field(
        default=0.1, gt=0, description="How freely weights may grow, the inverse of their cost."
    )


class BoostingSettings(WalkSettings):
    """Trees that each mend what the ones before got wrong."""

    model_config = ConfigDict(title="boosting")

    trees: int = Field(default=50, ge=1, le=10_000, description="Trees in a fit.")
    learning_rate: float = Field(
        default=0.05, gt=0, le=1, description="Share of its mend that each tree adds."
    )
    leaves: int = Field(default=7, ge=2, le=255, description="Leaves of a tree, at most.")
    leaf_rows: int = Field(default=50, ge=1, description="Bars in a leaf, at least.")
    seed: int = Field(default=0, ge=0, description="Of what little chance there is.")
