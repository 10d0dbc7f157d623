"""Market data at rest: the catalog, imports with their checks, resampling, synthetic markets.

Everything public is importable from here and imported on use::

    from tradectl_sdk.data import Catalog, import_bars

    catalog = Catalog("data")
    report = import_bars(catalog, "prices.csv", instrument="SPX.SAMPLE", timeframe="1d")
    bars = catalog.bars("SPX.SAMPLE", "1d")
    bars.close          # int64 ticks
    bars.floats("close")  # float64 prices
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.data.bars import Bars
    from tradectl_sdk.data.catalog import Catalog, Repair
    from tradectl_sdk.data.exporting import export_bars
    from tradectl_sdk.data.importing import ImportReport, import_bars
    from tradectl_sdk.data.manifest import SeriesInfo
    from tradectl_sdk.data.merging import MergeReport
    from tradectl_sdk.data.resample import resample
    from tradectl_sdk.data.sources import (
        DataSource,
        SeriesDescriptor,
        find_descriptor,
        load_series,
    )
    from tradectl_sdk.data.synthetic import MarketModel, SyntheticSeries, synthetic_market
    from tradectl_sdk.data.verifying import VerifyReport

_HOMES = {
    "Bars": "tradectl_sdk.data.bars",
    "Catalog": "tradectl_sdk.data.catalog",
    "DataSource": "tradectl_sdk.data.sources",
    "ImportReport": "tradectl_sdk.data.importing",
    "MergeReport": "tradectl_sdk.data.merging",
    "MarketModel": "tradectl_sdk.data.synthetic",
    "Repair": "tradectl_sdk.data.catalog",
    "SeriesDescriptor": "tradectl_sdk.data.sources",
    "SeriesInfo": "tradectl_sdk.data.manifest",
    "SyntheticSeries": "tradectl_sdk.data.synthetic",
    "VerifyReport": "tradectl_sdk.data.verifying",
    "export_bars": "tradectl_sdk.data.exporting",
    "find_descriptor": "tradectl_sdk.data.sources",
    "import_bars": "tradectl_sdk.data.importing",
    "load_series": "tradectl_sdk.data.sources",
    "resample": "tradectl_sdk.data.resample",
    "synthetic_market": "tradectl_sdk.data.synthetic",
}

__all__ = [
    "Bars",
    "Catalog",
    "DataSource",
    "ImportReport",
    "MarketModel",
    "MergeReport",
    "Repair",
    "SeriesDescriptor",
    "SeriesInfo",
    "SyntheticSeries",
    "VerifyReport",
    "export_bars",
    "find_descriptor",
    "import_bars",
    "load_series",
    "resample",
    "synthetic_market",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
