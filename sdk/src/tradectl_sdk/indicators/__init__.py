"""Streaming indicators: one bar in, one value out, the same numbers in every mode.

::

    average = SMA(20)
    value = average.update(bar.close)      # NaN until average.ready

The contract, held by tests for every indicator:

- ``update`` takes one float per input, in the order its signature names them, advances the state
  and returns ``value``; further outputs are attributes (``OUTPUTS`` names them all).
- Until ``ready``, every output is NaN (ages of swing points: 0). All outputs of an indicator
  appear together, except where its docstring says otherwise. The docstrings give the warm-up.
- A NaN before that is not counted, so indicators can be chained: ``EMA(9).update(rsi.update(x))``
  begins when the RSI does. A NaN after that comes out as NaN, for as long as a window holds it,
  and for good from recursive averages, which never forget. Prices in the catalog are never NaN.
- Those made of exponential averages never quite forget the bars they began with. Their ``memory``
  says after how many these weigh no more than a thousandth: what a strategy that uses them asks
  for as its warm-up.
- Interpreted and compiled, streaming and in the array form, the bytes are equal. No output depends
  on a later input.
- The work per update does not grow with the window (amortised), and rounding does not build up
  over a long run.

Each indicator is a kernel: a plain object of numbers, fixed lists and other indicators, that runs
as it is or as machine code. `compute` and `compute_outputs` are the array form.
"""

from __future__ import annotations

from tradectl_sdk.indicators.arrays import compute, compute_outputs
from tradectl_sdk.indicators.averages import EMA, SMA, SMMA, WMA
from tradectl_sdk.indicators.base import Indicator
from tradectl_sdk.indicators.channels import Bollinger, Donchian, Keltner
from tradectl_sdk.indicators.directional import ADX
from tradectl_sdk.indicators.extremes import RollingMax, RollingMin
from tradectl_sdk.indicators.levels import PivotPoints, SwingPoints
from tradectl_sdk.indicators.momentum import MACD, RSI, Stochastic
from tradectl_sdk.indicators.volatility import ATR, StandardDeviation, TrueRange
from tradectl_sdk.indicators.volume import OBV, VWAP, RollingVWAP

__all__ = [
    "ADX",
    "ATR",
    "EMA",
    "MACD",
    "OBV",
    "RSI",
    "SMA",
    "SMMA",
    "VWAP",
    "WMA",
    "Bollinger",
    "Donchian",
    "Indicator",
    "Keltner",
    "PivotPoints",
    "RollingMax",
    "RollingMin",
    "RollingVWAP",
    "StandardDeviation",
    "Stochastic",
    "SwingPoints",
    "TrueRange",
    "compute",
    "compute_outputs",
]
