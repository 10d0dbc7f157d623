"""Operators and functions agree with Python on every awkward pair of numbers, errors included."""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any

import pytest
from tradectl_sdk.kernel import KernelRaisedError, compile_kernel

INTS = [0, 1, -1, 2, -3, 7, 10, -10, 63, 64, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, 2**63 - 1]
INTS += [-(2**63), 1_700_000_000_000_000_000, 1_699_999_999_999_999_987]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.1, 2.5, -2.5, 3.5, 7.0, -3.25, 1e-320, 1e300, -1e300, 2.0**53]
FLOATS += [2.0**63, -(2.0**63), 9.3e18, math.inf, -math.inf, math.nan, 0.5, -0.5, 709.9, 1e-5]
TEMPLATE = """
import math
import numpy as np

class Kernel:
    def __init__(self, a, b):
        self.a, self.b, self.out = a, b, {out}

    def run(self):
        a, b = self.a, self.b
        self.out = {expression}
"""
ZERO = {int: 0, float: 0.0, bool: False}


def bits(value: Any) -> Any:
    """A value with its type and every bit; a NaN is a NaN."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("d", value)
    return type(value), value


def check(load: Any, expression: str, out: type, pairs: list[tuple[Any, Any]]) -> None:
    module = load(TEMPLATE.format(out=repr(ZERO[out]), expression=expression))
    compiled = compile_kernel(module.Kernel(*pairs[0]))
    for a, b in pairs:
        twin, kernel = module.Kernel(a, b), module.Kernel(a, b)
        try:
            twin.run()
            expected = bits(twin.out)
            outgrown = isinstance(twin.out, complex) or (
                isinstance(twin.out, int) and not -(2**63) <= twin.out < 2**63
            )
        except (ArithmeticError, ValueError) as error:
            expected, outgrown = type(error).__name__, "complex" in str(error)
        try:
            compiled(kernel)
            found = bits(kernel.out)
        except KernelRaisedError as error:
            found = error.exception
        if outgrown:
            assert found in {"OverflowError", "ValueError"}, (expression, a, b)
        else:
            assert found == expected, (expression, a, b)


@pytest.mark.parametrize("sign", ["+", "-", "*", "//", "%", "&", "|", "^"])
def test_int_with_int(load, sign):
    check(load, f"a {sign} b", int, list(itertools.product(INTS, INTS)))


@pytest.mark.parametrize("sign", ["<<", ">>"])
def test_shifts(load, sign):
    counts = [0, 1, 5, 62, 63, 64, 65, 100, -1]
    check(load, f"a {sign} b", int, list(itertools.product(INTS, counts)))


def test_true_division_of_ints_rounds_once(load):
    check(
        load, "a / b", float, list(itertools.product([i for i in INTS if i != -(2**63)], INTS[:-3]))
    )


def test_true_division_of_the_least_int_is_left_to_python(load):
    module = load(TEMPLATE.format(out="0.0", expression="a / b"))
    kernel = module.Kernel(-(2**63), 3)
    with pytest.raises(KernelRaisedError, match="OverflowError"):
        compile_kernel(kernel)(kernel)


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "//", "%", "**"])
def test_float_with_float(load, sign):
    check(load, f"a {sign} b", float, list(itertools.product(FLOATS, FLOATS)))


@pytest.mark.parametrize("sign", ["+", "*", "/", "//", "%", "**"])
def test_int_with_float(load, sign):
    check(load, f"a {sign} b", float, list(itertools.product(INTS, FLOATS)))


@pytest.mark.parametrize("sign", ["<", "<=", "==", "!=", ">", ">="])
@pytest.mark.parametrize(
    "numbers", [(INTS, INTS), (FLOATS, FLOATS), (INTS, FLOATS), (FLOATS, INTS)]
)
def test_comparisons_are_exact(load, sign, numbers):
    check(load, f"a {sign} b", bool, list(itertools.product(*numbers)))


@pytest.mark.parametrize(
    "function",
    [
        "exp",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "sqrt",
        "fabs",
        "erf",
        "erfc",
        "degrees",
        "radians",
    ],
)
def test_functions_of_math(load, function):
    more = [0.25, 1.5, -1.5, 20.0, -745.2, 1e5, 100.0, -0.999]
    check(load, f"math.{function}(a)", float, [(x, 0) for x in FLOATS + more])
    check(load, f"math.{function}(a)", float, [(i, 0) for i in INTS])


@pytest.mark.parametrize("function", ["pow", "fmod", "atan2", "copysign", "log"])
def test_functions_of_math_with_two_arguments(load, function):
    check(load, f"math.{function}(a, b)", float, list(itertools.product(FLOATS, FLOATS)))


@pytest.mark.parametrize("function", ["int", "round", "math.floor", "math.ceil", "math.trunc"])
def test_conversions_to_int(load, function):
    halves = [0.5, 1.5, 2.5, -0.5, -1.5, 4503599627370497.5, 1e18]
    check(load, f"{function}(a)", int, [(x, 0) for x in FLOATS + halves])
    check(load, f"{function}(a)", int, [(i, 0) for i in INTS])


@pytest.mark.parametrize("function", ["max", "min"])
def test_extremes_keep_the_first_of_equals(load, function):
    check(load, f"{function}(a, b)", float, list(itertools.product(FLOATS, FLOATS)))
    check(load, f"{function}(a, b, 3)", int, list(itertools.product(INTS, INTS)))


@pytest.mark.parametrize("expression", ["-a", "+a", "~a", "abs(a)", "a ** 2", "a ** 3", "a ** 0"])
def test_int_alone(load, expression):
    check(load, expression, int, [(i, 0) for i in INTS])


@pytest.mark.parametrize(
    "expression", ["-a", "+a", "abs(a)", "a ** 2", "a ** 0.5", "a ** -1", "2 ** a"]
)
def test_float_alone(load, expression):
    check(load, expression, float, [(x, 0) for x in FLOATS])


@pytest.mark.parametrize(
    "expression", ["math.isnan(a)", "math.isinf(a)", "math.isfinite(a)", "bool(a)", "not a"]
)
def test_questions_about_floats(load, expression):
    check(load, expression, bool, [(x, 0) for x in FLOATS])


@pytest.mark.parametrize("function", ["sqrt", "floor", "ceil", "trunc", "rint", "fabs", "sign"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numpy_functions_that_are_exact(load, function):
    check(load, f"float(np.{function}(a))", float, [(x, 0) for x in FLOATS])


@pytest.mark.parametrize("function", ["maximum", "minimum"])
def test_numpy_extremes_let_nan_win(load, function):
    pairs = [(a, b) for a, b in itertools.product(FLOATS, FLOATS) if not a == b == 0.0]
    check(load, f"float(np.{function}(a, b))", float, pairs)


@pytest.mark.parametrize(
    ("expression", "out"),
    [
        ("a if a < b else b", int),
        ("a and b", int),
        ("a or b", int),
        ("not (a < b)", bool),
        ("0 <= a < b", bool),
        ("a < b < 10 != a", bool),
        ("a in (1, 2, b)", bool),
        ("a not in (1, 2)", bool),
        ("(a > 0) & (b > 0)", bool),
        ("(a > 0) + (b > 0)", int),
        ("(a > 0) ^ (b > 0) or a == 7", bool),
    ],
)
def test_choices_of_ints(load, expression, out):
    check(load, expression, out, list(itertools.product(INTS, INTS)))


@pytest.mark.parametrize("expression", ["divmod(a, b)[0]", "divmod(a, b)[1]"])
def test_divmod_of_ints(load, expression):
    pairs = [(a, b) for a, b in itertools.product(INTS, INTS) if (a, b) != (-(2**63), -1)]
    check(load, expression, int, pairs)


@pytest.mark.parametrize("expression", ["divmod(a, b)[0]", "divmod(a, b)[1]"])
def test_divmod_of_floats(load, expression):
    check(load, expression, float, list(itertools.product(FLOATS, FLOATS)))
