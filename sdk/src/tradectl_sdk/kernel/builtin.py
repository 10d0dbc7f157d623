"""The built-in functions compiled code knows, and NumPy's exact ones on single numbers."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from tradectl_sdk.kernel import conditions, elements, libm, operators
from tradectl_sdk.kernel.hints import soon
from tradectl_sdk.kernel.kinds import (
    BOOL,
    FLOAT,
    INT,
    Buffer,
    Kernels,
    Static,
    Tuple,
    describe,
    join,
)
from tradectl_sdk.kernel.unit import DOUBLE, ELEMENTS, POINTER, STATUS, WORD, Value, constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame

_CACHE_LINE = 64  # bytes
_MOST_SOON = 1024  # elements; more would only push others out of the cache


def find(obj: Any) -> Callable[[Frame, ast.Call], Value] | None:
    """Return the emitter of a built-in function, or None when there is none."""
    try:
        entry = _TABLE.get(obj)
    except TypeError:  # not hashable
        return None
    if entry is None:
        return None
    least, most, emit = entry

    def checked(frame: Frame, node: ast.Call) -> Value:
        name = getattr(obj, "__name__", "this")
        if node.keywords:
            raise frame.refusal(node, f"{name}() takes no keywords in compiled code")
        if not least <= len(node.args) <= most:
            hint = "round to whole numbers only" if obj is round else ""
            raise frame.refusal(
                node, f"{name}() with {len(node.args)} arguments cannot be compiled", hint
            )
        values = [frame.expression(argument) for argument in node.args]
        if obj not in _ANY_KIND:
            for value in values:
                frame.number(node, value, f"{name}()")
        return emit(frame, node, *values)

    return checked


def _extreme(sign: type[ast.cmpop]) -> Callable[..., Value]:
    """Return ``max`` or ``min``: a later argument wins only when it is strictly beyond."""

    def emit(frame: Frame, node: ast.AST, *values: Value) -> Value:
        best = values[0]
        for value in values[1:]:
            kind = join(best.kind, value.kind)
            assert kind is not None  # noqa: S101 - numbers always join
            wins = operators.compare(frame, node, sign(), value, best).ir
            chosen = frame.builder.select(
                wins, frame.cast(value, kind).ir, frame.cast(best, kind).ir
            )
            best = Value(kind, chosen)
        return best

    return emit


def _abs(frame: Frame, node: ast.AST, x: Value) -> Value:
    if x.kind == FLOAT:
        return Value(FLOAT, libm.exact(frame, "fabs", x.ir))
    whole = frame.cast(x, INT)
    minus = operators.unary(frame, node, ast.USub(), whole)
    negative = frame.builder.icmp_signed("<", whole.ir, ir.Constant(WORD, 0))
    return Value(INT, frame.builder.select(negative, minus.ir, whole.ir))


def _float(frame: Frame, node: ast.AST, x: Value) -> Value:  # noqa: ARG001
    return frame.cast(x, FLOAT)


def _bool(frame: Frame, node: ast.AST, x: Value) -> Value:
    return Value(BOOL, frame.truth(node, x))


def _len(frame: Frame, node: ast.AST, x: Value) -> Value:
    if isinstance(x.kind, Buffer | Kernels):
        return Value(INT, elements.buffer_length(frame, x))
    if isinstance(x.kind, Tuple):
        return constant(len(x.kind.items))
    if isinstance(x.kind, Static) and isinstance(x.kind.obj, np.ndarray):
        return constant(len(x.kind.obj))
    raise frame.refusal(node, f"len() takes a list or an array, was {describe(x.kind)}")


def _isinstance(frame: Frame, node: ast.Call, *_: Value) -> Value:
    known = conditions.fold(frame, node)
    if known is None:
        raise frame.refusal(node, "isinstance() takes a kernel and one class in compiled code")
    return constant(known)


def _numpy(operation: str) -> Callable[..., Value]:
    def emit(frame: Frame, node: ast.AST, x: Value) -> Value:  # noqa: ARG001
        return Value(FLOAT, libm.exact(frame, operation, frame.cast(x, FLOAT).ir))

    return emit


def _numpy_extreme(sign: str) -> Callable[..., Value]:
    """Return ``np.maximum`` or ``np.minimum``, in which NaN wins."""

    def emit(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:  # noqa: ARG001
        x, y = frame.cast(left, FLOAT).ir, frame.cast(right, FLOAT).ir
        builder = frame.builder
        nan = builder.fcmp_unordered("uno", x, x)
        first = builder.or_(nan, builder.fcmp_ordered(sign, x, y))
        return Value(FLOAT, builder.select(first, x, y))

    return emit


def _numpy_sign(frame: Frame, node: ast.AST, x: Value) -> Value:  # noqa: ARG001
    value, builder = frame.cast(x, FLOAT).ir, frame.builder
    zero, one = ir.Constant(DOUBLE, 0.0), ir.Constant(DOUBLE, 1.0)
    below = builder.select(
        builder.fcmp_ordered("<", value, zero), ir.Constant(DOUBLE, -1.0), builder.fadd(value, zero)
    )
    return Value(FLOAT, builder.select(builder.fcmp_ordered(">", value, zero), one, below))


def _soon(
    frame: Frame, node: ast.AST, memory: Value, place: Value, count: Value | None = None
) -> Value:
    """Emit prefetches into all caches, one a line; they never fault, whatever the address."""
    kind, many = memory.kind, ir.Constant(WORD, 1) if count is None else count.ir
    if not isinstance(kind, Buffer) or kind.ndim != 1 or place.kind != INT:
        raise frame.refusal(node, "soon() takes memory of one dimension and an int")
    if not isinstance(many, ir.Constant) or not 0 < many.constant <= _MOST_SOON:
        raise frame.refusal(node, f"soon() takes a literal count of at most {_MOST_SOON}")
    builder, data = frame.builder, frame.builder.extract_value(memory.ir, 0)
    hint = frame.unit.external(
        "llvm.prefetch.p0", ir.FunctionType(ir.VoidType(), [POINTER, STATUS, STATUS, STATUS])
    )
    for ahead in range(0, many.constant, _CACHE_LINE // np.dtype(kind.dtype).itemsize):
        element = builder.add(place.ir, ir.Constant(WORD, ahead))
        address = builder.gep(data, [element], inbounds=False, source_etype=ELEMENTS[kind.dtype][0])
        builder.call(hint, [address, *(ir.Constant(STATUS, word) for word in (0, 3, 1))])
    return constant(None)


_PLAIN: dict[Any, tuple[int, int, Callable[..., Value]]] = {
    abs: (1, 1, _abs),
    min: (2, 99, _extreme(ast.Lt)),
    max: (2, 99, _extreme(ast.Gt)),
    round: (1, 1, libm.whole("rint")),
    int: (1, 1, libm.whole(None)),
    float: (1, 1, _float),
    bool: (1, 1, _bool),
    len: (1, 1, _len),
    divmod: (2, 2, operators.divmod_),
    isinstance: (2, 2, _isinstance),
    soon: (2, 3, _soon),
    np.sqrt: (1, 1, _numpy("sqrt")),
    np.floor: (1, 1, _numpy("floor")),
    np.ceil: (1, 1, _numpy("ceil")),
    np.trunc: (1, 1, _numpy("trunc")),
    np.rint: (1, 1, _numpy("rint")),
    np.fabs: (1, 1, _numpy("fabs")),
    np.maximum: (2, 2, _numpy_extreme(">=")),
    np.minimum: (2, 2, _numpy_extreme("<=")),
    np.sign: (1, 1, _numpy_sign),
}
_MATH = libm.functions()
_TABLE = _PLAIN | _MATH
_TABLE |= {
    np.isnan: _MATH[math.isnan],
    np.isinf: _MATH[math.isinf],
    np.isfinite: _MATH[math.isfinite],
}
_ANY_KIND = {len, isinstance, bool, soon}
