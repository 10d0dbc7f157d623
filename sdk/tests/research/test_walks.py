"""Walks forward in their folder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.errors import DataError, NotFoundError
from tradectl_sdk.research import WalkForward, WalkStore
from tradectl_sdk.research.walked import Piece

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400 * 10**9


def walked(name: str = "x", created: str = "2024-01-01T00:00:00+00:00") -> WalkForward:
    """Two windows of different length, one without a choice."""
    pieces = tuple(
        Piece(
            first=0, chosen=9 * DAY, begin=start * DAY, end=(start + length) * DAY,
            bars=(9, length), warm=0 if chosen is None else 5, parameters=chosen,
            in_sample=0.5 if chosen else math.nan, out_of_sample=-0.25 if chosen else math.nan,
            in_growth=1.1, trades=3, order_list_hash="ab" if chosen else "",
            times=(start + 1 + np.arange(length)) * DAY,
            equity=np.linspace(100.0, 100.0 + length / 3, length),
        )
        for start, length, chosen in ((9, 3, {"fast": 5, "how": "wide"}), (12, 2, None))
    )  # fmt: skip
    return WalkForward(
        strategy="cross", data=("A.TEST", "B.TEST"), timeframe="1d", currency="USD",
        metric="sharpe_ratio", anchored=False, embargo=0,
        axes={"fast": [5, 6, 7], "how": ["wide", "narrow"]}, pieces=pieces, trials=8, unused=1,
        initial=100.0, session_close=0, identity={"what": name}, given={"lots": 2},
        created=created,
    )  # fmt: skip


def test_what_is_read_is_what_was_kept_to_the_last_bit(tmp_path: Path) -> None:
    store, walk = WalkStore(tmp_path / "runs"), walked()
    assert store.save(walk) == walk.walk_id
    found = store.load(walk.walk_id[:8])
    assert found.stored
    assert found.to_json() == {**walk.to_json(), "stored": True}
    assert found.equity.tobytes() == walk.equity.tobytes()
    assert found.data == walk.data
    for one, other in zip(found.pieces, walk.pieces, strict=True):
        assert (one.bars, one.parameters, one.end) == (other.bars, other.parameters, other.end)
        assert math.isnan(one.in_sample) == math.isnan(other.in_sample)
    assert {each.name for each in (tmp_path / "runs" / walk.walk_id).iterdir()} == {
        "manifest.json", "curves.npz",
    }  # fmt: skip


def test_walks_are_listed_the_newest_first_and_damage_is_named(tmp_path: Path) -> None:
    store = WalkStore(tmp_path)
    first, second, third = (
        store.save(walked(name, f"202{year}-01-01T00:00:00+00:00"))
        for name, year in (("a", 3), ("b", 4), ("c", 5))
    )
    assert [name for name, _ in store.list()] == [third, second, first]
    (tmp_path / third / "manifest.json").write_text("{")
    (tmp_path / second / "manifest.json").write_bytes(
        (tmp_path / first / "manifest.json").read_bytes()
    )
    assert {name for name, walk in store.list() if walk is None} == {second, third}
    assert store.find(third) is None
    for damaged, reason in ((third, "is damaged"), (second, "belongs to another walk")):
        with pytest.raises(DataError, match=reason):
            store.load(damaged)
    (tmp_path / first / "curves.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="is damaged"):
        store.load(first)
    assert store.remove(third) == third
    with pytest.raises(NotFoundError):
        store.resolve(third)
