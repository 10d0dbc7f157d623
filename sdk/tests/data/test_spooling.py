"""Pages of bars that wait on disk until they are merged."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.data.bars import Bars
from tradectl_sdk.data.spooling import Spool
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from tradectl_sdk.data import Catalog

MINUTE = 60_000_000_000
FRAME = Timeframe(MINUTE)
COIN = Instrument(
    symbol="A/B", venue="X", tick_size=Decimal("0.01"), lot_size=Decimal("0.1"), base="A", quote="B"
)


def bars(*opens: int) -> Bars:
    price = np.full(len(opens), 100, np.int64)
    return Bars(
        instrument=COIN,
        timeframe=FRAME,
        time=np.array(opens, np.int64) * MINUTE,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=np.array(opens, np.int64),
    )


def test_pages_wait_on_disk_and_come_back_as_one_series(catalog: Catalog) -> None:
    Spool(catalog, COIN.id, FRAME).add(bars(5, 6))
    Spool(catalog, COIN.id, FRAME).add(bars(1, 2))
    Spool(catalog, COIN.id, FRAME).add(bars(2, 3))
    waiting = Spool(catalog, COIN.id, FRAME).bars()

    assert waiting is not None
    assert (waiting.time // MINUTE).tolist() == [1, 2, 3, 5, 6]
    assert waiting.instrument == COIN
    assert catalog.names() == []  # not visible before they are merged
    Spool(catalog, COIN.id, FRAME).clear()
    assert Spool(catalog, COIN.id, FRAME).bars() is None


def test_an_unfinished_page_is_not_there(catalog: Catalog) -> None:
    spool = Spool(catalog, COIN.id, FRAME)
    spool.add(bars(1))
    (spool.folder / ".a1b2c3").write_bytes(b"half a page")

    waiting = spool.bars()
    assert waiting is not None
    assert len(waiting) == 1


def test_a_damaged_page_is_named(catalog: Catalog) -> None:
    spool = Spool(catalog, COIN.id, FRAME)
    spool.add(bars(1))
    (page,) = spool.folder.glob("page-*")
    page.write_bytes(page.read_bytes()[:-40])
    with pytest.raises(DataError, match="was no page of bars"):
        spool.bars()
