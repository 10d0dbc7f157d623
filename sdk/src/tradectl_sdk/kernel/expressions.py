"""Expressions: each kind of syntax node has one small function that emits it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tradectl_sdk.kernel import attributes, calls, conditions, elements, operators
from tradectl_sdk.kernel.kinds import (
    BOOL,
    Static,
)
from tradectl_sdk.kernel.scope import global_value, known_value
from tradectl_sdk.kernel.unit import (
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.kernel.frame import Frame


def expression(frame: Frame, node: ast.expr) -> Value:
    """Emit an expression and return its value."""
    emit = _EMITTERS.get(type(node))
    if emit is None:
        what, hint = _REFUSED.get(type(node), (f"{type(node).__name__} cannot be compiled", ""))
        raise frame.refusal(node, what, hint)
    return emit(frame, node)


def _constant(frame: Frame, node: ast.Constant) -> Value:
    return known_value(frame, node, node.value)


def _name(frame: Frame, node: ast.Name) -> Value:
    if node.id in frame.source.function.__code__.co_varnames:
        return frame.read(node, node.id)
    value = global_value(frame, node)
    assert isinstance(value.kind, Static)  # noqa: S101 - for the type checker
    return known_value(frame, node, value.kind.obj)


def _binary(frame: Frame, node: ast.BinOp) -> Value:
    left = frame.expression(node.left)
    return operators.binary(frame, node, node.op, left, frame.expression(node.right))


def _unary(frame: Frame, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        truth = frame.truth(node, frame.expression(node.operand))
        return Value(BOOL, frame.builder.not_(truth))
    return operators.unary(frame, node, node.op, frame.expression(node.operand))


def _tuple(frame: Frame, node: ast.Tuple) -> Value:
    return frame.pack([frame.expression(item) for item in node.elts])


def _walrus(frame: Frame, node: ast.NamedExpr) -> Value:
    value = frame.expression(node.value)
    bound = set(frame.bound)
    frame.assign(node, node.target.id, value)
    frame.bound = bound  # behind `and` it may not happen: reading it asks the flag
    return frame.read(node, node.target.id)


def _call(frame: Frame, node: ast.Call) -> Value:
    return calls.call(frame, node)


_EMITTERS: dict[type, Callable[[Frame, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: attributes.attribute,
    ast.Subscript: elements.subscript,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: conditions.comparison,
    ast.BoolOp: conditions.and_or,
    ast.IfExp: conditions.choice,
    ast.Tuple: _tuple,
    ast.NamedExpr: _walrus,
    ast.Call: _call,
}
_REFUSED: dict[type, tuple[str, str]] = {
    ast.Dict: ("a dict cannot be compiled", "use attributes or an array"),
    ast.Set: ("a set cannot be compiled", "use a tuple after in"),
    ast.List: (
        "a list made during the run cannot be compiled",
        "make it in __init__ or on_start with its full length",
    ),
    ast.JoinedStr: ("text cannot be formatted in compiled code", "use --engine interpreted"),
    ast.Lambda: ("a lambda cannot be compiled", "write a method"),
    ast.ListComp: ("a list comprehension cannot be compiled", "write the loop"),
    ast.GeneratorExp: ("a generator cannot be compiled", "write the loop"),
    ast.DictComp: ("a dict cannot be compiled", "use attributes or an array"),
    ast.SetComp: ("a set cannot be compiled", "use a tuple after in"),
    ast.Await: ("await cannot be compiled", "strategies do no input or output"),
    ast.Yield: ("yield cannot be compiled", ""),
    ast.Starred: ("* cannot be compiled", "write the items out"),
}
