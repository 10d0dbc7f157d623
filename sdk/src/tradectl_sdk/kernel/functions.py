"""From a function and the kinds of its arguments to machine code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tradectl_sdk.kernel.expressions import expression
from tradectl_sdk.kernel.frame import Frame
from tradectl_sdk.kernel.kinds import NONE, Kind
from tradectl_sdk.kernel.statements import block
from tradectl_sdk.kernel.unit import Compiled, Unit, Value, constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.kernel.syntax import Source


class _Grammar:
    """The three that contain each other."""

    expression = staticmethod(expression)
    block = staticmethod(block)

    def specialise(
        self, unit: Unit, source: Source, arguments: dict[str, Kind], node: ast.AST, caller: Source
    ) -> Compiled:
        return specialise(unit, source, arguments, node, caller)

    def inline(
        self, host: Frame, source: Source, arguments: dict[str, Value], node: ast.AST
    ) -> Value:
        return inline(host, source, arguments, node)


def specialise(
    unit: Unit,
    source: Source,
    arguments: dict[str, Kind],
    node: ast.AST,
    caller: Source,
    *,
    entry: bool = False,
) -> Compiled:
    """Compile a function for given kinds of arguments, once."""
    key = source.function, tuple(arguments.values())
    known = unit.compiled.get(key)
    if known is not None:
        return known
    _check(source, key, unit, node, caller)
    unit.active.append(key)

    def attempt(kinds: dict[str, Kind], returns: Kind | None) -> Frame:
        frame = Frame(unit, source, _Grammar(), kinds, returns)
        frame.open(arguments, entry=entry)
        return frame

    frame = _settled(attempt, lambda frame: unit.discard(frame.function), arguments)
    unit.active.pop()
    compiled = Compiled(frame.function, frame.returns or NONE, frame.weight(), frame.exit)
    unit.compiled[key] = compiled
    return compiled


def inline(host: Frame, source: Source, arguments: dict[str, Value], node: ast.AST) -> Value:
    """Emit a function into the one that calls it, in place of the call."""
    unit = host.unit
    kinds = {name: value.kind for name, value in arguments.items()}
    key = source.function, tuple(kinds.values())
    _check(source, key, unit, node, host.source)
    unit.active.append(key)
    blocks, origin = len(host.function.blocks), host.builder.block

    def attempt(kinds: dict[str, Kind], returns: Kind | None) -> Frame:
        host.builder.position_at_end(origin)
        frame = Frame(unit, source, _Grammar(), kinds, returns)
        frame.open_within(host, arguments)
        return frame

    def discard(frame: Frame) -> None:
        del frame.function.blocks[blocks:]

    frame = _settled(attempt, discard, kinds)
    unit.active.pop()
    return frame.leave(origin)


def _settled(
    attempt: Callable[[dict[str, Kind], Kind | None], Frame],
    discard: Callable[[Frame], None],
    arguments: dict[str, Kind],
) -> Frame:
    """Emit a function's body until no variable turns out to be wider than was assumed."""
    kinds, returns = dict(arguments), None
    while True:
        frame = attempt(kinds, returns)
        source = frame.source
        block(frame, source.node.body)
        if not frame.builder.block.is_terminated:
            frame.return_(source.node, constant(None))
        frame.close()
        if not frame.widened:
            return frame
        if frame.skipped is not None and (kinds, returns) == (frame.kinds, frame.returns):
            raise source.refusal(
                frame.skipped, "a variable is read here that nothing assigns before"
            )
        kinds, returns = frame.kinds, frame.returns
        discard(frame)


def _check(source: Source, key: Any, unit: Unit, node: ast.AST, caller: Source) -> None:
    """Refuse a recursion, and decorators that change what is called."""
    if key in unit.active:
        raise caller.refusal(
            node, f"{source.name} calls itself", "write a loop instead of a recursion"
        )
    if source.node.decorator_list:
        _check_decorators(source)


def _check_decorators(source: Source) -> None:
    """Refuse what would make the live function another one than its text says."""
    for decorator in source.node.decorator_list:
        name = ast.unparse(decorator).rpartition(".")[2]
        if name not in {"property", "staticmethod", "override", "final", "abstractmethod"}:
            raise source.refusal(decorator, f"the decorator @{name} cannot be compiled")
