from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.runs import RunStore, compare_runs
from tradectl_sdk.runs.comparison import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_run_does_not_differ_from_itself(run: Callable[..., Any]) -> None:
    difference = compare_runs(run(), run())
    assert (difference.inputs, difference.metrics, difference.fill) == ((), (), None)


def test_each_changed_input_is_named_once(run: Callable[..., Any], tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first = store.save(run())
    second = store.save(run(parameters={"fast": 20, "slow": 50}, settings={"fees": "0.1 %"}))
    assert store.diff(first, second).inputs == (
        Change("parameters", "fast", 10, 20),
        Change("settings", "market_fill", "next_open", None),
    )


def test_changed_metrics_stand_side_by_side(run: Callable[..., Any]) -> None:
    record = run()
    metrics = replace(record.metrics, values=dict(record.metrics.values) | {"sharpe_ratio": 9.0})
    difference = compare_runs(record, run(metrics=metrics))
    (change,) = difference.metrics
    assert (change.key, change.second) == ("sharpe_ratio", 9.0)
    assert difference.to_json()["metrics"][0]["key"] == "sharpe_ratio"


def test_the_first_differing_fill_is_shown(run: Callable[..., Any]) -> None:
    record = run()
    fills = record.fills.copy()
    fills["price"][1:] += 1
    found = compare_runs(record, run(fills=fills)).fill
    assert found is not None
    assert found.index == 1
    assert (found.first["price"], found.second["price"]) == ("11", "11.01")


@pytest.mark.parametrize(
    "name", ["time", "instrument", "side", "quantity", "price", "fee", "reason"]
)
def test_every_field_of_a_fill_that_matters_is_compared(
    run: Callable[..., Any], share: Any, future: Any, name: str
) -> None:
    record = run(instruments=(share, future))
    fills = record.fills.copy()
    fills[name][2] = -1 if name == "side" else fills[name][2] + 1
    found = compare_runs(record, run(instruments=(share, future), fills=fills)).fill
    assert found is not None
    assert found.index == 2
    assert found.first[name] != found.second[name]


def test_fills_that_one_run_lacks_are_a_difference(run: Callable[..., Any]) -> None:
    record = run()
    found = compare_runs(record, run(fills=record.fills[:2])).fill
    assert found is not None
    assert (found.index, found.second) == (2, None)
    assert found.first["quantity"] == "2"


def test_the_same_fills_on_a_finer_grid_are_the_same(run: Callable[..., Any]) -> None:
    record = run()
    fills = record.fills.copy()
    for name in ("price", "reference"):
        fills[name] *= 10
    finer = replace(record.instruments[0], tick_size=Decimal("0.001"))
    assert compare_runs(record, run(fills=fills, instruments=(finer,))).fill is None
    fills["price"][2] += 1
    found = compare_runs(record, run(fills=fills, instruments=(finer,))).fill
    assert found is not None
    assert (found.index, found.second["price"]) == (2, "10.501")
