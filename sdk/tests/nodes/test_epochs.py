"""A node's lives are counted, whatever became of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.nodes.clock import NodeClock
from tradectl_sdk.nodes.epochs import next_epoch

if TYPE_CHECKING:
    from pathlib import Path


def test_every_life_has_a_larger_number(tmp_path: Path) -> None:
    assert [next_epoch(tmp_path / "host.epoch") for _ in range(3)] == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["host.epoch"]


def test_what_is_no_number_is_never_taken_for_the_first_life(tmp_path: Path) -> None:
    (tmp_path / "host.epoch").write_text("")
    with pytest.raises(ValueError, match="invalid literal"):
        next_epoch(tmp_path / "host.epoch")


def test_nobody_who_sets_the_machines_clock_moves_a_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = NodeClock()
    before = clock.now()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    assert before <= clock.now() < before + 60_000_000_000
