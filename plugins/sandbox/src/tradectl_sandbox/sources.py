"""Where a market comes from: the catalog, a file, or nowhere."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tradectl_sdk.data import Bars, Catalog, import_bars, synthetic_market
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VENUE = "SANDBOX"
BARS = 50_000  # of a market made up
START_PRICE = 2_000.0


def find_series(
    *,
    data: Sequence[str],
    csv: Path | None,
    timeframe: str,
    seed: int | None,
    symbols: Sequence[str],
    fee: Decimal,
) -> list[Bars]:
    """Find what is to be played.

    Args:
        data: Series by name, from the catalog or an installed data source.
        csv: File of bars.
        timeframe: Length of the bars.
        seed: Of a market made up.
        symbols: What trades there.
        fee: Share of the traded value, where the series names none.

    Raises:
        UsageError: If two places were named.
        DataError: If there is no such series.
    """
    if sum([bool(data), csv is not None, seed is not None]) > 1:
        raise UsageError(
            "the market was to come from several places, expected one of --data, --csv, --synthetic"
        )
    if data:
        found = [_named(one, timeframe) for one in data]
    elif csv is not None:
        found = [_imported(csv, timeframe)]
    else:
        found = made_up(symbols, timeframe, seed or 0)
    return [_with_fee(bars, fee) for bars in found]


def made_up(symbols: Sequence[str], timeframe: str, seed: int, *, bars: int = BARS) -> list[Bars]:
    """Make a market up: the same seed gives the same one."""
    instruments = [coin(symbol) for symbol in symbols]
    made = synthetic_market(instruments, timeframe, bars, seed=seed, start_price=START_PRICE)
    return [one.bars for one in made]


def coin(symbol: str) -> Instrument:
    """Terms of something made up, such as ``BTC/USDT``.

    Raises:
        UsageError: If it is no pair.
    """
    base, slash, quote = symbol.partition("/")
    if not (base and slash and quote):
        raise UsageError(f"symbol was {symbol!r}, expected BASE/QUOTE", hint="for example BTC/USDT")
    return Instrument(
        symbol=symbol,
        venue=VENUE,
        base=base,
        quote=quote,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        min_notional=Decimal(5),
    )


def _named(name: str, timeframe: str) -> Bars:
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.pipelines.series import Window, load_series

    root = discover_settings().settings.data.catalog
    return load_series(name, timeframe, Window(), root).bars


def _imported(file: Path, timeframe: str) -> Bars:
    symbol = f"{file.stem.upper()}.{VENUE}"
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(folder, cache=False)
        import_bars(catalog, file, instrument=symbol, timeframe=timeframe)
        return catalog.bars(symbol, timeframe)


def _with_fee(bars: Bars, fee: Decimal) -> Bars:
    one = bars.instrument
    if one.maker_fee or one.taker_fee:
        return bars
    traded = replace(one, maker_fee=fee, taker_fee=fee)
    columns = {
        name: getattr(bars, name) for name in ("time", "open", "high", "low", "close", "volume")
    }
    return Bars(instrument=traded, timeframe=bars.timeframe, **columns)
