"""Storing into variables, attributes and elements, without ever changing what they hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tradectl_sdk.kernel.attributes import field_address
from tradectl_sdk.kernel.elements import element_address
from tradectl_sdk.kernel.kinds import (
    BOOL,
    FLOAT,
    INT,
    Buffer,
    Kernel,
    Tuple,
    describe,
    is_number,
)
from tradectl_sdk.kernel.unit import ELEMENTS, WORD, Value, ir_type

if TYPE_CHECKING:
    from tradectl_sdk.kernel.frame import Frame
    from tradectl_sdk.kernel.shape import Field


def assign(frame: Frame, target: ast.expr, value: Value) -> None:
    """Store a value in a variable, an attribute, an element, or in several of them."""
    match target:
        case ast.Name():
            frame.assign(target, target.id, value)
        case ast.Attribute():
            base = frame.expression(target.value)
            store_field(frame, target, base, value)
        case ast.Subscript():
            buffer = frame.expression(target.value)
            store_element(frame, target, buffer, value, target_address(frame, target, buffer))
        case ast.Tuple():
            _unpack(frame, target, value)
        case _:
            raise frame.refusal(target, "this kind of assignment cannot be compiled")


def _unpack(frame: Frame, target: ast.Tuple, value: Value) -> None:
    count = len(value.kind.items) if isinstance(value.kind, Tuple) else -1
    if count != len(target.elts):
        raise frame.refusal(
            target, f"cannot unpack {describe(value.kind)} into {len(target.elts)} names"
        )
    for number, item in enumerate(target.elts):
        assign(frame, item, frame.item(value, number))


def target_field(frame: Frame, target: ast.Attribute, base: Value) -> Field:
    """Return the attribute that is to be stored into."""
    name = frame.source.mangle(target.attr)
    if not isinstance(base.kind, Kernel):
        raise frame.refusal(target, f"{describe(base.kind)} takes no attributes in compiled code")
    struct = frame.unit.shape.structs[base.kind.index]
    found = struct.field(name)
    if found is None:
        raise frame.refusal(
            target,
            f"the attribute {name!r} of {struct.cls.__qualname__} is set for the first time here",
            "give it its first value in __init__ or on_start",
        )
    if getattr(struct.cls, "__setattr__") is not object.__setattr__:  # noqa: B009
        raise frame.refusal(target, f"{struct.cls.__qualname__} sets attributes in its own way")
    return found


def store_field(frame: Frame, target: ast.Attribute, base: Value, value: Value) -> None:
    """Store a number into an attribute, which keeps its type."""
    field = target_field(frame, target, base)
    if not is_number(field.kind):
        raise frame.refusal(
            target,
            f"{field.name!r} is {describe(field.kind)} and cannot be replaced in compiled code",
            "change its elements or attributes instead",
        )
    value = fitting(frame, target, value, field)
    assert isinstance(base.kind, Kernel)  # noqa: S101 - for the type checker
    word = frame.builder.zext(value.ir, WORD) if field.kind == BOOL else value.ir
    instruction = frame.builder.store(word, field_address(frame, base, field.slot), align=8)
    frame.unit.store_tagged(instruction, base.kind.index, field)
    if frame.unit.is_scratch(base.kind.index):
        frame.unit.checks[instruction] = list(frame.checks)


def fitting(frame: Frame, node: ast.AST, value: Value, field: Field) -> Value:
    """Return the value as the attribute's kind, which it may widen to but not change."""
    fits = value.kind == field.kind or (
        is_number(value.kind)
        and (field.kind == FLOAT or (field.kind == INT and value.kind == BOOL))
    )
    if not fits:
        hint = "start with 0.0 instead of 0" if value.kind == FLOAT else ""
        raise frame.refusal(
            node,
            f"{field.name!r} started as {describe(field.kind)} and becomes "
            f"{describe(value.kind)} here",
            hint,
        )
    return frame.cast(value, field.kind)


def target_address(frame: Frame, target: ast.Subscript, buffer: Value) -> Any:
    """Return the address of the element that is to be stored into."""
    if not isinstance(buffer.kind, Buffer):
        raise frame.refusal(target, f"an element of {describe(buffer.kind)} cannot be assigned")
    if not buffer.kind.writable:
        raise frame.refusal(target, "this array is read-only")
    return element_address(frame, target, buffer)


def store_element(
    frame: Frame, target: ast.Subscript, buffer: Value, value: Value, address: Any
) -> None:
    """Store a number into an element, if it fits."""
    kind = buffer.kind
    assert isinstance(kind, Buffer)  # noqa: S101 - for the type checker
    stored, seen = ELEMENTS[kind.dtype]
    if not is_number(value.kind) or (seen != FLOAT and value.kind == FLOAT):
        raise frame.refusal(target, f"{describe(kind)} cannot hold {describe(value.kind)}")
    if seen == BOOL and value.kind != BOOL:
        raise frame.refusal(target, f"{describe(kind)} cannot hold {describe(value.kind)}")
    raw = frame.cast(value, seen).ir
    if seen == BOOL:
        raw = frame.builder.zext(raw, stored)
    elif stored != ir_type(seen):
        narrow = frame.builder.trunc(raw, stored)
        back = frame.builder.zext if kind.dtype == "uint8" else frame.builder.sext
        lost = frame.builder.icmp_signed("!=", back(narrow, WORD), raw)
        frame.guard(target, lost, "OverflowError", f"int out of bounds for {kind.dtype}")
        raw = narrow
    frame.unit.tag_element(frame.builder.store(raw, address), kind.alias)
