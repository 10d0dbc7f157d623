"""A market to forecast, and models that are quick."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest
from tradectl_sdk import Bars, Instrument
from tradectl_sdk.data.synthetic import synthetic_market

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def bars() -> Bars:
    one = Instrument(
        symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal("0.001")
    )
    (series,) = synthetic_market([one], bars=400, timeframe="1d", seed=5)
    return series.bars
