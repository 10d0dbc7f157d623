"""Paper sessions with models of a few lines, which round as libraries do."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from session_scene import SERIES
from tradectl_sdk import Settings, Strategy, paper_session

sys.path.insert(0, str(Path(__file__).parents[2] / "models"))

from small_models import LeastSquares

if TYPE_CHECKING:
    from tradectl_sdk.pipelines.session import Session

END = "2000-10-01"


class Blas(LeastSquares):
    """Rounds differently alone and among others, as most libraries do."""

    def fit(self, features: Any, labels: Any) -> Any:
        weights = np.linalg.lstsq(features, labels, rcond=None)[0]
        return type("Product", (), {"predict": lambda self, rows: rows @ weights})()


class Follow(Strategy):
    """Holds while the forecast is positive, and sells down while another one is not."""

    signals = ("forecast", "other")

    def on_start(self, ctx: Any) -> None:
        self.forecast, self.other = ctx.signal("forecast"), ctx.signal("other")

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if self.forecast.value > 0 and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(1)
        elif self.forecast.value < 0 or self.other.value < -0.001:
            ctx.close()


MODELS: dict[str, Any] = {
    "forecast": partial(Blas, first=40, every=30),
    "other": partial(Blas, horizon=1, first=50, every=25, embargo=2),
}


def settings_in(root: Path) -> Settings:
    return Settings.model_validate({"session": {"directory": root}})


def session_in(root: Path, models: Any = None, **rest: Any) -> Session:
    given = {"replay": True, "start": "2000-03-01", "end": END, **rest}
    return paper_session(
        Follow, SERIES, models=models or MODELS, settings=settings_in(root), **given
    )
