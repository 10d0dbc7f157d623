"""The entry: one function with a fixed C signature, whatever the shape."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from tradectl_sdk.kernel.functions import specialise
from tradectl_sdk.kernel.kinds import Kernel, Scalar, describe
from tradectl_sdk.kernel.libm import C_FUNCTIONS, PREFIX
from tradectl_sdk.kernel.machine import emit_object
from tradectl_sdk.kernel.merging import ApartError, lay_out
from tradectl_sdk.kernel.program import Program
from tradectl_sdk.kernel.registers import keep_in_registers
from tradectl_sdk.kernel.syntax import source_of
from tradectl_sdk.kernel.unit import Unit

if TYPE_CHECKING:
    import types

    from tradectl_sdk.kernel.shape import Shape

ENTRY = "tradectl_entry"


def emit(shape: Shape, function: types.FunctionType) -> Program:
    """Compile a method of the shape's first struct, with everything it reaches."""
    merges: list[tuple[int, int]] = []
    layout = shape
    while True:
        try:
            return replace(_emit(layout, function), merges=tuple(merges))
        except ApartError as error:
            merges.append(error.structs)
            merged = lay_out(shape, tuple(merges))
            assert merged is not None  # noqa: S101 - it was tried before the error was raised
            layout = merged.shape


def _emit(shape: Shape, function: types.FunctionType) -> Program:
    unit = Unit(shape)
    source = source_of(function)
    arguments = source.node.args
    if len(arguments.args) != 1 or arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
        raise source.refusal(source.node, "the entry takes no argument but self")
    name = arguments.args[0].arg
    compiled = specialise(unit, source, {name: Kernel(0)}, ast.Pass(), source, entry=True)
    if not isinstance(compiled.returns, Scalar):
        raise source.refusal(source.node, f"the entry returns {describe(compiled.returns)}")
    del unit.module.globals[compiled.function.name]
    compiled.function.name = ENTRY
    compiled.function.linkage = ""
    unit.module.globals[ENTRY] = compiled.function
    keep_in_registers(unit, compiled)
    unit.seal()
    used = tuple(item for item in C_FUNCTIONS if PREFIX + item in unit.module.globals)
    return Program(
        code=emit_object(unit.module),
        entry=ENTRY,
        symbols=used,
        raises=tuple(unit.raises),
        stored=frozenset(unit.stored),
        returns=compiled.returns.name,
    )
