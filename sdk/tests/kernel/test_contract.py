"""What a kernel may be made of, run both ways."""

from __future__ import annotations

import enum
import linecache
import math
import threading

import numpy as np
import pytest
from tradectl_sdk.kernel import KernelRaisedError, NotCompilableError, compile_kernel

TABLE = np.array([[1, 2, 3], [4, 5, 6]], np.int8)
TABLE.setflags(write=False)
STEPS = (3, 5, 7)
RATE = 0.001


class Side(enum.IntEnum):
    BUY = 1
    SELL = -1


def plain(x: float, factor: float = 2.0, *, offset: float = 1.0) -> float:
    return helper(x) * factor + offset


def helper(x: float) -> float:
    return math.sqrt(abs(x)) + RATE


class Leaf:
    """State with a private counter."""

    LIMIT = 3

    def __init__(self, value: float) -> None:
        self.value, self.__calls, self.on = value, 0, False

    @property
    def calls(self) -> int:
        return self.__calls

    @staticmethod
    def twice(x: float) -> float:
        return x * 2

    def bump(self, by: float = 1.0) -> float:
        self.__calls += 1
        self.value += by
        self.on = self.calls >= self.LIMIT
        return self.value


class Child(Leaf):
    LIMIT = 5

    def bump(self, by: float = 1.0) -> float:
        return super().bump(by * 10) - 1.0


class Slotted:
    __slots__ = ("count", "label")

    def __init__(self) -> None:
        self.count, self.label = 0, "text"

    def step(self) -> int:
        self.count += 2
        return self.count


class Everything:
    def __init__(self) -> None:
        self.shared = Leaf(1.0)
        self.first, self.second, self.child = self.shared, Leaf(2.0), Child(3.0)
        self.slotted, self.side, self.absent = Slotted(), Side.BUY, None
        self.pair = (self.second, self.child)
        self.windows = (2, 3.5, True)
        self.ring, self.counts, self.flags = [0.5, 1.5, 2.5], [1, 2, 3], [True, False, True]
        self.grid = np.arange(6, dtype=np.float64).reshape(2, 3)
        self.small = np.array([1, -2, 3], np.int8)
        self.view = memoryview(np.arange(4, dtype=np.int64))
        self.total, self.whole, self.name, self.options = 0.0, 0, "a name", {}

    def run(self) -> float:  # noqa: C901 - as many constructs as one method can hold
        self.shared.bump()
        self.first.bump(by=2.0)
        for leaf in self.pair:
            self.total += leaf.bump()
        if self.absent is not None:
            self.absent.method_that_does_not_exist()
        for i, x in enumerate(self.ring):
            self.ring[i] = x * 2
            self.counts[-1 - i] += i
            self.flags[i] = not self.flags[i]
        for row in range(self.grid.shape[0]):
            for column in range(self.grid.shape[1] - 1, -1, -1):
                self.grid[row, column] += float(TABLE[row, column]) + STEPS[2]
        for count in self.view:
            self.whole += count
        self.view[-1] = 40
        self.small[0] = 7
        self.slotted.step()
        self.side = Side.SELL if self.side == Side.BUY else Side.BUY
        low, (high, _) = min(self.windows[0], 1), (self.windows[1], 0)
        self.total += plain(high, offset=0.25) + Leaf.twice(low) + self.first.twice(1.0)
        self.whole += len(self.ring) + len(self.windows) + Leaf.LIMIT + int(self.windows[2])
        while True:
            self.whole += 1
            if self.whole % 7 == 0:
                break
        else:
            self.total = -1.0
        for rest in range(3):
            if rest == 1:
                continue
            self.whole += rest
        self.whole += 100
        return self.total + rest


def test_everything_a_kernel_may_hold_means_the_same_both_ways(both_ways):
    kernel = Everything()
    both_ways(kernel, Everything())
    assert kernel.side is Side.SELL
    assert kernel.first is kernel.shared
    assert kernel.shared.value == 4.0
    assert kernel.flags == [False, True, False]


