"""Arithmetic and comparison with Python's meaning, to the last bit.

Integers raise OverflowError where Python would grow beyond 64 bits, so that compiled code never
gives another answer, only none. Floats are IEEE 754 doubles without contraction or reordering.
``//`` and ``%`` follow the sign of the divisor, as CPython's ``float_divmod`` and ``long_divmod``
do; an int and a float are compared exactly, as CPython's ``float_richcompare`` does.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from llvmlite import ir

from tradectl_sdk.kernel import invoke, libm
from tradectl_sdk.kernel.exact import true_divide
from tradectl_sdk.kernel.kinds import BOOL, FLOAT, INT, describe
from tradectl_sdk.kernel.unit import DOUBLE, WORD, Value

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame

ZERO = ir.Constant(WORD, 0)
_FLOAT_ZERO = ir.Constant(DOUBLE, 0.0)
_OUTGROWN = "int too large for 64 bits"
_EXACT = 2**53  # every int up to here is a float as well
_TRUE_DIVIDE = cast("types.FunctionType", true_divide)
_COMPARISONS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def binary(frame: Frame, node: ast.AST, operator: ast.operator, left: Value, right: Value) -> Value:
    """Apply a binary operator."""
    sign = _SIGNS.get(type(operator), "@")
    if sign == "@":
        raise frame.refusal(node, "@ cannot be compiled", "write the loop")
    frame.number(node, left, sign)
    frame.number(node, right, sign)
    if sign in _BITWISE:
        return _bitwise(frame, node, sign, left, right)
    if sign == "/":
        return _divide(frame, node, left, right)
    if sign == "**":
        return _power(frame, node, left, right)
    if FLOAT in {left.kind, right.kind}:
        left, right = frame.cast(left, FLOAT), frame.cast(right, FLOAT)
        return _FLOATS[sign](frame, node, left.ir, right.ir)
    left, right = frame.cast(left, INT), frame.cast(right, INT)
    return _INTS[sign](frame, node, left.ir, right.ir)


def unary(frame: Frame, node: ast.AST, operator: ast.unaryop, operand: Value) -> Value:
    """Apply ``-``, ``+`` or ``~`` (``not`` is a condition)."""
    frame.number(node, operand, "a sign")
    if operand.kind == FLOAT and isinstance(operator, (ast.USub, ast.UAdd)):
        negative = isinstance(operator, ast.USub)
        return Value(FLOAT, frame.builder.fneg(operand.ir)) if negative else operand
    if operand.kind == FLOAT:
        raise frame.refusal(node, "~ takes ints, was a float")
    operand = frame.cast(operand, INT)
    if isinstance(operator, ast.UAdd):
        return operand
    if isinstance(operator, ast.Invert):
        return Value(INT, frame.builder.not_(operand.ir))
    if isinstance(operand.ir, ir.Constant):
        return Value(INT, ir.Constant(WORD, -operand.ir.constant))
    return _checked(frame, node, "ssub_with_overflow", ZERO, operand.ir)


def compare(frame: Frame, node: ast.AST, operator: ast.cmpop, left: Value, right: Value) -> Value:
    """Compare two numbers."""
    sign = _COMPARISONS[type(operator)]
    for side in (left, right):
        frame.number(node, side, sign)
    if left.kind == right.kind == FLOAT:
        return Value(BOOL, _float_compare(frame, sign, left.ir, right.ir))
    if FLOAT not in {left.kind, right.kind}:
        left, right = frame.cast(left, INT), frame.cast(right, INT)
        return Value(BOOL, frame.builder.icmp_signed(sign, left.ir, right.ir))
    if left.kind == FLOAT:
        mirrored = sign.translate(str.maketrans("<>", "><"))
        return Value(BOOL, _mixed_compare(frame, mirrored, right, left.ir))
    return Value(BOOL, _mixed_compare(frame, sign, left, right.ir))


def _float_compare(frame: Frame, sign: str, left: Any, right: Any) -> Any:
    if sign == "!=":
        return frame.builder.fcmp_unordered(sign, left, right)
    return frame.builder.fcmp_ordered(sign, left, right)


def _mixed_compare(frame: Frame, sign: str, left: Value, right: Any) -> Any:
    """Compare an int with a float: where they round to the same float, the ints decide."""
    builder = frame.builder
    rounded = frame.cast(left, FLOAT).ir
    if left.kind == BOOL or (isinstance(left.ir, ir.Constant) and abs(left.ir.constant) <= _EXACT):
        return _float_compare(frame, sign, rounded, right)
    whole = to_int_unchecked(frame, right)
    beyond = builder.fcmp_ordered("==", right, ir.Constant(DOUBLE, 2.0**63))
    less = builder.or_(builder.icmp_signed("<", left.ir, whole), beyond)
    equal = builder.and_(builder.icmp_signed("==", left.ir, whole), builder.not_(beyond))
    tie = {
        "==": lambda: equal,
        "!=": lambda: builder.not_(equal),
        "<": lambda: less,
        "<=": lambda: builder.or_(less, equal),
        ">": lambda: builder.not_(builder.or_(less, equal)),
        ">=": lambda: builder.not_(less),
    }[sign]()
    tied = builder.fcmp_ordered("==", rounded, right)
    return builder.select(tied, tie, _float_compare(frame, sign, rounded, right))


def to_int_unchecked(frame: Frame, value: Any) -> Any:
    """Cut a float to an int, saturating (never undefined, as a bare conversion would be)."""
    intrinsic = frame.unit.external("llvm.fptosi.sat.i64.f64", ir.FunctionType(WORD, [DOUBLE]))
    return frame.builder.call(intrinsic, [value])


# -- integers -----------------------------------------------------------------------------


def _checked(frame: Frame, node: ast.AST, operation: str, left: Any, right: Any) -> Value:
    both = getattr(frame.builder, operation)(left, right)
    frame.guard(node, frame.builder.extract_value(both, 1), "OverflowError", _OUTGROWN)
    return Value(INT, frame.builder.extract_value(both, 0))


def _int_divmod(frame: Frame, node: ast.AST, left: Any, right: Any) -> tuple[Any, Any]:
    """Return quotient and remainder rounded towards minus infinity."""
    builder = frame.builder
    usual, rare, done = (frame.block(name) for name in ("usual", "rare", "divided"))
    branch = builder.cbranch(_plain_division(frame, left, right), usual, rare)
    frame.unit.weigh(branch, 1000, 1)
    builder.position_at_end(usual)
    quotient = builder.udiv(left, right)
    rest = builder.sub(left, builder.mul(quotient, right))
    builder.branch(done)
    builder.position_at_end(rare)
    lower = _signed_divmod(frame, node, left, right)
    rare_end = builder.block
    builder.branch(done)
    builder.position_at_end(done)
    results = []
    for one, other in zip((quotient, rest), lower, strict=True):
        phi = builder.phi(WORD)
        phi.add_incoming(one, usual)
        phi.add_incoming(other, rare_end)
        results.append(phi)
    return results[0], results[1]


def _plain_division(frame: Frame, left: Any, right: Any) -> Any:
    """Return the bit that says that neither is negative, nor the divisor zero."""
    positive = frame.builder.icmp_signed(">", right, ZERO)
    return frame.builder.and_(frame.builder.icmp_signed(">=", left, ZERO), positive)


def _signed_divmod(frame: Frame, node: ast.AST, left: Any, right: Any) -> tuple[Any, Any]:
    _int_zero_guard(frame, node, right)
    if not isinstance(right, ir.Constant) or right.constant == -1:
        least = frame.builder.icmp_signed("==", left, ir.Constant(WORD, -(2**63)))
        minus = frame.builder.icmp_signed("==", right, ir.Constant(WORD, -1))
        frame.guard(node, frame.builder.and_(least, minus), "OverflowError", _OUTGROWN)
    rest, down = _signed_rest(frame, left, right)
    quotient = frame.builder.sdiv(left, right)
    lower = frame.builder.sub(quotient, ir.Constant(WORD, 1))
    return frame.builder.select(down, lower, quotient), rest


def _int_rest(frame: Frame, node: ast.AST, left: Any, right: Any) -> Any:
    """Return the remainder, which has the divisor's sign."""
    builder = frame.builder
    usual, rare, done = (frame.block(name) for name in ("usual", "rare", "divided"))
    branch = builder.cbranch(_plain_division(frame, left, right), usual, rare)
    frame.unit.weigh(branch, 1000, 1)
    builder.position_at_end(usual)
    plain = builder.urem(left, right)
    builder.branch(done)
    builder.position_at_end(rare)
    _int_zero_guard(frame, node, right)
    signed, _ = _signed_rest(frame, left, right)
    rare_end = builder.block
    builder.branch(done)
    builder.position_at_end(done)
    phi = builder.phi(WORD)
    phi.add_incoming(plain, usual)
    phi.add_incoming(signed, rare_end)
    return phi


