"""Features bar by bar: the bits of those that are made of all bars."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_ml.features import FEATURES, Stream, make_features
from tradectl_sdk import Bars, Instrument
from tradectl_sdk.data.synthetic import synthetic_market


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(symbol="S", venue="T", tick_size=Decimal("0.01"), lot_size=Decimal("0.001"))
    (series,) = synthetic_market([one], bars=400, timeframe="1h", seed=3)
    return series.bars


@pytest.mark.parametrize("pieces", [[1] * 400, [30, 1, 1, 68, 300], [0, 400]])
@pytest.mark.parametrize("volume", [True, False])
def test_every_feature_bar_by_bar_has_the_bits_of_all_at_once(bars, pieces, volume):
    if not volume:
        bars = replace(bars, volume=np.zeros_like(bars.volume))
    whole = make_features(bars, tuple(FEATURES)).values
    stream, found, start = Stream(tuple(FEATURES)), [], 0
    for piece in pieces:
        found.append(stream.add(bars.rows(start, start + piece)))
        start += piece
    assert np.concatenate(found).tobytes() == whole.tobytes()
    assert np.isfinite(whole[120:]).all()
