"""Bars as bytes that can travel: one Parquet file in memory, the same bytes for the same bars.

Only the six columns are in it; instrument and timeframe are said where the series is named, so
that one part serves every task about these bars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.data.bars import COLUMNS
from tradectl_sdk.errors import DataError, UsageError, pip_install

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars


def encode(bars: Bars) -> bytes:
    """Return the columns of bars as a Parquet file; whole numbers stay what they are.

    Raises:
        UsageError: If pyarrow is not installed.
    """
    arrow, parquet = _pyarrow()
    table = arrow.table({name: getattr(bars, name) for name in COLUMNS})
    sink = arrow.BufferOutputStream()
    parquet.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=False,
        column_encoding="DELTA_BINARY_PACKED",
        write_statistics=False,
    )
    return bytes(sink.getvalue())


def decode(data: bytes) -> Mapping[str, NDArray[np.int64]]:
    """Return the columns that :func:`encode` was given.

    Raises:
        DataError: If these are no such bytes.
        UsageError: If pyarrow is not installed.
    """
    arrow, parquet = _pyarrow()
    try:
        table = parquet.read_table(arrow.BufferReader(data))
        return {name: table.column(name).to_numpy().astype(np.int64) for name in COLUMNS}
    except (arrow.ArrowException, KeyError) as error:
        raise DataError(f"what was sent as bars is none: {error}") from error


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(
            "sending bars to other machines needs pyarrow, which is not installed",
            hint=pip_install("tradectl-sdk[feather]"),
        ) from error
    return pa, parquet
