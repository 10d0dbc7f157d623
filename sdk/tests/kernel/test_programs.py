"""Random programs give the same bytes both ways, or compiled code says it cannot go on."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradectl_sdk.kernel import KernelRaisedError, compile_kernel

INT_ATOMS = [
    "self.a",
    "self.b",
    "self.part.n",
    "self.counts[self.a % 3]",
    "k",
    "m",
    "len(self.ring)",
]
FLOAT_ATOMS = [
    "self.x",
    "self.y",
    "self.part.z",
    "self.ring[k % 4]",
    "self.ring[-1]",
    "v",
    "self.part.get()",
]
BOOL_ATOMS = ["self.p", "self.part.flag", "q"]
CONSTANTS = ["0", "1", "-1", "2", "-7", "13", "1000003"]
FLOAT_CONSTANTS = ["0.0", "1.0", "-0.5", "2.5", "1e-3", "-1e10"]


def one(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


def build(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: template.format(*found))


def expressions(depth: int) -> tuple[Any, Any, Any]:
    """Strategies for the texts of int, float and bool expressions, at most so deep."""
    if depth == 0:
        return one(*INT_ATOMS, *CONSTANTS), one(*FLOAT_ATOMS, *FLOAT_CONSTANTS), one(*BOOL_ATOMS)
    ints, floats, bools = expressions(depth - 1)
    small = build("({} % 17)", ints)
    safe = build("({} % 13 - 14)", ints)
    int_ = (
        build("({} {} {})", ints, one("+", "-", "&", "|", "^"), ints)
        | build("({} * {})", small, small)
        | build("({} {} {})", ints, one("//", "%"), safe | safe | ints)
        | build("(-{})", ints)
        | build("abs({})", ints)
        | build("({} >> ({} % 9))", ints, ints)
        | build("({} if {} else {})", ints, bools, ints)
        | build("int({} % 1000.0)", floats)
        | build("round({} % -77.7)", floats)
        | build("{}({}, {})", one("max", "min"), ints, ints)
        | build("self.part.add({}, by={})", ints, ints)
    )
    float_ = (
        build("({} {} {})", floats, one("+", "-", "*"), floats)
        | build("({} {} {})", floats, one("+", "*"), ints)
        | build("({} {} {})", floats, one("/", "//", "%"), safe | floats)
        | build("({} / {})", ints, safe | ints)
        | build("(-{})", floats)
        | build("float({})", ints)
        | build("math.{}(abs({}) + 0.5)", one("sqrt", "log", "tanh"), floats)
        | build("math.{}({} % 700.0)", one("sin", "exp"), floats)
        | build("({} ** {})", floats, one("2", "3.0"))
        | build("{}({}, {})", one("max", "min"), floats, floats)
        | build("helper({}, {})", floats, ints)
        | build("self.part.update({})", floats)
    )
    bool_ = (
        build("({} {} {})", ints, one("<", "<=", "==", "!=", ">"), ints)
        | build("({} {} {})", floats, one("<", ">=", "=="), floats)
        | build("({} {} {})", ints, one("<", "==", ">"), floats)
        | build("({} and {})", bools, bools)
        | build("({} or {})", bools, bools)
        | build("(not {})", bools)
        | build("({} < {} <= {})", ints, ints, ints)
    )
    return int_, float_, bool_


INTS, FLOATS, BOOLS = expressions(2)
SIMPLE = (
    build("{} = {}", one("self.a", "self.b", "self.part.n", "self.counts[k % 3]", "m"), INTS)
    | build("{} {}= {}", one("self.a", "self.counts[-1]", "m"), one("+", "-", "//", "%"), INTS)
    | build("{} = {}", one("self.x", "self.y", "self.ring[k % 4]", "self.part.z", "v"), FLOATS)
    | build("{} {}= {}", one("self.x", "self.ring[m % 4]", "v"), one("+", "*", "/"), FLOATS)
    | build("{} = {}", one("self.p", "self.part.flag", "q"), BOOLS)
    | build("self.ring[{} % 5 - 1] = {}", INTS, FLOATS)
    | build("m, self.x = {}, {}", INTS, FLOATS)
)


def indented(statements: list[str]) -> str:
    return textwrap.indent("\n".join(statements), "    ")


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, min_size=1, max_size=3).map(indented)
    return (
        build("if {}:\n{}\nelse:\n{}", BOOLS, body, body)
        | build("for k in range({} % 5):\n{}", INTS, body)
        | build("for k in range(3):\n    if {}:\n        continue\n{}", BOOLS, body)
        | build("for v in self.ring:\n{}\n    if {}:\n        break", body, BOOLS)
        | build("if {}:\n    raise ValueError('asked for')", BOOLS)
    )


PROGRAMS = st.lists(SIMPLE | blocks(SIMPLE | blocks(SIMPLE)), min_size=3, max_size=6)
MODULE = """
import math

def helper(x, n):
    if n % 2 == 0:
        return x * 0.5
    return x - n

class Part:
    def __init__(self):
        self.n, self.z, self.flag = 4, 1.5, False

    def get(self):
        return self.z

    def add(self, n, by=1):
        self.n += n % 11 - by % 7
        return self.n

    def update(self, x):
        self.z = (self.z + x) / 2
        return self.z

class Program:
    def __init__(self, a, b, x, y):
        self.a, self.b, self.x, self.y, self.p = a, b, x, y, a < b
        self.ring, self.counts = [x, y, 0.25, -3.0], [a, b, 5]
        self.part = self.alias = Part()

    def run(self):
        k, m, v, q = 0, 1, 0.5, True
{body}
        self.alias.n = m
        return v
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("programs")


def outcome(run: Any, program: Any, state: Any) -> tuple[Any, str, str]:
    """Result or exception, and the state it leaves."""
    try:
        result = repr(run(program))
    except KernelRaisedError as error:
        return error.exception, error.text, repr(state(program))
    except (ArithmeticError, ValueError, IndexError, TypeError) as error:
        return type(error).__name__, "", repr(state(program))
    return result, "", repr(state(program))


LEFT_TO_PYTHON = ("64 bits", "64-bit", "complex")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    statements=PROGRAMS,
    inputs=st.lists(
        st.tuples(
            st.integers(-50, 50),
            st.integers(-(2**20), 2**20),
            st.floats(-1e3, 1e3),
            st.floats(-1e9, 1e9) | st.floats(),
        ),
        min_size=3,
        max_size=6,
    ),
)
def test_a_random_program_gives_the_same_bytes_both_ways(
    folder, importer, state_of, statements, inputs
):
    body = textwrap.indent("\n".join(statements), "        ")
    path = folder / f"program_{abs(hash(body))}.py"
    path.write_text(MODULE.format(body=body))
    module = importer(path.stem, path)
    compiled = compile_kernel(module.Program(*inputs[0]))
    for values in inputs:
        found = outcome(compiled, module.Program(*values), state_of)
        if any(words in found[1] for words in LEFT_TO_PYTHON):
            continue
        expected = outcome(module.Program.run, module.Program(*values), state_of)
        assert (found[0], found[2]) == (expected[0], expected[2])