class Optional:
    """A part that may be absent, asked for in every way that is decided when compiling."""

    def __init__(self, part: Leaf | None, x: float) -> None:
        self.part, self.x, self.seen = part, x, [0] * 8

    TRACED = False

    def run(self) -> float:
        seen = self.seen
        if self.TRACED:
            print("never compiled")  # noqa: T201
        if self.part is not None and self.part.bump() > self.x:
            seen[0] = 1
        if self.part is None or self.part.bump() > self.x:
            seen[1] = 1
        if self.x > 0 and (self.part is None or self.part.on):
            seen[2] = 1
        if self.x > 0 or not (self.part is None):  # noqa: E714
            seen[3] = 1
        seen[4] = self.part.calls if self.part is not None else -1
        absent = self.part is None
        if absent or self.x == 2.0:
            seen[5] = 1
        while self.part is None and seen[6] < 3:
            seen[6] += 1
        if isinstance(self.part, Leaf) and self.x < 10:
            seen[7] = 1
        return 0.0 if self.part is None else self.part.value


@pytest.mark.parametrize("x", [-1.0, 2.0, 20.0])
@pytest.mark.parametrize("part", [None, Leaf(1.0), Child(3.0)])
def test_an_absent_part_costs_nothing_and_compiles(both_ways, part, x):
    both_ways(Optional(part, x))


def test_one_object_reached_two_ways_is_one_object(both_ways):
    class Both:
        def __init__(self, one: Leaf, other: Leaf) -> None:
            self.one, self.other, self.same = one, other, False

        def run(self) -> float:
            self.one.value = 10.0
            self.same = self.one is self.other
            return self.other.value

    leaf = Leaf(1.0)
    assert both_ways(Both(leaf, leaf)) == 10.0
    assert both_ways(Both(leaf, Leaf(1.0))) == 1.0


def test_a_list_and_an_array_seen_by_two_kernels_are_shared(both_ways):
    class Writer:
        def __init__(self, row: list[float], column: memoryview) -> None:
            self.row, self.column = row, column

        def write(self) -> None:
            self.row[0] = 5.0
            self.column[1] = 6.0

    class Reader:
        def __init__(self) -> None:
            self.row, self.column = [0.0, 0.0], np.zeros(3)
            self.writer = Writer(self.row, memoryview(self.column))

        def run(self) -> float:
            before = self.row[0] + self.column[1]
            self.writer.write()
            return float(before + self.row[0] * 10 + self.column[1])

    reader = Reader()
    assert compile_kernel(reader)(reader) == 56.0
    assert reader.row == [5.0, 0.0]
    assert reader.column[1] == 6.0


def test_kernels_may_refer_to_each_other_in_a_circle(both_ways):
    class Node:
        def __init__(self) -> None:
            self.value, self.other = 0, self

        def run(self) -> int:
            node = self
            for step in range(5):
                node.value += step
                node = node.other
            return self.value

    one, two = Node(), Node()
    one.other, two.other = two, one
    assert both_ways(one) == 0 + 2 + 4


def test_a_chain_of_rules_of_different_classes(both_ways):
    class Last:
        def __init__(self) -> None:
            self.seen = 0

        def check(self, x: int) -> bool:
            self.seen += 1
            return True

    class Rule:
        def __init__(self, limit: int, tail: object) -> None:
            self.limit, self.tail = limit, tail

        def check(self, x: int) -> bool:
            return x < self.limit and self.tail.check(x)

        def run(self) -> int:
            allowed = 0
            for x in range(10):
                if self.check(x):
                    allowed += 1
            return allowed

    assert both_ways(Rule(8, Rule(6, Rule(9, Last())))) == 6


def test_a_list_of_kernels_that_look_alike(both_ways):
    class Many:
        def __init__(self, values: list[float], picked: int) -> None:
            self.leaves = [Leaf(value) for value in values]
            self.leaves.append(self.leaves[0])
            self.picked, self.total = picked, 0.0

        def run(self) -> float:
            for i, leaf in enumerate(self.leaves):
                self.total += leaf.bump(i * 1.0)
            for leaf in self.leaves:
                self.total -= leaf.value / 3
            return self.total + self.leaves[self.picked].value + len(self.leaves)

    for values, picked in [([1.0, 2.0], -1), ([1.0, 2.0, 4.0, 8.0], 3)]:
        both_ways(Many(values, picked))


