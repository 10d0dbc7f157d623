"""Fixtures for the data room."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tradectl_sdk.data import Catalog, ImportReport, import_bars
from tradectl_sdk.domain.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Bring = Callable[..., ImportReport]
    Days = Callable[..., list[str]]

HEADER = "time,open,high,low,close,volume"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog")


@pytest.fixture
def instrument() -> Instrument:
    return Instrument(
        symbol="BTC/USDT", venue="SIM", tick_size=Decimal("0.01"), lot_size=Decimal("0.001")
    )


@pytest.fixture
def bring(catalog: Catalog, tmp_path: Path) -> Bring:
    """Write lines (under the usual header) or raw content to a file and import it as X.TEST 1d."""

    def importer(
        content: list[str] | str | bytes, name: str = "prices.csv", **options: Any
    ) -> ImportReport:
        if isinstance(content, list):
            content = "\n".join((HEADER, *content)) + "\n"
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        options = {"instrument": "X.TEST", "timeframe": "1d", **options}
        return import_bars(catalog, path, **options)

    return importer


@pytest.fixture
def days() -> Days:
    """Make lines of flat daily bars that break no rule."""

    def lines(count: int, *, first: str = "2024-01-01", price: float = 100.0) -> list[str]:
        start = np.datetime64(first)
        return [f"{start + n},{price},{price + 1},{price - 1},{price},10" for n in range(count)]

    return lines
