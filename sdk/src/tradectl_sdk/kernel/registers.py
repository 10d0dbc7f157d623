"""Attributes that the entry alone touches live in registers for as long as it runs.

A running sum that is stored at each bar and loaded at the next one waits for the processor's store
queue; one in a register does not. Where every access to an attribute of a kernel that is the only
one of its struct was emitted into the entry itself, no call can see it, so it becomes a variable
of the entry: loaded once, stored back at the one way out, also when something was raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir

from tradectl_sdk.kernel.kinds import is_number
from tradectl_sdk.kernel.unit import DOUBLE, WORD, Compiled, Unit

if TYPE_CHECKING:
    from tradectl_sdk.kernel.shape import Field


def keep_in_registers(unit: Unit, entry: Compiled) -> None:
    """Turn what only the entry touches into its variables; call it before the unit is sealed."""
    assert entry.exit is not None  # noqa: S101 - for the type checker
    before, after = ir.IRBuilder(entry.exit.first), ir.IRBuilder(entry.exit.block)
    before.position_before(entry.exit.first.terminator)
    after.position_before(entry.exit.block.terminator)
    for (number, name), stores in unit.stores.items():
        place, field = unit.shape.place(number), unit.shape.structs[number].field(name)
        accesses = [*unit.loads.get((number, name), ()), *stores]
        if place is None or field is None or not is_number(field.kind):
            continue
        if unit.is_scratch(number) and (number, name) not in unit.loads:
            continue  # it will not be stored at all; keeping what it was would take a register
        if all(_is_within(entry.function, access) for access in accesses):
            address = _address(before, entry, place + field.slot)
            variable = _variable(before, address, field)
            for access in accesses:
                access.operands[-1] = variable
            after.store(after.load(variable, typ=_type(field)), address, align=8)


def _is_within(function: Any, access: Any) -> bool:
    """Whether an access is in a function, or in one that was thrown away."""
    there = access.parent.function
    return there is function or there.module.globals.get(there.name) is not there


def _address(builder: ir.IRBuilder, entry: Compiled, slot: int) -> Any:
    root = entry.function.args[1]
    return builder.gep(root, [ir.Constant(WORD, slot)], inbounds=True, source_etype=WORD)


def _variable(builder: ir.IRBuilder, address: Any, field: Field) -> Any:
    variable = builder.alloca(_type(field))
    builder.store(builder.load(address, typ=_type(field), align=8), variable)
    return variable


def _type(field: Field) -> ir.Type:
    return DOUBLE if field.kind.name == "float" else WORD  # type: ignore[union-attr]