def test_lists_of_unlike_kernels_are_told_apart():
    class Lists:
        def __init__(self) -> None:
            self.unlike, self.alike = [Leaf(1.0), Child(2.0)], [Child(1.0), Child(2.0)]

        def run(self) -> float:
            return self.alike[0].bump()

        def wrong(self) -> float:
            return self.unlike[0].bump()

    assert compile_kernel(Lists())(Lists()) == Lists().run()
    with pytest.raises(NotCompilableError, match="'unlike' is a list of unlike kernels"):
        compile_kernel(Lists(), entry="wrong")


@pytest.mark.parametrize("x", [-1.0, 0.0, 4.0])
def test_a_walrus_that_did_not_happen_has_no_value(x):
    class Walrus:
        def __init__(self) -> None:
            self.x = x

        def run(self) -> float:
            if self.x > 0 and (root := math.sqrt(self.x)) > 1:
                return root
            return root

    kernel = Walrus()
    if x > 0:
        assert compile_kernel(kernel)(kernel) == 2.0
    else:
        with pytest.raises(KernelRaisedError, match="UnboundLocalError"):
            compile_kernel(kernel)(kernel)


def test_lengths_and_values_are_no_part_of_what_is_compiled(averages):
    closes = [100.0 + (i * 37 % 11) for i in range(200)]
    compiled = compile_kernel(averages.Engine(closes))
    for fast, slow in [(2, 5), (7, 30)]:
        kernel, twin = (
            averages.Engine(closes[:150], fast, slow),
            averages.Engine(closes[:150], fast, slow),
        )
        assert compiled(kernel) == twin.run() > 0
        assert kernel.ctx.cash == twin.ctx.cash
        assert vars(kernel.strategy.slow) == vars(twin.strategy.slow)
    assert compile_kernel(averages.Engine(closes, 4, 9)) is compiled


def test_an_object_of_another_shape_is_refused(averages):
    compiled = compile_kernel(averages.Engine([1.0]))
    with pytest.raises(NotCompilableError, match=r"Engine\.closes has changed its type"):
        compiled(averages.Engine([1]))


@pytest.mark.parametrize("start", [5, -5, 1, 0])
def test_a_variable_without_a_value_raises_as_in_python(start):
    class Unbound:
        def __init__(self) -> None:
            self.start = start

        def run(self) -> int:
            for i in range(self.start):
                if i == 3:
                    found = i
            return found

    kernel = Unbound()
    if start == 5:
        assert compile_kernel(kernel)(kernel) == Unbound().run() == 3
    else:
        with pytest.raises(UnboundLocalError):
            Unbound().run()
        with pytest.raises(KernelRaisedError, match="UnboundLocalError"):
            compile_kernel(kernel)(kernel)


def test_a_variable_read_before_its_text_assigns_it(both_ways):
    class Late:
        def run(self) -> float:
            total = 0
            for i in range(6):
                if i > 0:
                    step = previous * 0.5  # noqa: F821 - the round before assigned it
                    total = total + step
                previous = i  # noqa: F841
            return total

    assert both_ways(Late()) == 5.0


@pytest.mark.parametrize("index", [0, 2, -1, -3, 3, -4, 2**62, -(2**63)])
def test_indices_are_checked_as_lists_check_them(index):
    class Reader:
        def __init__(self) -> None:
            self.row, self.index, self.before = [1.0, 2.0, 3.0], index, 0

        def run(self) -> float:
            self.before = 1
            self.row[self.index] += 0.5
            return self.row[self.index]

    kernel, twin = Reader(), Reader()
    if -3 <= index < 3:
        assert compile_kernel(kernel)(kernel) == twin.run()
        assert kernel.row == twin.row
    else:
        with pytest.raises(IndexError):
            twin.run()
        with pytest.raises(KernelRaisedError, match="IndexError"):
            compile_kernel(kernel)(kernel)
        assert (kernel.row, kernel.before) == (twin.row, 1)


