"""A run's arrays on disk: plain ``.npy`` files, as narrow as their numbers allow.

Chosen by measurement (a million equity points, 28 thousand fills): NumPy files are written in a
few milliseconds and need no reader but NumPy; Parquet through DuckDB (version 2 pages, zstd) takes
several times longer for two thirds of the size, and DuckDB has to be loaded first. Integers are
stored in the least width that
holds them, and a time axis as multiples of its smallest step, so nothing is stored eight bytes
wide that needs one.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.runs.values import Integers, Records

AnyArray = npt.NDArray[Any]

_WIDTHS = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64)


def narrow(values: Integers) -> AnyArray:
    """Return the same integers in the least width that holds them."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    for width in _WIDTHS:
        limits = np.iinfo(width)
        if limits.min <= low and high <= limits.max:
            return values.astype(width)
    return values


def narrow_records(records: Records) -> AnyArray:
    """Return the same records with every integer field narrowed, in little-endian order."""
    names = records.dtype.names or ()
    columns = {
        name: narrow(records[name]) if records[name].dtype.kind == "i" else records[name]
        for name in names
    }
    result = np.empty(
        records.shape, dtype=[(name, columns[name].dtype.newbyteorder("<")) for name in names]
    )
    for name, column in columns.items():
        result[name] = column
    return result


def widen_records(stored: AnyArray, dtype: np.dtype[np.void]) -> Records:
    """Return stored records in the dtype of this version; fields they lack are 0.

    Raises:
        DataError: If they have a field that this version does not know.
    """
    if stored.dtype.names is None and stored.size:
        raise DataError("the file holds plain numbers, expected records")
    names = stored.dtype.names or ()
    if unknown := set(names) - set(dtype.names or ()):
        raise DataError(f"the records have the unknown fields {', '.join(sorted(unknown))}")
    records = np.zeros(stored.shape, dtype=dtype)
    for name in names:
        records[name] = stored[name]
    return records


def pack_times(time: Integers) -> tuple[AnyArray, dict[str, int]]:
    """Write a time axis as its distances in multiples of the smallest one.

    Returns:
        The distances, shape (n - 1,), or an empty array when all are equal; and ``start``,
        ``unit`` and ``count``, which with them give the times back.
    """
    axis = {"start": int(time[0]) if time.size else 0, "unit": 1, "count": int(time.size)}
    gaps = np.diff(time)
    if not gaps.size:
        return narrow(gaps), axis
    shortest = int(gaps.min())
    if shortest > 0 and int(gaps.max()) == shortest:
        return narrow(gaps[:0]), axis | {"unit": shortest}
    steps = gaps // max(shortest, 1)
    if shortest > 0 and np.array_equal(steps * shortest, gaps):
        return narrow(steps), axis | {"unit": shortest}
    return narrow(gaps), axis


def unpack_times(steps: AnyArray, axis: dict[str, int]) -> Integers:
    """Turn packed distances into times again, shape (n,).

    Raises:
        DataError: If the number of distances is not what the axis says.
    """
    start, unit, count = axis["start"], axis["unit"], axis["count"]
    if not steps.size:
        return start + unit * np.arange(count, dtype=np.int64)
    if steps.size != count - 1:
        raise DataError(f"the time axis has {steps.size} steps, expected {count - 1}")
    times = np.empty(count, dtype=np.int64)
    times[0] = 0
    np.cumsum(steps, dtype=np.int64, out=times[1:])
    times *= unit
    times += start
    return times


def write_array(path: Path, values: AnyArray) -> dict[str, int]:
    """Write one array and return its size in bytes and CRC-32, for the manifest."""
    header = io.BytesIO()
    descriptor = np.lib.format.header_data_from_array_1_0(values)
    np.lib.format.write_array_header_2_0(header, descriptor)
    body = np.ascontiguousarray(values).view(np.uint8).data
    with path.open("wb") as file:
        file.write(header.getbuffer())
        file.write(body)
    checksum = zlib.crc32(body, zlib.crc32(header.getbuffer()))
    return {"bytes": header.tell() + len(body), "crc32": checksum}


def read_array(path: Path, expected: dict[str, int]) -> AnyArray:
    """Read one array and hold it to the manifest.

    Raises:
        DataError: If the file is missing, or not the one that was written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} could not be read: {error.strerror}") from error
    if len(content) != expected["bytes"] or zlib.crc32(content) != expected["crc32"]:
        raise DataError(f"{path.name} is not the file that was written")
    values: AnyArray = np.load(io.BytesIO(content), allow_pickle=False)
    return values
