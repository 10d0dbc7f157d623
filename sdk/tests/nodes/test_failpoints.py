"""Failpoints: nothing unless asked for, then exactly what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.nodes.failpoints import FailpointError, arm, failpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME, OTHER = "executor.intent.sent", "executor.intent.committed"


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm("")


def test_it_fails_at_the_nth_time_and_at_no_other_place() -> None:
    arm(f"{NAME}:raise:2")
    failpoint(OTHER)
    failpoint(NAME)
    with pytest.raises(FailpointError, match=NAME):
        failpoint(NAME)
    failpoint(NAME)


def test_what_happens_in_one_life_does_not_happen_in_the_next(tmp_path: Path) -> None:
    bullet = tmp_path / "bullet"
    bullet.touch()
    arm(f"{NAME}:raise:1:{bullet}")
    with pytest.raises(FailpointError):
        failpoint(NAME)
    assert not bullet.exists()
    arm(f"{NAME}:raise:1:{bullet}")
    failpoint(NAME)


@pytest.mark.parametrize("text", ["executor.nowhere:kill", f"{NAME}:melt", f"{NAME}:kill:x", NAME])
def test_a_typo_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected NAME:kill"):
        arm(text)
