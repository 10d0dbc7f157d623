"""From a function and the kinds of its arguments to machine code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tradectl_sdk.kernel.expressions import expression
from tradectl_sdk.kernel.frame import Frame
from tradectl_sdk.kernel.kinds import NONE, Kind
from tradectl_sdk.kernel.statements import block
from tradectl_sdk.kernel.unit import Compiled, Unit, constant

if TYPE_CHECKING:
    from tradectl_sdk.kernel.syntax import Source


class _Grammar:
    """The three that contain each other."""

    expression = staticmethod(expression)
    block = staticmethod(block)

    def specialise(
        self, unit: Unit, source: Source, arguments: dict[str, Kind], node: ast.AST, caller: Source
    ) -> Compiled:
        return specialise(unit, source, arguments, node, caller)


def specialise(
    unit: Unit, source: Source, arguments: dict[str, Kind], node: ast.AST, caller: Source
) -> Compiled:
    """Compile a function for given kinds of arguments, once."""
    key = source.function, tuple(arguments.values())
    known = unit.compiled.get(key)
    if known is not None:
        return known
    if key in unit.active:
        raise caller.refusal(
            node, f"{source.name} calls itself", "write a loop instead of a recursion"
        )
    if source.node.decorator_list:
        _check_decorators(source)
    unit.active.append(key)
    kinds: dict[str, Kind] = dict(arguments)
    returns: Kind | None = None
    while True:
        frame = Frame(unit, source, _Grammar(), kinds, returns)
        frame.open(arguments)
        block(frame, source.node.body)
        if not frame.builder.block.is_terminated:
            frame.return_(source.node, constant(None))
        frame.close()
        if not frame.widened:
            break
        if frame.skipped is not None and (kinds, returns) == (frame.kinds, frame.returns):
            raise source.refusal(
                frame.skipped, "a variable is read here that nothing assigns before"
            )
        kinds, returns = frame.kinds, frame.returns
        unit.discard(frame.function)
    unit.active.pop()
    compiled = Compiled(frame.function, frame.returns or NONE)
    unit.compiled[key] = compiled
    return compiled


def _check_decorators(source: Source) -> None:
    """Refuse what would make the live function another one than its text says."""
    for decorator in source.node.decorator_list:
        name = ast.unparse(decorator).rpartition(".")[2]
        if name not in {"property", "staticmethod", "override", "final", "abstractmethod"}:
            raise source.refusal(decorator, f"the decorator @{name} cannot be compiled")
