"""Conditions: what branches, what is known before the run, and the values of and, or and if."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from tradectl_sdk.kernel import operators
from tradectl_sdk.kernel.kinds import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    Kernel,
    Kind,
    Static,
    Tuple,
    describe,
)
from tradectl_sdk.kernel.scope import global_value
from tradectl_sdk.kernel.unit import (
    Value,
    constant,
    ir_type,
)

if TYPE_CHECKING:
    from tradectl_sdk.kernel.frame import Frame


def condition(frame: Frame, node: ast.expr, yes: Any, no: Any) -> None:
    """Branch on an expression, evaluating no more of it than Python does."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        condition(frame, node.operand, no, yes)
    elif isinstance(node, ast.BoolOp):
        *early, last = _grouped(frame, node)
        for parts in early:
            known = fold(frame, parts[0])
            stops = isinstance(node.op, ast.Or)
            if known is stops:
                frame.builder.branch(yes if stops else no)
                return
            if known is None:
                more = frame.block("more")
                _all_of(frame, parts, yes if stops else more, more if stops else no)
                frame.builder.position_at_end(more)
        _all_of(frame, last, yes, no)
    else:
        known = fold(frame, node)
        if known is not None:
            frame.builder.branch(yes if known else no)
            return
        bit = frame.truth(node, frame.expression(node))
        test = frame.builder.cbranch(bit, yes, no)
        if _is_rare(bit):
            frame.unit.weigh(test, 1, 30)
        frame.tests.append(test)


def _grouped(frame: Frame, node: ast.BoolOp) -> list[list[ast.expr]]:
    """Split the operands of and, or or: one by one, but for comparisons that may go together."""
    groups = [[node.values[0]]]
    for before, part in itertools.pairwise(node.values):
        plain = _is_plain(frame, before) and _is_plain(frame, part)
        if plain and isinstance(node.op, ast.And):
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _is_plain(frame: Frame, node: ast.expr) -> bool:
    """Whether an expression compares two numbers that are at hand: it cannot raise, nor call."""
    return (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
        and all(_is_at_hand(frame, side) for side in (node.left, node.comparators[0]))
    )


