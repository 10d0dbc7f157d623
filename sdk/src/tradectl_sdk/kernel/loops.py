"""Loops: ``while``, and ``for`` over a range, a list, an array or a tuple."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from tradectl_sdk.kernel.conditions import condition, fold
from tradectl_sdk.kernel.elements import buffer_length, kernel_at, load_element
from tradectl_sdk.kernel.frame import Loop
from tradectl_sdk.kernel.kinds import INT, Buffer, Kernels, Static, Tuple, describe
from tradectl_sdk.kernel.stores import assign
from tradectl_sdk.kernel.unit import ELEMENTS, WORD, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame

_ZERO = ir.Constant(WORD, 0)
_ONE = ir.Constant(WORD, 1)


def while_(frame: Frame, node: ast.While) -> None:
    """Emit ``while``, with its ``else``."""
    head, body, no, after = (frame.block(name) for name in ("while", "do", "done", "after"))
    frame.builder.branch(head)
    frame.builder.position_at_end(head)
    condition(frame, node.test, body, no)
    endless = fold(frame, node.test) is True
    if endless:
        ir.IRBuilder(no).unreachable()
    _round(frame, node, Loop(after, head), body, None if endless else no)


def for_(frame: Frame, node: ast.For) -> None:
    """Emit ``for``, with its ``else``."""
    iterated = node.iter
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name):
        called = frame.expression(iterated.func)
        if isinstance(called.kind, Static) and called.kind.obj is range:
            _over_range(frame, node, iterated)
            return
        if isinstance(called.kind, Static) and called.kind.obj is enumerate:
            if len(iterated.args) != 1 or iterated.keywords:
                raise frame.refusal(node, "enumerate() takes one argument in compiled code")
            _over_values(frame, node, iterated.args[0], numbered=True)
            return
    _over_values(frame, node, iterated, numbered=False)


def skip(frame: Frame, node: ast.stmt) -> None:
    """Leave out a statement in this attempt; the attempt will be thrown away."""
    frame.skipped = node
    frame.widened = True


def _round(
    frame: Frame,
    node: ast.While | ast.For,
    loop: Loop,
    body: Any,
    done: Any,
    opening: Callable[[], None] | None = None,
) -> None:
    """Emit body and ``else`` of a loop whose head has been emitted."""
    before = set(frame.bound)
    frame.builder.position_at_end(body)
    frame.loops.append(loop)
    if opening is not None:
        opening()
    frame.grammar.block(frame, node.body)
    if not frame.builder.block.is_terminated:
        frame.builder.branch(loop.following)
    frame.loops.pop()
    if done is not None:
        frame.bound = before
        frame.builder.position_at_end(done)
        frame.grammar.block(frame, node.orelse)
        if not frame.builder.block.is_terminated:
            loop.exits.append(set(frame.bound))
            frame.builder.branch(loop.after)
    _meet_exits(frame, loop.after, loop.exits)


def _meet_exits(frame: Frame, after: Any, exits: list[set[str]]) -> None:
    """Go on behind a loop with the names that every way out leaves bound."""
    frame.builder.position_at_end(after)
    if exits:
        frame.bound = set.intersection(*exits)
    else:
        frame.builder.unreachable()


def _over_range(frame: Frame, node: ast.For, called: ast.Call) -> None:
    """Count a hidden number of steps; the loop variable may be changed by the body."""
    values = [frame.expression(argument) for argument in called.args]
    if not 1 <= len(values) <= 3 or called.keywords:
        raise frame.refusal(node, "range() takes one to three arguments")
    for value in values:
        if value.kind != INT:
            raise frame.refusal(node, f"range() takes ints, was {describe(value.kind)}")
    start = values[0].ir if len(values) > 1 else _ZERO
    stop = values[0].ir if len(values) == 1 else values[1].ir
    step = values[2].ir if len(values) == 3 else _ONE
    if not isinstance(step, ir.Constant) or step.constant == 0:
        nothing = frame.builder.icmp_signed("==", step, _ZERO)
        frame.guard(node, nothing, "ValueError", "range() arg 3 must not be zero")

    def more(at: Any) -> Any:
        up = frame.builder.icmp_signed("<", at, stop)
        if isinstance(step, ir.Constant) and step.constant > 0:
            return up
        down = frame.builder.icmp_signed(">", at, stop)
        rising = frame.builder.icmp_signed(">", step, _ZERO)
        return frame.builder.select(rising, up, down)

    _counted(frame, node, start, step, more, lambda at: Value(INT, at))


def _counted(
    frame: Frame,
    node: ast.For,
    start: Any,
    step: Any,
    more: Callable[[Any], Any],
    item: Callable[[Any], Value],
) -> None:
    counter = frame.allocate(INT)
    frame.builder.store(start, counter)
    names = ("for", "do", "next", "done", "after")
    head, body, following, done, after = (frame.block(name) for name in names)
    frame.builder.branch(head)
    frame.builder.position_at_end(head)
    frame.builder.cbranch(more(frame.builder.load(counter, typ=WORD)), body, done)
    frame.builder.position_at_end(following)
    stepped = frame.builder.add(frame.builder.load(counter, typ=WORD), step)
    frame.builder.store(stepped, counter)
    frame.builder.branch(head)

    def opening() -> None:
        value = item(frame.builder.load(counter, typ=WORD))
        assign(frame, node.target, value)

    _round(frame, node, Loop(after, following), body, done, opening)


def _over_values(frame: Frame, node: ast.For, iterated: ast.expr, *, numbered: bool) -> None:
    value = frame.expression(iterated)
    if isinstance(value.kind, Tuple):
        _unrolled(frame, node, value, numbered=numbered)
        return
    kind = value.kind
    listed = isinstance(kind, Kernels) or (isinstance(kind, Buffer) and kind.ndim == 1)
    if not listed:
        raise frame.refusal(
            node,
            f"for takes a range, a list, an array of one dimension or a tuple, "
            f"was {describe(kind)}",
        )

    def item(at: Any) -> Value:
        data = frame.builder.extract_value(value.ir, 0)
        if isinstance(kind, Kernels):
            loaded = kernel_at(frame, data, at, kind)
        else:
            assert isinstance(kind, Buffer)  # noqa: S101 - refused above otherwise
            element = ELEMENTS[kind.dtype][0]
            address = frame.builder.gep(data, [at], inbounds=True, source_etype=element)
            loaded = load_element(frame, address, kind)
        return frame.pack([Value(INT, at), loaded]) if numbered else loaded

    def more(at: Any) -> Any:
        return frame.builder.icmp_signed("<", at, buffer_length(frame, value))

    _counted(frame, node, _ZERO, _ONE, more, item)


def _unrolled(frame: Frame, node: ast.For, value: Value, *, numbered: bool) -> None:
    """Emit the body once per item: the items may be of different classes."""
    assert isinstance(value.kind, Tuple)  # noqa: S101 - for the type checker
    after = frame.block("after")
    exits: list[set[str]] = []
    for number in range(len(value.kind.items)):
        item = frame.item(value, number)
        if numbered:
            item = frame.pack([Value(INT, ir.Constant(WORD, number)), item])
        for name in ast.walk(node.target):
            if isinstance(name, ast.Name):
                frame.forget(name.id)
        assign(frame, node.target, item)
        bound = set(frame.bound)
        following = frame.block("next")
        frame.loops.append(Loop(after, following, exits))
        frame.grammar.block(frame, node.body)
        frame.loops.pop()
        if not frame.builder.block.is_terminated:
            frame.builder.branch(following)
        frame.builder.position_at_end(following)
        frame.bound = bound
    frame.grammar.block(frame, node.orelse)
    if not frame.builder.block.is_terminated:
        exits.append(set(frame.bound))
        frame.builder.branch(after)
    _meet_exits(frame, after, exits)
