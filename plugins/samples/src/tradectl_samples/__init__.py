"""Real market data for tradectl that needs no network once it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import DataSourceSpec, Hooks, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


class SamplesPlugin(Hooks):
    """Offers the sample data source."""

    @hookimpl
    def tradectl_data_sources(self) -> Iterable[DataSourceSpec]:
        """Yield the one source; it is imported when it is chosen."""
        yield DataSourceSpec(
            name="samples",
            summary="S&P 500 and NASDAQ Composite, daily bars from 1999 to 2018",
            factory="tradectl_samples.indices:IndexSamples",
            capabilities=frozenset({"offline"}),
        )


plugin = SamplesPlugin()
