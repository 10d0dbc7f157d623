"""Runs of one graph of objects, some of which are exchanged from run to run."""

from __future__ import annotations

import numpy as np
import pytest
from tradectl_sdk.errors import NotCompilableError
from tradectl_sdk.kernel import compile_kernel
from tradectl_sdk.kernel.exchanging import Exchanging, Remembered, reachable


class Shelf:
    """What stays."""

    def __init__(self) -> None:
        self.total = 0.0
        self.runs = [0, 0]


class Part:
    """What is exchanged, with what it holds."""

    def __init__(self, shelf: Shelf, *values: float) -> None:
        self.shelf = shelf
        self.values = list(values)
        self.table = memoryview(np.array(values))
        self.runs = shelf.runs
        self.seen = 0


class Machine:
    """Adds up a part's values, in the part and on the shelf."""

    def __init__(self, *values: float) -> None:
        self.shelf = Shelf()
        self.part = Part(self.shelf, *values)
        self.factor = 1.0

    def run(self) -> int:
        part = self.part
        for i in range(len(part.values)):
            self.shelf.total += self.factor * part.values[i]
            part.table[i] = -part.values[i]
            part.values[i] += 1.0
        part.seen = len(part.values)
        part.runs[0] += 1
        part.shelf.runs[1] += 10
        return self.shelf.runs[0]


@pytest.fixture(scope="module")
def compiled():
    return compile_kernel(Machine(1.0))


@pytest.fixture
def machine(compiled):
    made = Machine(2.0, 3.0)
    return made, Exchanging(compiled, made, [made.part])


def test_each_run_begins_as_the_first_one_did(machine):
    made, exchanging = machine
    for values in ([1.0], [5.0, 6.0, 7.0], []):
        part = Part(made.shelf, *(values or [0.5]))
        assert exchanging.exchange([part])
        assert exchanging.run() == 1
        assert made.shelf.total == sum(values or [0.5])
        assert made.shelf.runs == [1, 10]
        assert part.values == [value + 1.0 for value in values or [0.5]]
        assert part.table.tolist() == [-value for value in values or [0.5]]
        assert part.seen == len(values or [0.5])


def test_an_attribute_of_what_stays_is_taken_over_for_one_run(machine):
    made, exchanging = machine
    made.factor = 3.0
    exchanging.exchange([Part(made.shelf, 2.0)])
    exchanging.put(made, "factor")
    exchanging.run()
    assert made.shelf.total == 6.0
    exchanging.exchange([Part(made.shelf, 2.0)])
    exchanging.run()
    assert made.shelf.total == 2.0


def test_only_what_is_read_holds_the_outcome(machine):
    made, exchanging = machine
    part = Part(made.shelf, 4.0)
    exchanging.exchange([part])
    exchanging.run(reading=exchanging.reading([(made.shelf, ["total", "runs"])]))
    assert (made.shelf.total, made.shelf.runs) == (4.0, [1, 10])
    assert (part.values, part.seen) == ([4.0], 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda part: setattr(part, "seen", 0.0),
        lambda part: setattr(part, "other", 0),
        lambda part: setattr(part, "shelf", Shelf()),
        lambda part: setattr(part, "runs", [0, 0]),
        lambda part: setattr(part, "values", part.runs),
        lambda part: setattr(part, "seen", None),
    ],
)
def test_what_looks_different_is_refused(machine, change):
    made, exchanging = machine
    part = Part(made.shelf, 1.0)
    change(part)
    assert not exchanging.exchange([part])
    assert exchanging.exchange([Part(made.shelf, 1.0)])


def test_memory_that_is_shared_in_another_way_is_refused(compiled):
    made = Machine(1.0)
    exchanging = Exchanging(compiled, made, [made.part])
    part = Part(made.shelf, 1.0)
    part.values = part.runs = made.shelf.runs
    assert not exchanging.exchange([part])


def test_another_graph_is_no_graph_of_this_machine_code(compiled):
    made = Machine(1.0)
    made.factor = 1
    with pytest.raises(NotCompilableError, match="not of the shape"):
        Exchanging(compiled, made, [made.part])


def test_what_changed_is_seen_and_put_back():
    made = Machine(1.0, 2.0)
    held = Remembered(reachable(made))
    assert held.unchanged()
    for change in (
        lambda: setattr(made, "factor", 2.0),
        lambda: setattr(made, "more", 1),
        lambda: made.part.values.append(1.0),
        lambda: made.shelf.runs.__setitem__(1, 4),
        lambda: made.part.table.__setitem__(0, 9.0),
        lambda: delattr(made.part, "seen"),
    ):
        change()
        assert not held.unchanged()
        held.restore()
        assert held.unchanged()
    assert (made.part.values, made.part.table.tolist()) == ([1.0, 2.0], [1.0, 2.0])


def test_what_is_reached_through_what_is_left_out_is_left_out():
    made = Machine(1.0)
    assert reachable(made) == [made, made.shelf, made.part]
    assert reachable(made, [made.part]) == [made, made.shelf]


def test_what_cannot_be_put_back_is_refused():
    class Slotted:
        __slots__ = ("value",)

    made = Machine(1.0)
    with pytest.raises(NotCompilableError, match="has slots"):
        Remembered([Slotted()])
    made.part.table = memoryview(np.zeros(10_000))
    with pytest.raises(NotCompilableError, match="80,000 bytes"):
        Remembered([made.part])
    Remembered([made.part], passing=[made.part.table])
    made.shelf.memory = {}
    with pytest.raises(NotCompilableError, match="has a dict"):
        Remembered([made.shelf])
