"""Attributes: a kernel's state, its properties and constants, and those of modules."""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from tradectl_sdk.kernel import elements, invoke
from tradectl_sdk.kernel.kinds import (
    BOOL,
    INT,
    NONE,
    Buffer,
    Kernel,
    Kernels,
    Kind,
    Opaque,
    Static,
    Tuple,
    describe,
    slots,
)
from tradectl_sdk.kernel.scope import known_value
from tradectl_sdk.kernel.unit import (
    POINTER,
    WORD,
    Value,
    constant,
    ir_type,
)

if TYPE_CHECKING:
    import ast

    from tradectl_sdk.kernel.frame import Frame
    from tradectl_sdk.kernel.shape import Field

_ZERO = ir.Constant(WORD, 0)


def attribute(frame: Frame, node: ast.Attribute) -> Value:
    """Read an attribute of whatever stands before the dot."""
    base = frame.expression(node.value)
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
        return invoke.call_function(frame, node, of_class.fget, [base])
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
    lengths = [elements.buffer_length(frame, base, axis) for axis in range(base.kind.ndim)]
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
    return _load(frame, base, field, field.kind, field.slot)


def _load(frame: Frame, base: Value, field: Field, kind: Kind, slot: int) -> Value:
    """Load an attribute, or one item of a tuple, from where it begins."""
    match kind:
        case Tuple():
            items = []
            for item in kind.items:
                items.append(_load(frame, base, field, item, slot))
                slot += slots(item)
            return frame.pack(items)
        case Kernel():
            return Value(kind, _load_kernel(frame, base, field, kind, slot))
        case Buffer() | Kernels():
            only = _known_place(frame, base, kind)
            first = _load_word(frame, base, field, POINTER, slot) if only is None else only
            packed = frame.builder.insert_value(ir.Constant(ir_type(kind), ir.Undefined), first, 0)
            for number in range(1, slots(kind)):
                length = _load_word(frame, base, field, WORD, slot + number)
                frame.unit.is_length(length)
                packed = frame.builder.insert_value(packed, length, number)
            return Value(kind, packed)
    if isinstance(kind, Opaque) or kind == NONE:
        return Value(kind, ir.Constant(ir_type(kind), 0))
    if kind == BOOL:
        word = _load_word(frame, base, field, WORD, slot)
        return Value(BOOL, frame.builder.icmp_signed("!=", word, _ZERO))
    return Value(kind, _load_word(frame, base, field, ir_type(kind), slot))


def _load_kernel(frame: Frame, base: Value, field: Field, kind: Kernel, slot: int) -> Any:
    known = _known_place(frame, base, kind)
    if known is not None:
        return known
    address = _load_word(frame, base, field, POINTER, slot)
    frame.unit.points_to_kernel(address, kind.index)
    return address


def _load_word(frame: Frame, base: Value, field: Field, word_type: ir.Type, slot: int) -> Any:
    assert isinstance(base.kind, Kernel)  # noqa: S101 - for the type checker
    address = field_address(frame, base, slot)
    instruction = frame.builder.load(address, typ=word_type, align=8)
    frame.unit.tag_field(instruction, base.kind.index, field)
    return instruction


def _known_place(frame: Frame, base: Value, wanted: Kind) -> Any:
    """Return the address of the only kernel of a struct, seen from another such one, or None.

    It is a matter of adding; no load is needed.
    """
    if not isinstance(wanted, Kernel | Kernels):
        return None
    assert isinstance(base.kind, Kernel)  # noqa: S101 - for the type checker
    shape = frame.unit.shape
    here, there = shape.place(base.kind.index), shape.place(wanted.index)
    if here is None or there is None:
        return None
    return field_address(frame, base, there - here)


def field_address(frame: Frame, base: Value, slot: int) -> Any:
    """Return the address of a word, counted from where a struct begins."""
    return frame.builder.gep(base.ir, [ir.Constant(WORD, slot)], inbounds=True, source_etype=WORD)
