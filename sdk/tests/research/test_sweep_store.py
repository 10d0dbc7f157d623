"""The table of a sweep, and how it is kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.errors import DataError, NotFoundError, UsageError
from tradectl_sdk.research import SweepStore, SweepTable, Trial
from tradectl_sdk.research.storing import StoredSweep

if TYPE_CHECKING:
    from pathlib import Path

POINTS = [{"fast": fast, "slow": slow} for fast in (1, 2) for slow in (10, 20)]
TRIALS = [
    Trial(3, (0.5, 0.2), 9, "ab"),
    Trial(0, (1.5, 0.4), 7, "cd"),
    Trial(2, reason="it raised"),
    Trial(1, (math.nan, 0.1), 8, "ef"),
]


@pytest.fixture
def table() -> SweepTable:
    return SweepTable.of(POINTS, ("sharpe_ratio", "max_drawdown"), TRIALS)


def stored(table: SweepTable, name: str = "x") -> StoredSweep:
    return StoredSweep(identity={"what": name}, about={"created": name}, table=table)


def test_rows_come_in_the_order_of_the_points(table: SweepTable) -> None:
    assert table.final_equity.tolist() == [7, 8, 0, 9]
    assert table.order_hashes == ["cd", "ef", "", "ab"]
    assert table.row(1)["metrics"] == {"sharpe_ratio": None, "max_drawdown": 0.1}
    assert table.row(2)["reason"] == "it raised"
    assert table.reasons == {2: "it raised"}


def test_ranks_leave_out_what_is_undefined_and_know_what_is_better(table: SweepTable) -> None:
    assert table.ranked("sharpe_ratio") == [0, 3]
    assert table.ranked("max_drawdown") == [1, 3, 0]


def test_a_surface_lays_a_metric_over_two_parameters(table: SweepTable) -> None:
    surface = table.surface("max_drawdown", "slow", "fast")
    assert (surface.xs, surface.ys) == ((10, 20), (1, 2))
    assert surface.values[0].tolist() == [0.4, 0.1]
    assert math.isnan(surface.values[1, 0])


def test_trials_that_share_a_place_are_shown_by_their_middle() -> None:
    points = [{"a": 1, "b": 1, "c": c} for c in range(3)]
    trials = [Trial(n, (value,)) for n, value in enumerate((9.0, 1.0, 2.0))]
    table = SweepTable.of(points, ("sharpe_ratio",), trials)
    assert table.surface("sharpe_ratio", "a", "b").values.tolist() == [[2.0]]


def test_what_was_kept_is_read_again_to_the_last_bit(table: SweepTable, tmp_path: Path) -> None:
    store = SweepStore(tmp_path / "runs")
    name = store.save(stored(table))
    found = store.load(name[:8])
    assert found.table.metrics["sharpe_ratio"].tobytes() == table.metrics["sharpe_ratio"].tobytes()
    assert found.table.final_equity.tolist() == table.final_equity.tolist()
    assert (found.table.order_hashes, found.table.reasons) == (table.order_hashes, table.reasons)
    assert found.table.points == POINTS
    assert store.find({"what": "x"}) is not None
    assert store.find({"what": "y"}) is None
    assert store.save(stored(table)) == name  # once more, in its place
    assert [each.name for each in store.root.iterdir()] == [name]


def test_the_newest_come_first_and_prefixes_must_be_plain(
    table: SweepTable, tmp_path: Path
) -> None:
    store = SweepStore(tmp_path)
    assert store.list() == []
    names = [store.save(stored(table, text)) for text in ("1", "3", "2")]
    assert [name for name, _ in store.list()] == [names[1], names[2], names[0]]
    with pytest.raises(NotFoundError, match="there is no sweep"):
        store.load("s-nowhere")
    with pytest.raises(UsageError, match="is too short to mean one for sure"):
        store.load(names[0][:3])


def test_damage_is_told(table: SweepTable, tmp_path: Path) -> None:
    store = SweepStore(tmp_path)
    name = store.save(stored(table))
    path = tmp_path / name / "trials.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        store.load(name)
    assert store.find({"what": "x"}) is None
    (tmp_path / name / "manifest.json").write_text("{}")
    assert store.list() == [(name, {})]


def test_a_failed_write_leaves_nothing(
    table: SweepTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(DataError, match="No space left"):
        SweepStore(tmp_path).save(stored(table))
    assert list(tmp_path.iterdir()) == []


def test_what_the_choice_was_worth_is_kept_with_the_sweep(
    table: SweepTable, tmp_path: Path
) -> None:
    store = SweepStore(tmp_path)
    first, other = (store.save(stored(table, name)) for name in "xy")
    assert store.weighing(first) is None
    for chance in (0.5, 0.25):
        store.keep_weighing(first, {"sweep": first, "probability": chance})
    assert store.weighing(first) == {"sweep": first, "probability": 0.25}
    assert store.load(first).table.reasons == table.reasons
    place = tmp_path / first / "overfitting.json"
    (tmp_path / other / place.name).write_bytes(place.read_bytes())
    assert store.weighing(other) is None
    place.write_text("{")
    assert store.weighing(first) is None
    assert store.remove(first) == first
    with pytest.raises(DataError, match="could not be written"):
        store.keep_weighing(first, {"sweep": first})
    assert store.ids() == [other]