def _signed_rest(frame: Frame, left: Any, right: Any) -> tuple[Any, Any]:
    """Return the remainder, and the bit that says the quotient was rounded down for it."""
    builder = frame.builder
    divisor = right
    if not isinstance(right, ir.Constant) or right.constant == -1:
        minus = builder.icmp_signed("==", right, ir.Constant(WORD, -1))
        divisor = builder.select(minus, ir.Constant(WORD, 1), right)  # the least int % -1 traps
    rest = builder.srem(left, divisor)
    differs = builder.icmp_signed("<", builder.xor(rest, right), ZERO)
    down = builder.and_(builder.icmp_signed("!=", rest, ZERO), differs)
    return builder.select(down, builder.add(rest, right), rest), down


def _int_zero_guard(frame: Frame, node: ast.AST, right: Any) -> None:
    if not isinstance(right, ir.Constant) or right.constant == 0:
        nothing = frame.builder.icmp_signed("==", right, ZERO)
        frame.guard(node, nothing, "ZeroDivisionError", "integer division or modulo by zero")


def _bitwise(frame: Frame, node: ast.AST, sign: str, left: Value, right: Value) -> Value:
    if FLOAT in {left.kind, right.kind}:
        raise frame.refusal(node, f"{sign} takes ints, was {describe(FLOAT)}")
    builder = frame.builder
    plain = {"&": builder.and_, "|": builder.or_, "^": builder.xor}.get(sign)
    if plain is not None and left.kind == right.kind == BOOL:
        return Value(BOOL, plain(left.ir, right.ir))
    number, count = frame.cast(left, INT).ir, frame.cast(right, INT).ir
    if plain is not None:
        return Value(INT, plain(number, count))
    negative = builder.icmp_signed("<", count, ZERO)
    frame.guard(node, negative, "ValueError", "negative shift count")
    most = ir.Constant(WORD, 63)
    far = builder.icmp_signed(">", count, most)
    capped = builder.select(far, most, count)
    if sign == ">>":
        return Value(INT, builder.ashr(number, capped))
    shifted = builder.shl(number, capped)
    lost = builder.icmp_signed("!=", builder.ashr(shifted, capped), number)
    some = builder.icmp_signed("!=", number, ZERO)
    lost = builder.and_(builder.or_(lost, far), some)
    frame.guard(node, lost, "OverflowError", _OUTGROWN)
    return Value(INT, shifted)


