"""Every reference strategy gives what it gave before; see reference_runs for how to accept more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference_runs import MARKETS, STRATEGIES, accepted, market, play, statistics
from tradectl_sdk.engine import Mode, Outcome
from tradectl_sdk.errors import DataMissingError

if TYPE_CHECKING:
    from tradectl_sdk.strategy import Strategy

cases = [
    pytest.param(name, strategy, id=f"{name}-{strategy.__name__}")
    for name in MARKETS
    for strategy in STRATEGIES
]


def need(name: str) -> None:
    try:
        market(name)
    except DataMissingError as error:
        pytest.skip(f"sample data is absent: {name} ({error.message})")


@pytest.mark.parametrize(("name", "strategy"), cases)
@pytest.mark.parametrize("mode", [Mode.INTERPRETED, Mode.COMPILED])
def test_statistics_and_order_list_are_as_accepted(
    name: str, strategy: type[Strategy], mode: Mode
) -> None:
    need(name)
    found = statistics(play(name, strategy, mode), market(name).instrument)
    assert found == accepted()[f"{name}/{strategy.__name__}"]


@pytest.mark.parametrize(("name", "strategy"), cases)
def test_compiled_and_interpreted_are_equal_to_the_byte(
    name: str, strategy: type[Strategy]
) -> None:
    need(name)
    one, other = (play(name, strategy, mode) for mode in (Mode.INTERPRETED, Mode.COMPILED))
    assert other.mode is Mode.COMPILED
    assert _bytes(one) == _bytes(other)
    assert one.strategies[0].warmup == other.strategies[0].warmup


def test_nothing_is_accepted_that_is_not_run() -> None:
    assert set(accepted()) == {
        f"{name}/{strategy.__name__}" for name in MARKETS for strategy in STRATEGIES
    }


def _bytes(outcome: Outcome) -> tuple[bytes, ...]:
    return (outcome.orders.tobytes(), outcome.fills.tobytes(), outcome.equity.tobytes())
