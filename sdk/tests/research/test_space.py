"""Grids as people write them, samples of them, and conditions between parameters."""

from __future__ import annotations

import pytest
from tradectl_sdk import Strategy, param
from tradectl_sdk.errors import UsageError
from tradectl_sdk.research import Axis, Constraint, Space


class Declared(Strategy):
    """One parameter of each type."""

    bars: int = param(10, ge=2, le=50)
    stop: float = param(0.5)
    both: bool = param(True)


PARAMETERS = Declared.parameters()


def axis(text: str) -> Axis:
    return Axis.parse(text, PARAMETERS)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("bars=5:20:5", (5, 10, 15, 20)),
        ("bars=5:19:5", (5, 10, 15)),
        ("bars=3:5", (3, 4, 5)),
        ("bars=20, 5,100,5", (20, 5, 100)),  # out of bounds is for the trial to say
        ("stop=0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("both=true,false", (True, False)),
    ],
)
def test_values_are_listed_or_counted_with_the_last_one(text: str, values: tuple) -> None:
    found = axis(text)
    assert found.values == values
    assert {type(value) for value in found.values} == {type(values[0])}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("bars", "expected NAME=VALUES"),
        ("bars=", "is empty"),
        ("bars=,", "is empty"),
        ("bars=9:5", "grid of bars goes from 9 down to 5, expected the lesser first"),
        ("bars=5:9:0", "step of the grid of bars was 0, expected more than 0"),
        ("bars=5:9:-1", "step of the grid of bars was -1"),
        ("bars=1:2:3:4", "expected FIRST:LAST"),
        ("bars=a:b", "expected FIRST:LAST"),
        ("bars=nan:3", "expected FIRST:LAST"),
        ("bars=1:1e12", "expected at most 1,000,000"),
        ("bars=1.5", "expected a whole number"),
        ("baars=5", "baars is not a parameter"),
    ],
)
def test_what_is_no_grid_is_refused(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        axis(text)


@pytest.mark.parametrize(
    ("text", "mended"),
    [("bars=9:5", "bars=5:9"), ("bars=30:10:10", "bars=10:30:10"), ("bars=9:5:-2", "bars=5:9")],
)
def test_a_grid_that_falls_is_turned_round_with_its_step(text: str, mended: str) -> None:
    with pytest.raises(UsageError) as caught:
        axis(text)
    assert caught.value.hint == f"write it as {mended}"


def test_the_last_axis_changes_fastest() -> None:
    space = Space((axis("bars=5,6"), axis("stop=1,2,3")))
    assert space.size == 6
    points = space.points({})
    assert [tuple(point.values()) for point in points] == [
        (5, 1.0), (5, 2.0), (5, 3.0), (6, 1.0), (6, 2.0), (6, 3.0),
    ]  # fmt: skip


def test_an_empty_space_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no grid"):
        Space(())
    with pytest.raises(UsageError, match="given twice"):
        Space((axis("bars=5"), axis("bars=6")))
    with pytest.raises(UsageError, match="sample was 0"):
        Space((axis("bars=5"),), sample=0)


def test_a_sample_is_drawn_once_each_and_repeatable() -> None:
    space = Space((axis("bars=2:50"), axis("stop=1:100")), sample=200, seed=3)
    points = space.points({})
    assert len({tuple(point.values()) for point in points}) == 200
    assert points == space.points({})
    assert points != Space(space.axes, sample=200, seed=4).points({})
    everything = Space(space.axes, sample=10_000)
    assert everything.points({}) == Space(space.axes).points({})


def test_a_sample_comes_from_all_of_a_grid_too_large_to_write_out() -> None:
    wide = (axis("bars=1:100000"), axis("stop=1:100000"))
    points = Space(wide, sample=400).points({})
    assert min(point["bars"] for point in points) < 5_000
    assert max(point["bars"] for point in points) > 95_000


def test_only_points_that_meet_all_conditions_are_tried() -> None:
    conditions = tuple(Constraint.parse(text, PARAMETERS) for text in ("bars > stop", "stop>=2"))
    space = Space((axis("bars=2,3"), axis("stop=1:3")), constraints=conditions)
    assert [tuple(p.values()) for p in space.points({})] == [(3, 2.0)]
    fixed = Space((axis("bars=2:9"),), constraints=conditions[:1])
    assert [p["bars"] for p in fixed.points({"stop": 6.5})] == [7, 8, 9]
    with pytest.raises(UsageError, match="no point of the grid meets bars > stop"):
        fixed.points({"stop": 100.0})


@pytest.mark.parametrize("text", ["bars", "bars < ", "bars << stop", "bars < stop < 3", "x < stop"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="condition"):
        Constraint.parse(text, PARAMETERS)
