"""Statements: assignments, branches, loops, returns and raises."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tradectl_sdk.kernel import loops, operators
from tradectl_sdk.kernel.expressions import (
    condition,
    element_address,
    expression,
    field_address,
    fold,
    load_element,
    load_field,
)
from tradectl_sdk.kernel.frame import NotYetKnownError
from tradectl_sdk.kernel.kinds import (
    BOOL,
    FLOAT,
    INT,
    Buffer,
    Kernel,
    Opaque,
    Static,
    Tuple,
    describe,
    is_number,
)
from tradectl_sdk.kernel.unit import ELEMENTS, WORD, Value, constant, ir_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame
    from tradectl_sdk.kernel.shape import Field


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
        expression(frame, node.value)


def _return(frame: Frame, node: ast.Return) -> None:
    value = expression(frame, node.value) if node.value else constant(None)
    if isinstance(value.kind, (Static, Opaque)):
        raise frame.refusal(node, f"{describe(value.kind)} cannot be returned in compiled code")
    frame.return_(node, value)


# -- assignment ---------------------------------------------------------------------------


def _assign(frame: Frame, node: ast.Assign) -> None:
    value = expression(frame, node.value)
    for target in node.targets:
        assign(frame, target, value)


def _annotated(frame: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(frame, node.target, expression(frame, node.value))


def assign(frame: Frame, target: ast.expr, value: Value) -> None:
    """Store a value in a variable, an attribute, an element, or in several of them."""
    match target:
        case ast.Name():
            frame.assign(target, target.id, value)
        case ast.Attribute():
            base = expression(frame, target.value)
            _store_field(frame, target, base, value)
        case ast.Subscript():
            buffer = expression(frame, target.value)
            _store_element(frame, target, buffer, value, _address(frame, target, buffer))
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


def _field(frame: Frame, target: ast.Attribute, base: Value) -> Field:
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


def _store_field(frame: Frame, target: ast.Attribute, base: Value, value: Value) -> None:
    field = _field(frame, target, base)
    if not is_number(field.kind):
        raise frame.refusal(
            target,
            f"{field.name!r} is {describe(field.kind)} and cannot be replaced in compiled code",
            "change its elements or attributes instead",
        )
    value = fitting(frame, target, value, field)
    assert isinstance(base.kind, Kernel)  # noqa: S101 - for the type checker
    frame.unit.stored.add((base.kind.index, field.name))
    word = frame.builder.zext(value.ir, WORD) if field.kind == BOOL else value.ir
    instruction = frame.builder.store(word, field_address(frame, base, field.slot), align=8)
    frame.unit.tag(instruction, f"{base.kind.index}.{field.name}")


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


def _address(frame: Frame, target: ast.Subscript, buffer: Value) -> Any:
    if not isinstance(buffer.kind, Buffer):
        raise frame.refusal(target, f"an element of {describe(buffer.kind)} cannot be assigned")
    if not buffer.kind.writable:
        raise frame.refusal(target, "this array is read-only")
    return element_address(frame, target, buffer)


def _store_element(
    frame: Frame, target: ast.Subscript, buffer: Value, value: Value, address: Any
) -> None:
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
    frame.unit.tag(frame.builder.store(raw, address), "element")


def _augmented(frame: Frame, node: ast.AugAssign) -> None:
    """Emit ``target += value``, which evaluates the target's object and index once."""
    target = node.target
    match target:
        case ast.Name():
            old = frame.read(node, target.id)
            new = operators.binary(frame, node, node.op, old, expression(frame, node.value))
            frame.assign(node, target.id, new)
        case ast.Attribute():
            base = expression(frame, target.value)
            old = load_field(frame, node, base, _field(frame, target, base))
            new = operators.binary(frame, node, node.op, old, expression(frame, node.value))
            _store_field(frame, target, base, new)
        case ast.Subscript():
            buffer = expression(frame, target.value)
            address = _address(frame, target, buffer)
            assert isinstance(buffer.kind, Buffer)  # noqa: S101 - checked by _address
            old = load_element(frame, address, buffer.kind)
            new = operators.binary(frame, node, node.op, old, expression(frame, node.value))
            _store_element(frame, target, buffer, new, address)


# -- control ------------------------------------------------------------------------------


def _if(frame: Frame, node: ast.If) -> None:
    known = fold(frame, node.test)
    if known is not None:
        block(frame, node.body if known else node.orelse)
        return
    yes, no = frame.block("then"), frame.block("else")
    condition(frame, node.test, yes, no)
    before = set(frame.bound)
    ends = []
    for start, statements in ((yes, node.body), (no, node.orelse)):
        frame.builder.position_at_end(start)
        frame.bound = set(before)
        block(frame, statements)
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


def _raise(frame: Frame, node: ast.Raise) -> None:
    called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if called is None:
        raise frame.refusal(node, "a bare raise cannot be compiled")
    target = expression(frame, called)
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
