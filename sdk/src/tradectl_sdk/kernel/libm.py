"""The ``math`` module: the same C functions CPython calls, with CPython's errors.

LLVM knows the C library's names and would fold or replace such calls (``pow(x, 2.0)`` becomes
``x * x``, which rounds otherwise), so units call them by names of our own, which the loader binds
to the C library's functions in this process.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from tradectl_sdk.kernel.kinds import BOOL, FLOAT, INT
from tradectl_sdk.kernel.unit import DOUBLE, WORD, Unit, Value

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame

PREFIX = "tradectl_"

# Functions of one argument: NaN from a number is a ValueError; an infinity from a finite number
# is an OverflowError where the function can overflow and a ValueError (a pole) elsewhere.
_CAN_OVERFLOW = {"exp": True, "exp2": True, "expm1": True, "cosh": True, "sinh": True}
_CAN_OVERFLOW |= dict.fromkeys(
    ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "erf", "erfc", "log"), False
)
_CAN_OVERFLOW |= dict.fromkeys(("log10", "log1p", "log2", "sin", "tan", "tanh"), False)
C_FUNCTIONS = (*_CAN_OVERFLOW, "atan2", "fmod", "pow")

_INFINITY = ir.Constant(DOUBLE, float("inf"))
_ZERO = ir.Constant(DOUBLE, 0.0)
_DOMAIN = "math domain error"


def symbol(unit: Unit, name: str, arguments: int) -> Any:
    """Return a function of the C library under our own name."""
    kind = ir.FunctionType(DOUBLE, [DOUBLE] * arguments)
    function = unit.external(PREFIX + name, kind)
    function.attributes.add("nounwind")
    function.attributes.add("readnone")
    return function


def intrinsic(unit: Unit, name: str, arguments: int) -> Any:
    """Return an operation LLVM does exactly, such as ``floor``."""
    return unit.external(f"llvm.{name}.f64", ir.FunctionType(DOUBLE, [DOUBLE] * arguments))


def exact(frame: Frame, name: str, *arguments: Any) -> Any:
    """Call an exact operation."""
    return frame.builder.call(intrinsic(frame.unit, name, len(arguments)), arguments)


def is_finite(frame: Frame, value: Any) -> Any:
    """Return the bit that says neither infinite nor NaN."""
    return frame.builder.fcmp_ordered("<", exact(frame, "fabs", value), _INFINITY)


def _is_infinite(frame: Frame, value: Any) -> Any:
    return frame.builder.fcmp_ordered("==", exact(frame, "fabs", value), _INFINITY)


def _domain_guard(frame: Frame, node: ast.AST, result: Any, *arguments: Any) -> None:
    """Raise ValueError for NaN that did not come from NaN."""
    builder = frame.builder
    bad = builder.fcmp_unordered("uno", result, result)
    for argument in arguments:
        bad = builder.and_(bad, builder.fcmp_ordered("ord", argument, argument))
    frame.guard(node, bad, "ValueError", _DOMAIN)


def _one_argument(name: str) -> Callable[..., Value]:
    def emit(frame: Frame, node: ast.AST, x: Value) -> Value:
        argument = frame.cast(x, FLOAT).ir
        result = frame.builder.call(symbol(frame.unit, name, 1), [argument])
        _domain_guard(frame, node, result, argument)
        pole = frame.builder.and_(_is_infinite(frame, result), is_finite(frame, argument))
        if _CAN_OVERFLOW[name]:
            frame.guard(node, pole, "OverflowError", "math range error")
        else:
            frame.guard(node, pole, "ValueError", _DOMAIN)
        return Value(FLOAT, result)

    return emit


def _log(frame: Frame, node: ast.AST, x: Value, base: Value | None = None) -> Value:
    """Take the natural logarithm, or divide two of them as CPython does."""
    top = _one_argument("log")(frame, node, x)
    if base is None:
        return top
    bottom = _one_argument("log")(frame, node, base)
    nothing = frame.builder.fcmp_ordered("==", bottom.ir, _ZERO)
    frame.guard(node, nothing, "ZeroDivisionError", "float division by zero")
    return Value(FLOAT, frame.builder.fdiv(top.ir, bottom.ir))


def square_root(frame: Frame, node: ast.AST, x: Value) -> Value:
    """Return ``math.sqrt``, which IEEE 754 defines exactly."""
    argument = frame.cast(x, FLOAT).ir
    negative = frame.builder.fcmp_ordered("<", argument, _ZERO)
    frame.guard(node, negative, "ValueError", _DOMAIN)
    return Value(FLOAT, exact(frame, "sqrt", argument))


def power(frame: Frame, node: ast.AST, base: Any, exponent: Any) -> Value:
    """Return ``base ** exponent`` of floats; a complex result is left to the interpreter."""
    builder = frame.builder
    finite = builder.and_(is_finite(frame, base), is_finite(frame, exponent))
    bad = builder.and_(
        builder.fcmp_ordered("==", base, _ZERO), builder.fcmp_ordered("<", exponent, _ZERO)
    )
    bad = builder.and_(bad, finite)
    frame.guard(node, bad, "ZeroDivisionError", "0.0 cannot be raised to a negative power")
    broken = builder.fcmp_ordered("!=", exponent, exact(frame, "floor", exponent))
    negative = builder.fcmp_ordered("<", base, _ZERO)
    bad = builder.and_(builder.and_(broken, negative), finite)
    frame.guard(node, bad, "ValueError", "a negative number to a fractional power is complex")
    result = builder.call(symbol(frame.unit, "pow", 2), [base, exponent])
    bad = builder.and_(_is_infinite(frame, result), finite)
    frame.guard(node, bad, "OverflowError", "Numerical result out of range")
    return Value(FLOAT, result)


def _math_pow(frame: Frame, node: ast.AST, base: Value, exponent: Value) -> Value:
    """Return ``math.pow``: a pole and a complex result are both domain errors."""
    x, y = frame.cast(base, FLOAT).ir, frame.cast(exponent, FLOAT).ir
    result = frame.builder.call(symbol(frame.unit, "pow", 2), [x, y])
    _domain_guard(frame, node, result, x, y)
    finite = frame.builder.and_(is_finite(frame, x), is_finite(frame, y))
    infinite = frame.builder.and_(_is_infinite(frame, result), finite)
    pole = frame.builder.and_(infinite, frame.builder.fcmp_ordered("==", x, _ZERO))
    frame.guard(node, pole, "ValueError", _DOMAIN)
    frame.guard(node, infinite, "OverflowError", "math range error")
    return Value(FLOAT, result)


def _fmod(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:
    x, y = frame.cast(left, FLOAT).ir, frame.cast(right, FLOAT).ir
    result = frame.builder.call(symbol(frame.unit, "fmod", 2), [x, y])
    _domain_guard(frame, node, result, x, y)
    return Value(FLOAT, result)


def _atan2(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:  # noqa: ARG001
    x, y = frame.cast(left, FLOAT).ir, frame.cast(right, FLOAT).ir
    return Value(FLOAT, frame.builder.call(symbol(frame.unit, "atan2", 2), [x, y]))


def whole(operation: str | None) -> Callable[..., Value]:
    """Return the emitter of a conversion to int: ``floor``, ``ceil``, ``rint`` or None (cut)."""

    def emit(frame: Frame, node: ast.AST, x: Value) -> Value:
        if x.kind != FLOAT:
            return frame.cast(x, INT)
        value = exact(frame, operation, x.ir) if operation else x.ir
        builder = frame.builder
        nan = builder.fcmp_unordered("uno", value, value)
        frame.guard(node, nan, "ValueError", "cannot convert float NaN to integer")
        edge = ir.Constant(DOUBLE, 2.0**63)
        inside = builder.and_(
            builder.fcmp_ordered("<", value, edge),
            builder.fcmp_ordered(">=", value, ir.Constant(DOUBLE, -(2.0**63))),
        )
        outside = builder.not_(inside)
        frame.guard(node, outside, "OverflowError", "cannot convert float to a 64-bit integer")
        return Value(INT, builder.fptosi(value, WORD))

    return emit


def _simple(operation: str) -> Callable[..., Value]:
    def emit(frame: Frame, node: ast.AST, *values: Value) -> Value:  # noqa: ARG001
        return Value(FLOAT, exact(frame, operation, *(frame.cast(x, FLOAT).ir for x in values)))

    return emit


def _is_nan(frame: Frame, node: ast.AST, x: Value) -> Value:  # noqa: ARG001
    value = frame.cast(x, FLOAT).ir
    return Value(BOOL, frame.builder.fcmp_unordered("uno", value, value))


def _is_inf(frame: Frame, node: ast.AST, x: Value) -> Value:  # noqa: ARG001
    return Value(BOOL, _is_infinite(frame, frame.cast(x, FLOAT).ir))


def _isfinite(frame: Frame, node: ast.AST, x: Value) -> Value:  # noqa: ARG001
    return Value(BOOL, is_finite(frame, frame.cast(x, FLOAT).ir))


def _scaled(factor: float) -> Callable[..., Value]:
    def emit(frame: Frame, node: ast.AST, x: Value) -> Value:  # noqa: ARG001
        number = ir.Constant(DOUBLE, factor)
        return Value(FLOAT, frame.builder.fmul(frame.cast(x, FLOAT).ir, number))

    return emit


def functions() -> dict[Any, tuple[int, int, Callable[..., Value]]]:
    """Return each function of ``math`` that compiles: least and most arguments, emitter."""
    table: dict[Any, tuple[int, int, Callable[..., Value]]] = {
        getattr(math, name): (1, 1, _one_argument(name))
        for name in _CAN_OVERFLOW
        if hasattr(math, name)
    }
    table |= {
        math.log: (1, 2, _log),
        math.sqrt: (1, 1, square_root),
        math.pow: (2, 2, _math_pow),
        math.fmod: (2, 2, _fmod),
        math.atan2: (2, 2, _atan2),
        math.fabs: (1, 1, _simple("fabs")),
        math.copysign: (2, 2, _simple("copysign")),
        math.floor: (1, 1, whole("floor")),
        math.ceil: (1, 1, whole("ceil")),
        math.trunc: (1, 1, whole(None)),
        math.isnan: (1, 1, _is_nan),
        math.isinf: (1, 1, _is_inf),
        math.isfinite: (1, 1, _isfinite),
        math.degrees: (1, 1, _scaled(180.0 / math.pi)),
        math.radians: (1, 1, _scaled(math.pi / 180.0)),
    }
    return table
