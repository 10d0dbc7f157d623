"""Statements: assignments, branches, loops, returns and raises."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tradectl_sdk.kernel import loops, operators
from tradectl_sdk.kernel.attributes import load_field
from tradectl_sdk.kernel.conditions import condition, fold
from tradectl_sdk.kernel.elements import load_element
from tradectl_sdk.kernel.frame import NotYetKnownError
from tradectl_sdk.kernel.kinds import (
    Buffer,
    Opaque,
    Static,
    describe,
)
from tradectl_sdk.kernel.stores import (
    assign,
    store_element,
    store_field,
    target_address,
    target_field,
)
from tradectl_sdk.kernel.unit import constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame


def block(frame: Frame, statements: list[ast.stmt]) -> None:
    """Emit statements up to the first that leaves."""
    for node in statements:
        if frame.builder.block.is_terminated:
            return
        emit = _EMITTERS.get(type(node))
        if emit is None:
            what, hint = _REFUSED.get(type(node), (f"{type(node).__name__} cannot be compiled", ""))
            raise frame.refusal(node, what, hint)
        emit(frame, node)


def _expression(frame: Frame, node: ast.Expr) -> None:
    if not isinstance(node.value, ast.Constant):  # a docstring
        frame.expression(node.value)


def _return(frame: Frame, node: ast.Return) -> None:
    value = frame.expression(node.value) if node.value else constant(None)
    if isinstance(value.kind, (Static, Opaque)):
        raise frame.refusal(node, f"{describe(value.kind)} cannot be returned in compiled code")
    frame.return_(node, value)


# -- assignment ---------------------------------------------------------------------------


def _assign(frame: Frame, node: ast.Assign) -> None:
    frame.checks.clear()
    value = frame.expression(node.value)
    for target in node.targets:
        assign(frame, target, value)


def _annotated(frame: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(frame, node.target, frame.expression(node.value))


def _augmented(frame: Frame, node: ast.AugAssign) -> None:
    """Emit ``target += value``, which evaluates the target's object and index once."""
    target = node.target
    match target:
        case ast.Name():
            old = frame.read(node, target.id)
            new = operators.binary(frame, node, node.op, old, frame.expression(node.value))
            frame.assign(node, target.id, new)
        case ast.Attribute():
            base = frame.expression(target.value)
            old = load_field(frame, node, base, target_field(frame, target, base))
            new = operators.binary(frame, node, node.op, old, frame.expression(node.value))
            store_field(frame, target, base, new)
        case ast.Subscript():
            buffer = frame.expression(target.value)
            address = target_address(frame, target, buffer)
            assert isinstance(buffer.kind, Buffer)  # noqa: S101 - checked by _address
            old = load_element(frame, address, buffer.kind)
            new = operators.binary(frame, node, node.op, old, frame.expression(node.value))
            store_element(frame, target, buffer, new, address)


# -- control ------------------------------------------------------------------------------


def _if(frame: Frame, node: ast.If) -> None:
    known = fold(frame, node.test)
    if known is not None:
        block(frame, node.body if known else node.orelse)
        return
    yes, no = frame.block("then"), frame.block("else")
    tested = len(frame.tests)
    condition(frame, node.test, yes, no)
    tests = frame.tests[tested:]
    before = set(frame.bound)
    ends = []
    for start, other, statements in ((yes, no, node.body), (no, yes, node.orelse)):
        frame.builder.position_at_end(start)
        frame.bound = set(before)
        if _decided(frame, statements):
            _expect(frame, other, start, tests)
        if not frame.builder.block.is_terminated:
            ends.append((frame.builder.block, frame.bound))
    if not ends:
        return
    after = frame.block("endif")
    for end, _ in ends:
        frame.builder.position_at_end(end)
        frame.builder.branch(after)
    frame.builder.position_at_end(after)
    frame.bound = set.intersection(*(bound for _, bound in ends))


