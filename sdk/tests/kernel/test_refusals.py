"""What cannot be compiled is refused with the file, the line and words a strategy author knows."""

from __future__ import annotations

import re

import pytest
from tradectl_sdk.kernel import NotCompilableError, compile_kernel

MODULE = """
import math, statistics
import numpy as np

OPEN = np.zeros(3)

def again(x):
    return again(x - 1)

def many(*xs):
    return 1.0

def decorate(function):
    return function

class Other:
    def __init__(self):
        self.x = 1.0

class Kernel:
    def __init__(self):
        self.x, self.n, self.flag, self.ring = 0.5, 3, False, [1.0, 2.0]
        self.name, self.options, self.empty, self.absent = "name", {{}}, [], None
        self.other, self.big, self.array = Other(), 2**70, np.zeros(4)[::2]
        self.frozen, self.scalar = np.zeros(2), np.float32(1.0)
        self.frozen.setflags(write=False)

    @decorate
    def decorated(self):
        return 1

    def run(self):
        {body}
"""
CASES = [
    ("self.n = 0.5", "'n' started as an int and becomes a float here", ""),
    ("self.flag = 1", "'flag' started as a bool and becomes an int here", ""),
    ("self.x = None", "'x' started as a float and becomes None here", ""),
    (
        "self.fresh = 1",
        "the attribute 'fresh' of Kernel is set for the first time here",
        "on_start",
    ),
    ("return self.missing", "Kernel has no attribute 'missing'", "on_start"),
    ("self.x = self.name", "'name' is a string, which compiled code may not touch", ""),
    ("return self.options[1]", "'options' is a dict, which compiled code may not touch", ""),
    ("return self.empty[0]", "'empty' is an empty list, which compiled code may not touch", ""),
    ("return self.big", "'big' is an int beyond 64 bits", ""),
    ("return self.scalar", "'scalar' is a NumPy scalar (float32)", ""),
    ("return self.array[0]", "array of float64 that is not C-contiguous", ""),
    ("return self.absent.x", "None has no attribute 'x'", ""),
    ("self.other = self.other", "'other' is a kernel and cannot be replaced", ""),
    ("self.ring = self.ring", "'ring' is a list of floats and cannot be replaced", ""),
    ("self.ring.append(1.0)", "the list method append() cannot be compiled", "counter"),
    ("return self.ring[0:1]", "a slice cannot be compiled", "loop"),
    ("return self.ring[0.5]", "an index must be an int, was a float", ""),
    ("self.frozen[0] = 1.0", "this array is read-only", ""),
    ("return OPEN[0]", "an array outside any kernel must be read-only", "setflags"),
    ("self.x = f'{self.n}'", "text cannot be formatted in compiled code", "interpreted"),
    ("print(self.n)", "print cannot be called in compiled code", "interpreted"),
    ("a = {}", "a dict cannot be compiled", "array"),
    ("a = [1.0]", "a list made during the run cannot be compiled", "__init__"),
    ("a = [x for x in self.ring]", "a list comprehension cannot be compiled", "loop"),
    ("return sum(self.ring)", "sum cannot be called in compiled code", "loop"),
    ("a = Other()", "making a new Other during the run cannot be compiled", "__init__"),
    ("return round(self.x, 2)", "round() with 2 arguments cannot be compiled", "whole"),
    ("return math.hypot(1.0, 2.0)", "math.hypot cannot be called in compiled code", "sqrt"),
    ("return statistics.mean(self.ring)", "statistics.mean cannot be called in compiled code", ""),
    ("return np.exp(self.x)", "exp cannot be called in compiled code", "math.exp"),
    ("return again(1.0)", "again calls itself", "loop"),
    ("return many(1.0)", "many takes * or ** arguments", ""),
    ("return self.decorated()", "the decorator @decorate cannot be compiled", ""),
    ("return self.nothing()", "Kernel has no method 'nothing'", ""),
    ("return undefined_name", "the name 'undefined_name' is not defined", ""),
    ("return self.n ** self.n", "an int to the power of an int", "float"),
    ("a = 1.0; a = self.other", "'a' is a kernel here and a float elsewhere", "two names"),
    ("return 1.0 if self.flag else None", "is a float one way and None the other", ""),
    ("if self.flag: return 1.0", "returns None here and a float elsewhere", "every path"),
    ("try: pass\n        finally: pass", "try cannot be compiled", "if"),
    ("with self.name: pass", "with cannot be compiled", ""),
    ("import os", "import inside a method cannot be compiled", "top of the file"),
    ("global OPEN", "global cannot be compiled", "attribute"),
    ("return 99999999999999999999", "does not fit into 64 bits", ""),
    ("return -self.other", "a sign takes numbers in compiled code, was a kernel", ""),
    ("return self.other + 1", "+ takes numbers in compiled code, was a kernel", ""),
    ("a, b = 1, 2, 3", "cannot unpack a tuple of 3 into 2 names", ""),
    ("return (1, 2)[self.n]", "a tuple takes a constant index", "table"),
    ("for i in self.other: pass", "for takes a range, a list", ""),
    ("for i in range(self.x): pass", "range() takes ints, was a float", ""),
    ("if self.ring: pass", "a list of floats cannot be taken for true or false", ""),
    ("return self.run", "the method 'run' can only be called", ""),
    ("return self.name", "'name' is a string", ""),
    ("del self.n", "del cannot be compiled", ""),
    ("return (lambda: 1)()", "a lambda cannot be compiled", "method"),
]


@pytest.mark.parametrize(("body", "message", "hint"), CASES, ids=[case[0][:40] for case in CASES])
def test_a_refusal_names_line_construct_and_remedy(load, body, message, hint):
    module = load(MODULE.format(body=body))
    with pytest.raises(NotCompilableError) as caught:
        compile_kernel(module.Kernel())
    assert message in caught.value.message
    assert hint in caught.value.hint
    place = re.match(r"(.*):(\d+): ", caught.value.message)
    assert place is not None
    assert place[1] == module.__file__


def test_a_class_without_source_is_refused():
    namespace: dict[str, object] = {"__name__": "nowhere"}
    exec("class Kernel:\n    def run(self):\n        return 1\n", namespace)  # noqa: S102
    with pytest.raises(NotCompilableError, match="has no source text"):
        compile_kernel(namespace["Kernel"]())  # type: ignore[operator]


def test_a_file_edited_after_its_import_is_refused(load):
    import linecache
    from pathlib import Path

    module = load("class Kernel:\n    def run(self):\n        return 1\n")
    path = Path(module.__file__)
    path.write_text(path.read_text().replace("return 1", "return 2 + 1"))
    linecache.checkcache()
    with pytest.raises(NotCompilableError, match="the file changed since"):
        compile_kernel(module.Kernel())


def test_a_plain_value_is_no_kernel():
    with pytest.raises(NotCompilableError, match="dict is no kernel"):
        compile_kernel({})


def test_an_entry_that_is_not_there_is_refused(averages):
    with pytest.raises(NotCompilableError, match="Engine has no method 'walk'"):
        compile_kernel(averages.Engine([1.0]), entry="walk")
