"""What a row of the metrics table is made of."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.runs.metrics.sample import Sample


class Kind(enum.Enum):
    """What a metric's number counts, and so how it is printed."""

    PERCENT = "percent"  # a fraction in JSON, a percentage on screen
    RATIO = "ratio"
    MONEY = "money"  # the account's currency
    COUNT = "count"
    DAYS = "days"
    PROBABILITY = "probability"

    def format(self, value: float | None) -> str:
        """Write a value for people; a dash stands for undefined."""
        if value is None or math.isnan(value):
            return "-"
        return _FORMATS[self](value)


_LEAST = 0.0005  # below it a tenth of a per cent is rounded to none
_LONG = 10  # days from which on a part of one says nothing

_FORMATS: dict[Kind, Callable[[float], str]] = {
    Kind.PERCENT: lambda value: f"{value:,.2%}".replace("%", " %"),
    Kind.RATIO: lambda value: f"{value:.2f}".replace("-0.00", "0.00"),
    Kind.MONEY: "{:,.2f}".format,
    Kind.COUNT: "{:,.0f}".format,
    Kind.DAYS: lambda value: f"{value:,.0f} d" if value >= _LONG else f"{value:.1f} d",
    Kind.PROBABILITY: "{:.3f}".format,
}


def percent(share: float, digits: int = 0) -> str:
    """Write a share for people: ``12 %``."""
    return f"{share:,.{digits}%}".replace("%", " %")


def chance_percent(probability: float) -> str:
    """Write a p-value for people: ``1.2 %``, and ``under 0.1 %`` where that would be nought."""
    return "under 0.1 %" if probability < _LEAST else percent(probability, 1)


class Group(enum.Enum):
    """The part of the report a metric stands in."""

    RETURN = "Return"
    RISK = "Risk"
    DRAWDOWN = "Drawdown"
    REWARD = "Return per risk"
    EVIDENCE = "Evidence"
    BENCHMARK = "Against the benchmark"
    TRADES = "Trades"
    ACTIVITY = "Activity and costs"


class Need(enum.Enum):
    """What a sample must hold for a metric to exist; the value is the reason when it does not."""

    EQUITY = ""
    TRADES = "no trades were given"
    BENCHMARK = "no benchmark was given"
    EXPOSURE = "the exposure at each instant was not given"
    FEES = "the fees were not given"
    SLIPPAGE = "the slippage was not given"
    TRADED_VALUE = "the value traded was not given"

    def met_by(self, sample: Sample) -> bool:
        """Whether the sample holds it."""
        return self is Need.EQUITY or getattr(sample, self.name.lower()) is not None


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table.

    Attributes:
        name: Key in JSON, the field's usual name in snake case.
        label: What the report calls it.
        kind: What the number counts.
        group: Where the report shows it.
        function: Computes it; NaN for undefined.
        definition: One line for the documentation.
        undefined: When it is undefined, for the reader who sees a dash.
        need: What it needs beside the equity curve.
    """

    name: str
    label: str
    kind: Kind
    group: Group
    function: Callable[[Sample], float]
    definition: str
    undefined: str = "never"
    need: Need = Need.EQUITY
