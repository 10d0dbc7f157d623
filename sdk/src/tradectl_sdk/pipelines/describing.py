"""What a strategy says about itself, and what it asks for when it starts."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import TradectlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.strategy import Parameter

_BARS = 2  # enough for a series to exist; nothing runs over them


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyDescription:
    """A strategy as lists and forms show it.

    Attributes:
        name: What to call it.
        source: Where it came from.
        doc: Its docstring.
        parameters: Declared parameters by name.
        portfolio: Whether one object sees all instruments.
        warmup: Bars it wants before it may trade, with its defaults; None when it would not start.
        reason: Why it would not start, empty otherwise.
    """

    name: str
    source: str
    doc: str
    parameters: Mapping[str, Parameter]
    portfolio: bool
    warmup: int | None
    reason: str = ""


def describe_strategy(found: FoundStrategy, timeframe: str = "1d") -> StrategyDescription:
    """Describe a strategy; it is started once, with its defaults, on bars it never sees.

    Args:
        found: The strategy.
        timeframe: Length of those bars; a strategy may want more of shorter ones.
    """
    warmup, reason = _warm_up(found, Timeframe.parse(timeframe))
    return StrategyDescription(
        name=found.name,
        source=found.source,
        doc=inspect.getdoc(found.cls) or "",
        parameters=found.cls.parameters(),
        portfolio=found.cls.portfolio,
        warmup=warmup,
        reason=reason,
    )


def _warm_up(found: FoundStrategy, frame: Timeframe) -> tuple[int | None, str]:
    from tradectl_sdk.engine import Plan
    from tradectl_sdk.engine.build import build
    from tradectl_sdk.pipelines.series import LoadedSeries, Resampling, to_columns

    series = LoadedSeries(bars=_flat_bars(frame), content_hash="", origin="memory")
    plan = Plan(
        instruments=(series.bars.instrument,),
        columns=(to_columns(series.bars, 0),),
        make_strategy=found.cls,
        resample=Resampling((series,)),
    )
    try:
        engine = build(plan)
    except TradectlError as error:
        return None, error.message
    except Exception as error:  # noqa: BLE001 - on_start is a stranger's code
        return None, f"on_start raised {type(error).__name__}: {error}"
    return max(strategy.warmup for strategy in engine.strategies), ""


def _flat_bars(frame: Timeframe) -> Bars:
    one = Decimal(1)
    instrument = Instrument(symbol="EXAMPLE", venue="NOWHERE", tick_size=one, lot_size=one)
    prices = np.full(_BARS, 100, np.int64)
    return Bars(
        instrument=instrument,
        timeframe=frame,
        time=np.arange(_BARS, dtype=np.int64) * frame.nanoseconds,
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=prices,
    )
