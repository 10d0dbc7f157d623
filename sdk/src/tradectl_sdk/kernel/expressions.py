"""Expressions: each kind of syntax node has one small function that emits it."""

from __future__ import annotations

import ast
import inspect
import types
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from tradectl_sdk.kernel import calls, operators
from tradectl_sdk.kernel.kinds import (
    BOOL,
    INT,
    NONE,
    Buffer,
    Kernel,
    Kind,
    Opaque,
    Scalar,
    Static,
    Tuple,
    describe,
    join,
    slots,
)
from tradectl_sdk.kernel.scope import global_value
from tradectl_sdk.kernel.unit import (
    ELEMENTS,
    POINTER,
    WORD,
    Value,
    constant,
    ir_type,
    static,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame
    from tradectl_sdk.kernel.shape import Field

_ZERO = ir.Constant(WORD, 0)
_CONSTANT_TYPES = (bool, int, float, type(None))


def expression(frame: Frame, node: ast.expr) -> Value:
    """Emit an expression and return its value."""
    emit = _EMITTERS.get(type(node))
    if emit is None:
        what, hint = _REFUSED.get(type(node), (f"{type(node).__name__} cannot be compiled", ""))
        raise frame.refusal(node, what, hint)
    return emit(frame, node)


def condition(frame: Frame, node: ast.expr, yes: Any, no: Any) -> None:
    """Branch on an expression, evaluating no more of it than Python does."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        condition(frame, node.operand, no, yes)
    elif isinstance(node, ast.BoolOp):
        *early, last = node.values
        bound = set(frame.bound)
        for part in early:
            known = fold(frame, part)
            stops = isinstance(node.op, ast.Or)
            if known is stops:
                frame.builder.branch(yes if stops else no)
                return
            if known is None:
                more = frame.block("more")
                condition(frame, part, yes if stops else more, more if stops else no)
                frame.builder.position_at_end(more)
        condition(frame, last, yes, no)
        frame.bound = bound  # a := behind `and` may not have happened
    else:
        known = fold(frame, node)
        if known is not None:
            frame.builder.branch(yes if known else no)
            return
        frame.builder.cbranch(frame.truth(node, expression(frame, node)), yes, no)


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
            field = frame.unit.shape.structs[base.index].field(name)
            return field.kind if field else None
    return None


# -- names and constants ------------------------------------------------------------------


def _constant(frame: Frame, node: ast.Constant) -> Value:
    return known_value(frame, node, node.value)


def _name(frame: Frame, node: ast.Name) -> Value:
    if node.id in frame.source.function.__code__.co_varnames:
        return frame.read(node, node.id)
    value = global_value(frame, node)
    assert isinstance(value.kind, Static)  # noqa: S101 - for the type checker
    return known_value(frame, node, value.kind.obj)


def known_value(frame: Frame, node: ast.AST, obj: Any) -> Value:
    """Turn a Python object known when compiling into a value."""
    if isinstance(obj, (IntEnum, *_CONSTANT_TYPES)):
        plain = obj if isinstance(obj, (bool, float, type(None))) else int(obj)
        if isinstance(plain, int) and not -(2**63) <= plain < 2**63:
            raise frame.refusal(node, f"the number {plain} does not fit into 64 bits")
        return constant(plain)
    if isinstance(obj, tuple):
        return frame.pack([known_value(frame, node, item) for item in obj])
    return static(obj)


# -- attributes ---------------------------------------------------------------------------


def _attribute(frame: Frame, node: ast.Attribute) -> Value:
    base = expression(frame, node.value)
    name = frame.source.mangle(node.attr)
    match base.kind:
        case Kernel():
            return attribute_of_kernel(frame, node, base, name)
        case Static(obj=obj):
            return _attribute_of_static(frame, node, obj, name)
        case Buffer(origin="array" | "view") if name in {"shape", "size", "ndim"}:
            return _measure(frame, base, name)
    raise frame.refusal(node, f"{describe(base.kind)} has no attribute {name!r} in compiled code")


def attribute_of_kernel(frame: Frame, node: ast.AST, base: Value, name: str) -> Value:
    """Read an instance attribute, a property or a class constant of a kernel."""
    assert isinstance(base.kind, Kernel)  # noqa: S101 - for the type checker
    struct = frame.unit.shape.structs[base.kind.index]
    of_class = inspect.getattr_static(struct.cls, name, None)
    if isinstance(of_class, property) and isinstance(of_class.fget, types.FunctionType):
        return calls.call_function(frame, node, of_class.fget, [base])
    field = struct.field(name)
    if field is not None:
        return load_field(frame, node, base, field)
    if not hasattr(struct.cls, name):
        raise frame.refusal(
            node,
            f"{struct.cls.__qualname__} has no attribute {name!r}",
            "every attribute must have its first value before the run starts "
            "(in __init__ or on_start)",
        )
    if isinstance(of_class, (types.FunctionType, classmethod)):
        raise frame.refusal(node, f"the method {name!r} can only be called in compiled code")
    return known_value(frame, node, getattr(struct.cls, name))


def _attribute_of_static(frame: Frame, node: ast.Attribute, obj: Any, name: str) -> Value:
    if not isinstance(obj, (types.ModuleType, type)):
        raise frame.refusal(node, f"{describe(Static(obj))} has no attributes in compiled code")
    if not hasattr(obj, name):
        raise frame.refusal(node, f"{obj.__name__} has no attribute {name!r}")
    return known_value(frame, node, getattr(obj, name))


def _measure(frame: Frame, base: Value, name: str) -> Value:
    assert isinstance(base.kind, Buffer)  # noqa: S101 - for the type checker
    if name == "ndim":
        return constant(base.kind.ndim)
    lengths = [buffer_length(frame, base, axis) for axis in range(base.kind.ndim)]
    if name == "shape":
        return frame.pack([Value(INT, length) for length in lengths])
    size = lengths[0] if len(lengths) == 1 else frame.builder.mul(*lengths)
    return Value(INT, size)


def load_field(frame: Frame, node: ast.AST, base: Value, field: Field) -> Value:
    """Load an attribute of a kernel from its struct."""
    if isinstance(field.kind, Opaque):
        raise frame.refusal(
            node, f"{field.name!r} is {field.kind.what}, which compiled code may not touch"
        )
    assert isinstance(base.kind, Kernel)  # noqa: S101 - for the type checker

    def load(kind: Kind, slot: int) -> Value:
        if isinstance(kind, Tuple):
            items = []
            for item in kind.items:
                items.append(load(item, slot))
                slot += slots(item)
            return frame.pack(items)
        if isinstance(kind, Buffer):
            packed = ir.Constant(ir_type(kind), ir.Undefined)
            words = [word(POINTER, slot), *(word(WORD, slot + 1 + d) for d in range(kind.ndim))]
            for number, part in enumerate(words):
                packed = frame.builder.insert_value(packed, part, number)
            return Value(kind, packed)
        if isinstance(kind, Opaque) or kind == NONE:
            return Value(kind, ir.Constant(ir_type(kind), 0))
        if kind == BOOL:
            return Value(BOOL, frame.builder.icmp_signed("!=", word(WORD, slot), _ZERO))
        return Value(kind, word(ir_type(kind), slot))

    def word(word_type: ir.Type, slot: int) -> Any:
        address = field_address(frame, base, slot)
        instruction = frame.builder.load(address, typ=word_type, align=8)
        frame.unit.tag_field(instruction, base.kind.index, field)  # type: ignore[union-attr]
        return instruction

    return load(field.kind, field.slot)


def field_address(frame: Frame, base: Value, slot: int) -> Any:
    """Return the address of a struct's slot."""
    return frame.builder.gep(base.ir, [ir.Constant(WORD, slot)], inbounds=True, source_etype=WORD)


# -- elements -----------------------------------------------------------------------------


def buffer_length(frame: Frame, buffer: Value, axis: int = 0) -> Any:
    """Return the length of a list or of an array's axis."""
    return frame.builder.extract_value(buffer.ir, 1 + axis)


def element_address(frame: Frame, node: ast.Subscript, buffer: Value) -> Any:
    """Return the address of ``buffer[i]`` or ``buffer[i, j]`` after checking the bounds."""
    kind = buffer.kind
    assert isinstance(kind, Buffer)  # noqa: S101 - for the type checker
    indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if any(isinstance(index, ast.Slice) for index in indices):
        raise frame.refusal(node, "a slice cannot be compiled", "loop over the elements")
    if len(indices) != kind.ndim:
        raise frame.refusal(
            node, f"{describe(kind)} takes {kind.ndim} indices here, was {len(indices)}"
        )
    offset: Any = None
    for axis, part in enumerate(indices):
        length = buffer_length(frame, buffer, axis)
        index = checked_index(frame, part, expression(frame, part), length, kind)
        if offset is not None:
            offset = frame.builder.mul(offset, length)
        offset = index if offset is None else frame.builder.add(offset, index)
    data = frame.builder.extract_value(buffer.ir, 0)
    return frame.builder.gep(data, [offset], inbounds=True, source_etype=ELEMENTS[kind.dtype][0])


def checked_index(frame: Frame, node: ast.AST, index: Value, length: Any, kind: Kind) -> Any:
    """Return the index counted from the start, or raise IndexError."""
    if index.kind not in {INT, BOOL}:
        raise frame.refusal(node, f"an index must be an int, was {describe(index.kind)}")
    builder = frame.builder
    plain = frame.cast(index, INT).ir
    negative = builder.icmp_signed("<", plain, _ZERO)
    wrapped = builder.select(negative, builder.add(plain, length), plain)
    outside = builder.icmp_unsigned(">=", wrapped, length)
    what = "list" if isinstance(kind, Buffer) and kind.origin == "list" else "array"
    frame.guard(node, outside, "IndexError", f"{what} index out of range")
    return wrapped


def load_element(frame: Frame, address: Any, kind: Buffer) -> Value:
    """Load an element and widen it to the kind Python sees."""
    stored, seen = ELEMENTS[kind.dtype]
    raw = frame.builder.load(address, typ=stored)
    frame.unit.tag(raw, "element")
    if seen == BOOL:
        return Value(BOOL, frame.builder.icmp_unsigned("!=", raw, ir.Constant(stored, 0)))
    if kind.dtype == "uint8":
        return Value(INT, frame.builder.zext(raw, WORD))
    return Value(seen, frame.builder.sext(raw, WORD) if stored != ir_type(seen) else raw)


def _subscript(frame: Frame, node: ast.Subscript) -> Value:
    base = expression(frame, node.value)
    if isinstance(base.kind, Static) and isinstance(base.kind.obj, np.ndarray):
        base = _table(frame, node, base.kind.obj)
    if isinstance(base.kind, Buffer):
        return load_element(frame, element_address(frame, node, base), base.kind)
    if not isinstance(base.kind, Tuple):
        raise frame.refusal(node, f"{describe(base.kind)} has no elements in compiled code")
    index = expression(frame, node.slice)
    if index.kind != INT or not isinstance(index.ir, ir.Constant):
        raise frame.refusal(
            node, "a tuple takes a constant index", "use a read-only NumPy array for a table"
        )
    count = len(base.kind.items)
    number = index.ir.constant
    if not -count <= number < count:
        raise frame.refusal(node, f"a tuple of {count} has no item {number}")
    return frame.item(base, number % count)


def _table(frame: Frame, node: ast.AST, array: np.ndarray[Any, Any]) -> Value:
    if array.flags.writeable:
        raise frame.refusal(
            node,
            "an array outside any kernel must be read-only",
            "call setflags(write=False) on it where it is made",
        )
    if array.dtype.name not in ELEMENTS or array.ndim not in {1, 2}:
        raise frame.refusal(
            node, f"a {array.ndim}-dimensional {array.dtype} array cannot be compiled"
        )
    return frame.unit.constant_buffer(array)


# -- operators ----------------------------------------------------------------------------


def _binary(frame: Frame, node: ast.BinOp) -> Value:
    left = expression(frame, node.left)
    return operators.binary(frame, node, node.op, left, expression(frame, node.right))


def _unary(frame: Frame, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        truth = frame.truth(node, expression(frame, node.operand))
        return Value(BOOL, frame.builder.not_(truth))
    return operators.unary(frame, node, node.op, expression(frame, node.operand))


def _compare(frame: Frame, node: ast.Compare) -> Value:
    """Emit ``a < b <= c``: each operand once, and none after the first comparison that fails."""
    known = fold(frame, node)
    if known is not None:
        return constant(known)
    left = expression(frame, node.left)
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
    right = expression(frame, side)
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


def _choice(frame: Frame, node: ast.IfExp) -> Value:
    known = fold(frame, node.test)
    if known is not None:
        return expression(frame, node.body if known else node.orelse)
    yes, no = frame.block("yes"), frame.block("no")
    condition(frame, node.test, yes, no)
    frame.builder.position_at_end(yes)
    first = expression(frame, node.body)
    first_end = frame.builder.block
    frame.builder.position_at_end(no)
    second = expression(frame, node.orelse)
    return _meet(frame, node, first, first_end, second)


def _meet(frame: Frame, node: ast.AST, first: Value, first_end: Any, second: Value) -> Value:
    """Join two values that come from two ways; the builder stands at the end of the second."""
    kind = join(first.kind, second.kind)
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


def _bool_op(frame: Frame, node: ast.BoolOp) -> Value:
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
            result = expression(frame, part)
            continue
        truth = frame.truth(part, result)
        more, stay = frame.block("more"), frame.block("stay")
        frame.builder.cbranch(truth, stay if stops else more, more if stops else stay)
        frame.builder.position_at_end(more)
        following = expression(frame, part)
        result = _meet(frame, node, result, stay, following)
    assert result is not None  # noqa: S101 - there are at least two operands
    return result


def _tuple(frame: Frame, node: ast.Tuple) -> Value:
    return frame.pack([expression(frame, item) for item in node.elts])


def _walrus(frame: Frame, node: ast.NamedExpr) -> Value:
    value = expression(frame, node.value)
    frame.assign(node, node.target.id, value)
    return frame.read(node, node.target.id)


def _call(frame: Frame, node: ast.Call) -> Value:
    return calls.call(frame, node)


_EMITTERS: dict[type, Callable[[Frame, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.IfExp: _choice,
    ast.Tuple: _tuple,
    ast.NamedExpr: _walrus,
    ast.Call: _call,
}
_REFUSED: dict[type, tuple[str, str]] = {
    ast.Dict: ("a dict cannot be compiled", "use attributes or an array"),
    ast.Set: ("a set cannot be compiled", "use a tuple after in"),
    ast.List: (
        "a list made during the run cannot be compiled",
        "make it in __init__ or on_start with its full length",
    ),
    ast.JoinedStr: ("text cannot be formatted in compiled code", "use --engine interpreted"),
    ast.Lambda: ("a lambda cannot be compiled", "write a method"),
    ast.ListComp: ("a list comprehension cannot be compiled", "write the loop"),
    ast.GeneratorExp: ("a generator cannot be compiled", "write the loop"),
    ast.DictComp: ("a dict cannot be compiled", "use attributes or an array"),
    ast.SetComp: ("a set cannot be compiled", "use a tuple after in"),
    ast.Await: ("await cannot be compiled", "strategies do no input or output"),
    ast.Yield: ("yield cannot be compiled", ""),
    ast.Starred: ("* cannot be compiled", "write the items out"),
}

__all__ = ["Scalar", "condition", "expression", "fold", "known_value"]