# -- floats -------------------------------------------------------------------------------


def _divide(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:
    """Emit true division; of ints beyond 2**53, by the long way that rounds only once."""
    if FLOAT in {left.kind, right.kind}:
        return _float_divide(frame, node, left, right)
    left, right = frame.cast(left, INT), frame.cast(right, INT)
    zero = frame.builder.icmp_signed("==", right.ir, ZERO)
    frame.guard(node, zero, "ZeroDivisionError", "division by zero")
    large = frame.builder.or_(_is_large(frame, left.ir), _is_large(frame, right.ir))
    long, short, done = (frame.block(name) for name in ("long", "short", "divided"))
    frame.builder.cbranch(large, long, short)
    frame.builder.position_at_end(long)
    rare = invoke.call_function(frame, node, _TRUE_DIVIDE, [left, right])
    rare_end = frame.builder.block
    frame.builder.branch(done)
    frame.builder.position_at_end(short)
    usual = frame.builder.fdiv(frame.cast(left, FLOAT).ir, frame.cast(right, FLOAT).ir)
    frame.builder.branch(done)
    frame.builder.position_at_end(done)
    phi = frame.builder.phi(DOUBLE)
    phi.add_incoming(rare.ir, rare_end)
    phi.add_incoming(usual, short)
    return Value(FLOAT, phi)


def _float_divide(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:
    divisor = frame.cast(right, FLOAT).ir
    zero_guard(frame, node, divisor, "float division by zero")
    return Value(FLOAT, frame.builder.fdiv(frame.cast(left, FLOAT).ir, divisor))


def _is_large(frame: Frame, value: Any) -> Any:
    """Return the bit that says an int is too large to be a float without rounding."""
    shifted = frame.builder.add(value, ir.Constant(WORD, _EXACT))
    return frame.builder.icmp_unsigned(">", shifted, ir.Constant(WORD, 2 * _EXACT))


def zero_guard(frame: Frame, node: ast.AST, divisor: Any, message: str) -> None:
    """Raise ZeroDivisionError for a float divisor of zero."""
    if isinstance(divisor, ir.Constant) and divisor.constant != 0.0:
        return
    # One jump looks for zero and NaN at once; which of the two it was hardly ever matters.
    odd, usual = frame.block("odd"), frame.block("usual")
    suspect = frame.builder.fcmp_unordered("==", divisor, _FLOAT_ZERO)
    frame.unit.weigh(frame.builder.cbranch(suspect, odd, usual), 1, 100_000)
    frame.builder.position_at_end(odd)
    nothing = frame.builder.fcmp_ordered("==", divisor, _FLOAT_ZERO)
    frame.guard(node, nothing, "ZeroDivisionError", message)
    frame.builder.branch(usual)
    frame.builder.position_at_end(usual)


def float_divmod(frame: Frame, node: ast.AST, left: Any, right: Any) -> tuple[Any, Any]:
    """Return quotient and remainder of floats (``_float_div_mod`` in CPython)."""
    builder = frame.builder
    zero_guard(frame, node, right, "float floor division by zero")
    rest = builder.call(libm.symbol(frame.unit, "fmod", 2), [left, right])
    exact = builder.fcmp_ordered("==", rest, _FLOAT_ZERO)
    signs = builder.xor(
        builder.fcmp_ordered("<", right, _FLOAT_ZERO), builder.fcmp_ordered("<", rest, _FLOAT_ZERO)
    )
    down = builder.and_(builder.not_(exact), signs)
    quotient = builder.fdiv(builder.fsub(left, rest), right)
    quotient = builder.select(down, builder.fsub(quotient, ir.Constant(DOUBLE, 1.0)), quotient)
    signed_zero = libm.intrinsic(frame.unit, "copysign", 2)
    rest = builder.select(
        exact,
        builder.call(signed_zero, [_FLOAT_ZERO, right]),
        builder.select(down, builder.fadd(rest, right), rest),
    )
    floored = builder.call(libm.intrinsic(frame.unit, "floor", 1), [quotient])
    above = builder.fcmp_ordered(">", builder.fsub(quotient, floored), ir.Constant(DOUBLE, 0.5))
    floored = builder.select(above, builder.fadd(floored, ir.Constant(DOUBLE, 1.0)), floored)
    nothing = builder.call(signed_zero, [_FLOAT_ZERO, builder.fdiv(left, right)])
    some = builder.fcmp_unordered("!=", quotient, _FLOAT_ZERO)
    return builder.select(some, floored, nothing), rest


def _power(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:
    """Raise to a power; ints need a constant exponent, since Python's result type hangs on it."""
    if FLOAT not in {left.kind, right.kind}:
        exponent = right.ir.constant if isinstance(right.ir, ir.Constant) else -1
        if not 0 <= exponent <= 64:
            raise frame.refusal(
                node,
                "an int to the power of an int that is no small constant cannot be compiled",
                "make one of them a float",
            )
        result = Value(INT, ir.Constant(WORD, 1))
        base = frame.cast(left, INT)
        for _ in range(exponent):
            result = _checked(frame, node, "smul_with_overflow", result.ir, base.ir)
        return result
    return libm.power(frame, node, frame.cast(left, FLOAT).ir, frame.cast(right, FLOAT).ir)


def divmod_(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:
    """Return the built-in ``divmod`` of two numbers."""
    for side in (left, right):
        frame.number(node, side, "divmod")
    kind = FLOAT if FLOAT in {left.kind, right.kind} else INT
    both = float_divmod if kind == FLOAT else _int_divmod
    parts = both(frame, node, frame.cast(left, kind).ir, frame.cast(right, kind).ir)
    return frame.pack([Value(kind, part) for part in parts])


_SIGNS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
_BITWISE = frozenset({"<<", ">>", "&", "|", "^"})
_FLOATS: dict[str, Callable[[Frame, ast.AST, Any, Any], Value]] = {
    "+": lambda frame, _, a, b: Value(FLOAT, frame.builder.fadd(a, b)),
    "-": lambda frame, _, a, b: Value(FLOAT, frame.builder.fsub(a, b)),
    "*": lambda frame, _, a, b: Value(FLOAT, frame.builder.fmul(a, b)),
    "//": lambda frame, node, a, b: Value(FLOAT, float_divmod(frame, node, a, b)[0]),
    "%": lambda frame, node, a, b: Value(FLOAT, float_divmod(frame, node, a, b)[1]),
}
_INTS: dict[str, Callable[[Frame, ast.AST, Any, Any], Value]] = {
    "+": lambda frame, node, a, b: _checked(frame, node, "sadd_with_overflow", a, b),
    "-": lambda frame, node, a, b: _checked(frame, node, "ssub_with_overflow", a, b),
    "*": lambda frame, node, a, b: _checked(frame, node, "smul_with_overflow", a, b),
    "//": lambda frame, node, a, b: Value(INT, _int_divmod(frame, node, a, b)[0]),
    "%": lambda frame, node, a, b: Value(INT, _int_rest(frame, node, a, b)),
}