def _decided(frame: Frame, statements: list[ast.stmt]) -> bool:
    """Emit what a condition decides on; return whether that is rare.

    A way to a call out of line is taken to be a rare one.
    """
    frame.conditions += 1
    around, frame.rare = frame.rare, 0
    block(frame, statements)
    rare = frame.rare == frame.conditions
    frame.conditions -= 1
    frame.rare = around
    return rare


def _expect(frame: Frame, usual: Any, rare: Any, tests: list[Any]) -> None:
    """Expect tests to lead to one block and hardly ever to another.

    Of several that all must hold for the rare one, nothing is known of the first by itself.
    """
    for number, test in enumerate(tests):
        ways = test.operands[1:]
        if rare in ways:
            frame.unit.weigh(test, *((1, 2000) if ways[0] is rare else (2000, 1)))
        elif number > 0 and usual in ways:
            frame.unit.weigh(test, *((2000, 1) if ways[0] is usual else (1, 2000)))


def _raise(frame: Frame, node: ast.Raise) -> None:
    called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if called is None:
        raise frame.refusal(node, "a bare raise cannot be compiled")
    target = frame.expression(called)
    cls = target.kind.obj if isinstance(target.kind, Static) else None
    if not (isinstance(cls, type) and issubclass(cls, BaseException)):
        raise frame.refusal(node, "raise takes an exception class in compiled code")
    message = ""
    if isinstance(node.exc, ast.Call) and node.exc.args:
        first = node.exc.args[0]
        message = str(first.value) if isinstance(first, ast.Constant) else ""
    frame.raise_(node, cls.__name__, message)


def _assert(frame: Frame, node: ast.Assert) -> None:
    if not __debug__:
        return
    good, bad = frame.block("holds"), frame.block("fails")
    condition(frame, node.test, good, bad)
    frame.builder.position_at_end(bad)
    message = str(node.msg.value) if isinstance(node.msg, ast.Constant) else ""
    frame.raise_(node, "AssertionError", message)
    frame.builder.position_at_end(good)


def _break(frame: Frame, node: ast.Break) -> None:  # noqa: ARG001
    loop = frame.loops[-1]
    loop.exits.append(set(frame.bound))
    frame.builder.branch(loop.after)


def _continue(frame: Frame, node: ast.Continue) -> None:  # noqa: ARG001
    frame.builder.branch(frame.loops[-1].following)


def _nothing(frame: Frame, node: ast.stmt) -> None:
    """Emit nothing."""


def _retried(emit: Callable[[Frame, Any], None]) -> Callable[[Frame, Any], None]:
    """Skip a statement that reads a variable of unknown kind; the next attempt knows it."""

    def attempt(frame: Frame, node: Any) -> None:
        try:
            emit(frame, node)
        except NotYetKnownError:
            loops.skip(frame, node)

    return attempt


_EMITTERS: dict[type, Callable[[Frame, Any], None]] = {
    ast.Expr: _retried(_expression),
    ast.Return: _retried(_return),
    ast.Assign: _retried(_assign),
    ast.AnnAssign: _retried(_annotated),
    ast.AugAssign: _retried(_augmented),
    ast.If: _retried(_if),
    ast.While: _retried(loops.while_),
    ast.For: _retried(loops.for_),
    ast.Raise: _raise,
    ast.Assert: _retried(_assert),
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Pass: _nothing,
}
_REFUSED: dict[type, tuple[str, str]] = {
    ast.Try: ("try cannot be compiled", "test the condition with if"),
    ast.With: ("with cannot be compiled", ""),
    ast.Delete: ("del cannot be compiled", ""),
    ast.Import: ("import inside a method cannot be compiled", "import at the top of the file"),
    ast.ImportFrom: ("import inside a method cannot be compiled", "import at the top of the file"),
    ast.FunctionDef: ("an inner function cannot be compiled", "write a method"),
    ast.ClassDef: ("an inner class cannot be compiled", "define it at the top of the file"),
    ast.Global: ("global cannot be compiled", "keep the value in an attribute"),
    ast.Nonlocal: ("nonlocal cannot be compiled", "keep the value in an attribute"),
    ast.Match: ("match cannot be compiled", "use if and elif"),
}