def test_an_exception_names_its_place_and_leaves_the_state_of_that_moment():
    class Raising:
        def __init__(self) -> None:
            self.done, self.row = 0, [0.0, 0.0]

        def run(self) -> None:
            for i in range(10):
                self.done = i
                self.row[1] = i * 1.0
                self.check(i)

        def check(self, i: int) -> None:
            if i == 4:
                raise ValueError("four is too many")

    kernel = Raising()
    with pytest.raises(KernelRaisedError) as caught:
        compile_kernel(kernel)(kernel)
    error = caught.value
    assert (error.exception, error.text) == ("ValueError", "four is too many")
    assert error.function.endswith("Raising.check")
    assert error.filename == __file__
    assert error.line == Raising.check.__code__.co_firstlineno + 2
    assert (kernel.done, kernel.row) == (4, [0.0, 4.0])


def test_nothing_is_printed_when_compiled_code_raises(capfd):
    class Divides:
        def __init__(self) -> None:
            self.by = 0.0

        def run(self) -> float:
            return 1.0 / self.by

    kernel = Divides()
    with pytest.raises(KernelRaisedError, match=r"test_contract.py:\d+: ZeroDivisionError"):
        compile_kernel(kernel)(kernel)
    assert capfd.readouterr() == ("", "")


def test_an_int_stored_into_a_float_attribute_is_a_float():
    class Mixed:
        def __init__(self) -> None:
            self.x = 0.5

        def run(self) -> None:
            self.x = 3

    kernel = Mixed()
    assert compile_kernel(kernel)(kernel) is None
    assert type(kernel.x) is float


def test_what_compiled_code_never_stores_is_never_written_back():
    class Frozen:
        def __init__(self) -> None:
            object.__setattr__(self, "limit", 3)

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

        def run(self) -> int:
            return self.limit

    assert compile_kernel(Frozen())(Frozen()) == 3


def test_a_class_typed_in_a_notebook_cell_compiles():
    text = "class Cell:\n    def run(self):\n        return 7\n"
    linecache.cache["<cell 1>"] = len(text), None, text.splitlines(keepends=True), "<cell 1>"
    namespace: dict[str, object] = {"__name__": "notebook"}
    exec(compile(text, "<cell 1>", "exec"), namespace)  # noqa: S102
    cell = namespace["Cell"]()  # type: ignore[operator]
    assert compile_kernel(cell)(cell) == 7


def test_threads_run_kernels_of_one_shape_side_by_side(averages):
    closes = [100.0 + (i * 37 % 11) for i in range(3000)]
    compiled = compile_kernel(averages.Engine(closes))
    kernels = [averages.Engine(closes, fast, 20) for fast in range(2, 10)]
    threads = [threading.Thread(target=compiled, args=(kernel,)) for kernel in kernels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for fast, kernel in enumerate(kernels, start=2):
        twin = averages.Engine(closes, fast, 20)
        twin.run()
        assert kernel.ctx.cash == twin.ctx.cash


class Table:
    """Adds up one column of a table, from either end."""

    def __init__(self, rows: int, width: int) -> None:
        self.cells = memoryview(np.arange(rows * width, dtype=np.int64).reshape(rows, width))
        self.at, self.total = 0, 0

    def run(self) -> None:
        for row in range(len(self.cells)):
            self.total += self.cells[row, 2] * self.cells[-1 - row, -1]
        self.total += self.cells[self.at, 1]


def test_a_table_s_width_is_part_of_its_shape_and_its_length_is_not(both_ways):
    for rows, width in [(1, 3), (5, 3), (4, 7)]:
        both_ways(Table(rows, width), Table(rows, width))
    compiled = compile_kernel(Table(1, 3))
    assert compile_kernel(Table(9, 3)) is compiled
    assert compile_kernel(Table(9, 4)) is not compiled


@pytest.mark.parametrize("at", [5, -6, 2**62, -(2**63), 2**63 - 1])
def test_a_row_outside_a_table_raises(at):
    table = Table(5, 3)
    table.at = at
    with pytest.raises(KernelRaisedError, match="index out of range"):
        compile_kernel(table)(table)


def test_a_column_outside_a_table_raises():
    table = Table(5, 2)
    with pytest.raises(KernelRaisedError, match="index out of range"):
        compile_kernel(table)(table)