def _is_at_hand(frame: Frame, node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name():
            return node.id in frame.bound
        case ast.Attribute(value=ast.Name() as owner):
            return owner.id in frame.bound and _peek(frame, node) in {INT, FLOAT}
    return False


def _all_of(frame: Frame, parts: list[ast.expr], yes: Any, no: Any) -> None:
    """Branch on whether all of some conditions hold; several plain ones are decided by one jump.

    Where many series take turns, a jump on each would be foreseen half of the time, while that
    all of them hold is mostly rare.
    """
    if len(parts) == 1:
        condition(frame, parts[0], yes, no)
        return
    bits = [frame.truth(part, frame.expression(part)) for part in parts]
    test = frame.builder.cbranch(functools.reduce(frame.builder.and_, bits), yes, no)
    test.set_metadata("unpredictable", frame.unit.module.add_metadata([]))  # leaves it in one piece
    frame.tests.append(test)


def _is_rare(bit: Any) -> bool:
    """Whether a condition is that two ints are the same, neither of them known: a wrap, an end."""
    compared = isinstance(bit, ir.ICMPInstr) and bit.op == "eq"
    return compared and not any(isinstance(side, ir.Constant) for side in bit.operands)


def fold(frame: Frame, node: ast.expr) -> bool | None:
    """Return what a condition is known to be from kinds alone, None when it is not known.

    This is what makes optional parts free: ``if self.limit is not None`` is decided once.
    """
    match node:
        case ast.Constant():
            return bool(node.value)
        case ast.UnaryOp(op=ast.Not()):
            inner = fold(frame, node.operand)
            return None if inner is None else not inner
        case ast.BoolOp():
            return _fold_both(frame, node)
        case ast.Compare(ops=[ast.Is() | ast.IsNot() as sign], comparators=[ast.Constant(None)]):
            kind = _peek(frame, node.left)
            return None if kind is None else (kind == NONE) is isinstance(sign, ast.Is)
        case ast.Call(func=ast.Name("isinstance"), args=[tested, ast.Name() as name]):
            kind, cls = _peek(frame, tested), _peek(frame, name)
            if isinstance(kind, Kernel) and isinstance(cls, Static):
                return issubclass(frame.unit.shape.structs[kind.index].cls, cls.obj)
            return False if kind == NONE else None
        case ast.Name() | ast.Attribute():
            known = _peek(frame, node)
            if isinstance(known, Static) and isinstance(known.obj, bool):
                return known.obj
    return None


def _fold_both(frame: Frame, node: ast.BoolOp) -> bool | None:
    stops = isinstance(node.op, ast.Or)
    for part in node.values:
        known = fold(frame, part)
        if known is stops:
            return stops
        if known is None:
            return None
    return not stops


def _peek(frame: Frame, node: ast.expr) -> Kind | None:
    """Return the kind of a name or a chain of attributes without emitting anything."""
    if isinstance(node, ast.Name):
        if node.id in frame.source.function.__code__.co_varnames:
            return frame.kinds.get(node.id)
        return global_value(frame, node).kind
    if isinstance(node, ast.Attribute):
        base = _peek(frame, node.value)
        if isinstance(base, Kernel):
            name = frame.source.mangle(node.attr)
            struct = frame.unit.shape.structs[base.index]
            field = struct.field(name)
            constant_of_class = inspect.getattr_static(struct.cls, name, None)
            return field.kind if field else Static(constant_of_class)
    return None


def comparison(frame: Frame, node: ast.Compare) -> Value:
    """Emit ``a < b <= c``: each operand once, and none after the first comparison that fails."""
    known = fold(frame, node)
    if known is not None:
        return constant(known)
    left = frame.expression(node.left)
    result: Value | None = None
    ends = []
    for number, (sign, side) in enumerate(zip(node.ops, node.comparators, strict=True)):
        right, result = _one_comparison(frame, node, sign, left, side)
        if number < len(node.ops) - 1:
            more = frame.block("more")
            ends.append((frame.builder.block, result.ir, more))
            frame.builder.position_at_end(more)
        left = right
    assert result is not None  # noqa: S101 - a comparison has an operator
    return _merge(frame, ends, result) if ends else result


def _merge(frame: Frame, ends: list[tuple[Any, Any, Any]], last: Value) -> Value:
    builder, done = frame.builder, frame.block("compared")
    builder.branch(done)
    last_block = builder.block
    for block, bit, more in ends:
        ir.IRBuilder(block).cbranch(bit, more, done)
    builder.position_at_end(done)
    phi = builder.phi(ir_type(BOOL))
    for block, _, _ in ends:
        phi.add_incoming(ir.Constant(ir_type(BOOL), 0), block)
    phi.add_incoming(last.ir, last_block)
    return Value(BOOL, phi)


def _one_comparison(
    frame: Frame, node: ast.Compare, sign: ast.cmpop, left: Value, side: ast.expr
) -> tuple[Value, Value]:
    right = frame.expression(side)
    if isinstance(sign, (ast.In, ast.NotIn)):
        return right, _membership(frame, node, isinstance(sign, ast.In), left, right)
    if isinstance(sign, (ast.Is, ast.IsNot)):
        return right, _identity(frame, node, isinstance(sign, ast.Is), left, right)
    return right, operators.compare(frame, node, sign, left, right)


def _membership(frame: Frame, node: ast.AST, inside: bool, left: Value, right: Value) -> Value:
    if not isinstance(right.kind, Tuple):
        raise frame.refusal(node, f"in takes a tuple in compiled code, was {describe(right.kind)}")
    found: Any = constant(False).ir
    for number in range(len(right.kind.items)):
        item = frame.item(right, number)
        found = frame.builder.or_(found, operators.compare(frame, node, ast.Eq(), left, item).ir)
    return Value(BOOL, found if inside else frame.builder.not_(found))


def _identity(frame: Frame, node: ast.AST, same: bool, left: Value, right: Value) -> Value:
    kinds = {type(left.kind), type(right.kind)}
    if kinds == {Kernel}:
        sign = "==" if same else "!="
        return Value(BOOL, frame.builder.icmp_unsigned(sign, left.ir, right.ir))
    if NONE in {left.kind, right.kind}:
        return constant((left.kind == right.kind) is same)
    raise frame.refusal(node, "is compares kernels and None in compiled code", "use == for numbers")


def choice(frame: Frame, node: ast.IfExp) -> Value:
    """Emit ``a if test else b``."""
    known = fold(frame, node.test)
    if known is not None:
        return frame.expression(node.body if known else node.orelse)
    yes, no = frame.block("yes"), frame.block("no")
    condition(frame, node.test, yes, no)
    frame.builder.position_at_end(yes)
    first = frame.expression(node.body)
    first_end = frame.builder.block
    frame.builder.position_at_end(no)
    second = frame.expression(node.orelse)
    return _meet(frame, node, first, first_end, second)


def _meet(frame: Frame, node: ast.AST, first: Value, first_end: Any, second: Value) -> Value:
    """Join two values that come from two ways; the builder stands at the end of the second."""
    kind = frame.join(first.kind, second.kind)
    if kind is None or isinstance(kind, Static):
        raise frame.refusal(
            node, f"is {describe(first.kind)} one way and {describe(second.kind)} the other"
        )
    builder, done = frame.builder, frame.block("met")
    second = frame.cast(second, kind)
    second_end = builder.block
    builder.branch(done)
    builder.position_at_end(first_end)
    first = frame.cast(first, kind)
    builder.branch(done)
    builder.position_at_end(done)
    phi = builder.phi(ir_type(kind))
    phi.add_incoming(first.ir, first_end)
    phi.add_incoming(second.ir, second_end)
    return Value(kind, phi)


def and_or(frame: Frame, node: ast.BoolOp) -> Value:
    """Emit ``a and b`` or ``a or b``, whose value is the operand that decided."""
    known = fold(frame, node)
    if known is not None:
        return constant(known)
    result = None
    stops = isinstance(node.op, ast.Or)
    for number, part in enumerate(node.values):
        if fold(frame, part) is (not stops) and number < len(node.values) - 1:
            continue
        if result is None:
            result = frame.expression(part)
            continue
        truth = frame.truth(part, result)
        more, stay = frame.block("more"), frame.block("stay")
        frame.builder.cbranch(truth, stay if stops else more, more if stops else stay)
        frame.builder.position_at_end(more)
        following = frame.expression(part)
        result = _meet(frame, node, result, stay, following)
    assert result is not None  # noqa: S101 - there are at least two operands
    return result
