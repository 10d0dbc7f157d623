"""The data: made once by tradectl's own seeded generator, kept as plain NumPy files.

``python -m benchmarks.datasets FOLDER KEY...`` makes what is missing; a KEY is ``A-1000000``. Bars
of A and B are the first ones of one walk of five million (a short walk of its own in quick mode),
C has one walk per instrument, D draws a walk of prices and uniform order sizes. Beside the arrays
lies ``expected.json``: what every engine must arrive at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tradectl_sdk.data.bars import ColumnName

from benchmarks import rules

SEED = 7
WIDTH = 100  # instruments of workload C
LONG = 5_000_000  # bars of the walk that A is cut from
QUICK = 10_000  # up to here A has a walk of its own; this one ends without a position
COLUMNS: tuple[ColumnName, ...] = ("open", "high", "low", "close", "volume")


def read(folder: Path, key: str, *names: str) -> dict[str, np.ndarray]:
    """Read arrays of a data set, all of them unless named."""
    with np.load(folder / f"{key}.npz") as stored:
        return {name: stored[name] for name in names or stored.files}


def expected(folder: Path, key: str) -> dict[str, dict[str, Any]]:
    """Read what must come out of a data set, by fill rule."""
    found: dict[str, dict[str, Any]] = json.loads((folder / "expected.json").read_text())[key]
    return found


def make(folder: Path, key: str) -> None:
    """Make one data set and what is expected of it."""
    workload, _, number = key.partition("-")
    size = int(number)
    arrays = {"A": make_bars, "B": make_bars, "C": make_portfolio, "D": make_orders}[workload](size)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{key}.part.npz"
    np.savez(unfinished, allow_pickle=False, **arrays)
    unfinished.replace(folder / f"{key}.npz")
    path = folder / "expected.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known[key] = expect(workload, arrays)
    path.write_text(json.dumps(known, indent=1) + "\n")


def expect(workload: str, arrays: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Work out what must come out, under each rule that some engine can only follow."""
    if workload == "A":
        return {
            "next_open": rules.expect_cross(arrays),
            "this_close": rules.expect_cross(arrays, lag=0),
        }
    if workload == "B":
        return {
            "next_open": rules.expect_sweep(arrays),
            "this_close_closed": rules.expect_sweep(arrays, lag=0, closed_only=True),
        }
    if workload == "C":
        return {
            "next_open": rules.expect_portfolio(arrays),
            "this_close": rules.expect_portfolio(arrays, lag=0),
        }
    price, size = arrays["price"], arrays["size"]
    return {
        "floats": rules.expect_orders(price, size),
        "exact": rules.expect_exact_orders(price, size),
    }


def walk(bars: int, seed: int | list[int]) -> dict[str, np.ndarray]:
    """Draw a walk of one-minute bars as float columns and open times in nanoseconds."""
    from tradectl_sdk.data.walk import random_walk

    made = random_walk(bars, seed=seed)
    return {"time": made.time} | {name: made.floats(name) for name in COLUMNS}


def make_bars(size: int) -> dict[str, np.ndarray]:
    """Bars of workloads A and B, shape (size,)."""
    drawn = walk(size if size <= QUICK else LONG, SEED)
    return {name: column[:size] for name, column in drawn.items()}


def make_portfolio(size: int) -> dict[str, np.ndarray]:
    """Bars of workload C, shape (size, WIDTH); times have shape (size,)."""
    each = [walk(size, [SEED, number]) for number in range(WIDTH)]
    stacked = {name: np.stack([one[name] for one in each], axis=1) for name in COLUMNS}
    return {"time": each[0]["time"]} | stacked


def draw_orders(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw prices and signed order sizes of workload D before they are put on their grids."""
    rng = np.random.default_rng([SEED, 2000, 1])
    price = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0008, size)))
    return price, rng.uniform(-1.0, 1.0, size)


def make_orders(size: int) -> dict[str, np.ndarray]:
    """Rows of workload D on the grids of :mod:`.rules`, shape (size,)."""
    price, amount = draw_orders(size)
    lots = np.rint(amount * rules.LOTS_PER_UNIT)
    lots[lots == 0] = 1  # an order of nothing is no order
    return {
        "price": np.rint(price * rules.TICKS_PER_UNIT) / rules.TICKS_PER_UNIT,
        "size": lots / rules.LOTS_PER_UNIT,
    }


def main() -> None:
    """Make the data sets named on the command line, as far as they are missing."""
    folder = Path(sys.argv[1])
    path = folder / "expected.json"
    for key in sys.argv[2:]:
        known = json.loads(path.read_text()) if path.exists() else {}
        if key not in known or not (folder / f"{key}.npz").exists():
            make(folder, key)


if __name__ == "__main__":
    main()
