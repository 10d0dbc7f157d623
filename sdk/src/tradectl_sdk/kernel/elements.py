"""Elements of lists, arrays and tuples, with the bounds checked as Python checks them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from tradectl_sdk.kernel.kinds import (
    BOOL,
    INT,
    Buffer,
    Kernel,
    Kernels,
    Kind,
    Static,
    Tuple,
    describe,
)
from tradectl_sdk.kernel.scope import global_value
from tradectl_sdk.kernel.unit import (
    ELEMENTS,
    POINTER,
    WORD,
    Value,
    ir_type,
)

if TYPE_CHECKING:
    from tradectl_sdk.kernel.frame import Frame

_ZERO = ir.Constant(WORD, 0)


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
        if axis == 1 and kind.width > 0:
            length = ir.Constant(WORD, kind.width)
        index = checked_index(frame, part, frame.expression(part), length, kind)
        if offset is not None:
            offset = frame.builder.mul(offset, length)
        offset = index if offset is None else frame.builder.add(offset, index)
    data = frame.builder.extract_value(buffer.ir, 0)
    return frame.builder.gep(data, [offset], inbounds=True, source_etype=ELEMENTS[kind.dtype][0])


def checked_index(frame: Frame, node: ast.AST, index: Value, length: Any, kind: Kind) -> Any:
    """Return the index counted from the start, or raise IndexError."""
    if index.kind not in {INT, BOOL}:
        raise frame.refusal(node, f"an index must be an int, was {describe(index.kind)}")
    plain = frame.cast(index, INT).ir
    origin = "list" if isinstance(kind, Kernels) else getattr(kind, "origin", "array")
    message = f"{'array' if origin == 'view' else origin} index out of range"
    if isinstance(plain, ir.Constant) and plain.constant >= 0:
        outside = frame.builder.icmp_unsigned(">=", plain, length)
        frame.guard(node, outside, "IndexError", message)
        return plain
    if isinstance(kind, Buffer) and kind.ndim == 1 and kind.width == 1:
        return _only_place(frame, node, plain, message)
    if isinstance(kind, Buffer) and kind.ndim == 2:
        return _shared_check(frame, node, plain, length, message)
    return _quick_check(frame, node, plain, length, message)


def _only_place(frame: Frame, node: ast.AST, plain: Any, message: str) -> Any:
    """Check an index into a list of one element, counted from the start or from the end: 0, -1."""
    shifted = frame.builder.add(plain, ir.Constant(WORD, 1))
    outside = frame.builder.icmp_unsigned(">", shifted, ir.Constant(WORD, 1))
    frame.guard(node, outside, "IndexError", message)
    return _ZERO


def _shared_check(frame: Frame, node: ast.AST, plain: Any, length: Any, message: str) -> Any:
    """Check a row that is looked at many times: plain arithmetic, which LLVM does only once."""
    builder = frame.builder
    negative = builder.icmp_signed("<", plain, _ZERO)
    wrapped = builder.select(negative, builder.add(plain, length), plain)
    frame.guard(node, builder.icmp_unsigned(">=", wrapped, length), "IndexError", message)
    return wrapped


def _quick_check(frame: Frame, node: ast.AST, plain: Any, length: Any, message: str) -> Any:
    """Check a lone index: one comparison, unless it counts from the end, as hardly any does."""
    builder = frame.builder
    start, odd, inside = builder.block, frame.block("odd"), frame.block("inside")
    within = builder.icmp_unsigned("<", plain, length)
    check = builder.cbranch(within, inside, odd)
    frame.unit.weigh(check, 100_000, 1)
    frame.checks.append(check)
    builder.position_at_end(odd)
    wrapped = builder.add(plain, length)
    positive = builder.icmp_signed(">=", plain, _ZERO)
    outside = builder.or_(positive, builder.icmp_signed("<", wrapped, _ZERO))
    frame.guard(node, outside, "IndexError", message)
    back = builder.block
    builder.branch(inside)
    builder.position_at_end(inside)
    index = builder.phi(WORD)
    index.add_incoming(plain, start)
    index.add_incoming(wrapped, back)
    return index


def load_element(frame: Frame, address: Any, kind: Buffer) -> Value:
    """Load an element and widen it to the kind Python sees."""
    stored, seen = ELEMENTS[kind.dtype]
    raw = frame.builder.load(address, typ=stored)
    frame.unit.tag_element(raw, kind.alias)
    frame.unit.is_certain(raw)
    if seen == BOOL:
        return Value(BOOL, frame.builder.icmp_unsigned("!=", raw, ir.Constant(stored, 0)))
    if kind.dtype == "uint8":
        return Value(INT, frame.builder.zext(raw, WORD))
    return Value(seen, frame.builder.sext(raw, WORD) if stored != ir_type(seen) else raw)


def subscript(frame: Frame, node: ast.Subscript) -> Value:
    """Read an element of a list, an array or a tuple."""
    base = _tuple_of_numbers(frame, node) or frame.expression(node.value)
    if isinstance(base.kind, Static) and isinstance(base.kind.obj, np.ndarray):
        base = _table(frame, node, base.kind.obj)
    if isinstance(base.kind, Buffer):
        return load_element(frame, element_address(frame, node, base), base.kind)
    if isinstance(base.kind, Kernels):
        return _one_kernel(frame, node, base, base.kind)
    if not isinstance(base.kind, Tuple):
        raise frame.refusal(node, f"{describe(base.kind)} has no elements in compiled code")
    index = frame.expression(node.slice)
    if index.kind != INT or not isinstance(index.ir, ir.Constant):
        raise frame.refusal(
            node, "a tuple takes a constant index", "use a read-only NumPy array for a table"
        )
    count = len(base.kind.items)
    number = index.ir.constant
    if not -count <= number < count:
        raise frame.refusal(node, f"a tuple of {count} has no item {number}")
    return frame.item(base, number % count)


def _tuple_of_numbers(frame: Frame, node: ast.Subscript) -> Value | None:
    """Return a module's tuple of whole numbers as memory, where an index is not known yet."""
    name, code = node.value, frame.source.function.__code__
    if not isinstance(name, ast.Name) or name.id in code.co_varnames:
        return None
    if isinstance(node.slice, ast.Constant | ast.UnaryOp):
        return None
    found = global_value(frame, name).kind
    numbers = found.obj if isinstance(found, Static) else None
    if not isinstance(numbers, tuple) or not numbers:
        return None
    if not all(type(item) is int and -(2**63) <= item < 2**63 for item in numbers):
        return None
    return frame.unit.constant_buffer(numbers)


def _one_kernel(frame: Frame, node: ast.Subscript, base: Value, kind: Kernels) -> Value:
    length = buffer_length(frame, base)
    index = checked_index(frame, node.slice, frame.expression(node.slice), length, kind)
    addresses = frame.builder.extract_value(base.ir, 0)
    return kernel_at(frame, addresses, index, kind)


def kernel_at(frame: Frame, addresses: Any, index: Any, kind: Kernels) -> Value:
    """Load a kernel's address from a list of them, which no run can change.

    A list of the only kernel of its struct holds that one's address in place of a table's.
    """
    if frame.unit.shape.structs[kind.index].single:
        return Value(Kernel(kind.index), addresses)
    place = frame.builder.gep(addresses, [index], inbounds=True, source_etype=POINTER)
    address = frame.builder.load(place, typ=POINTER)
    frame.unit.never_changes(address)
    frame.unit.points_to_kernel(address, kind.index)
    return Value(Kernel(kind.index), address)


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
