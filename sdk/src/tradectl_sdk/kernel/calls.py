"""Calls: methods of kernels, plain functions, and the built-ins compiled code knows."""

from __future__ import annotations

import ast
import inspect
import math
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.kernel import builtin, invoke
from tradectl_sdk.kernel.kinds import Kernel, Opaque, Static, describe

if TYPE_CHECKING:
    from tradectl_sdk.errors import NotCompilableError
    from tradectl_sdk.kernel.frame import Frame
    from tradectl_sdk.kernel.unit import Value

_FORBIDDEN: dict[Any, str] = {
    print: "use --engine interpreted to print",
    open: "a strategy does no input or output",
    sum: "write the loop: how sum adds floats depends on the Python version",
    sorted: "keep the elements in order as they come",
    list: "make lists in __init__ or on_start with their full length",
    dict: "use attributes or an array",
    str: "compiled code has no text",
    math.hypot: "use math.sqrt(x * x + y * y)",
    math.fsum: "write the loop",
}


def call(frame: Frame, node: ast.Call) -> Value:
    """Emit a call."""
    if isinstance(node.func, ast.Attribute):
        if _is_super(node.func.value):
            return _call_super(frame, node, node.func)
        base = frame.expression(node.func.value)
        if isinstance(base.kind, Kernel):
            return _call_method(frame, node, base, frame.source.mangle(node.func.attr))
        if not isinstance(base.kind, Static):
            raise _no_method(frame, node, base, node.func.attr)
    target = frame.expression(node.func)
    if not isinstance(target.kind, Static):
        raise frame.refusal(node, f"{describe(target.kind)} cannot be called")
    return _call_object(frame, node, target.kind.obj)


def _call_object(frame: Frame, node: ast.Call, obj: Any) -> Value:
    root = str(getattr(obj, "__module__", "")).partition(".")[0]
    emit = builtin.find(obj)
    if emit is not None:
        return emit(frame, node)
    if isinstance(obj, types.FunctionType) and root not in sys.stdlib_module_names:
        return invoke.call_function(frame, node, obj, [], node)
    name = getattr(obj, "__qualname__", repr(obj))
    module = getattr(obj, "__module__", None)
    shown = name if module in {None, "builtins"} else f"{module}.{name}"
    hint = _FORBIDDEN.get(obj, "") if obj.__hash__ is not None else ""
    if isinstance(obj, np.ufunc):
        same = getattr(math, name, None)
        hint = f"use math.{name}: NumPy's own differs in the last bit" if same else ""
    if isinstance(obj, type) and not hint:
        raise frame.refusal(
            node,
            f"making a new {name} during the run cannot be compiled",
            "make it in __init__ or on_start and change its attributes",
        )
    raise frame.refusal(node, f"{shown} cannot be called in compiled code", hint)


def _call_method(frame: Frame, node: ast.Call, base: Value, name: str) -> Value:
    assert isinstance(base.kind, Kernel)  # noqa: S101 - for the type checker
    struct = frame.unit.shape.structs[base.kind.index]
    field = struct.field(name)
    found = inspect.getattr_static(struct.cls, name, None)
    if field is not None:
        what = field.kind.what if isinstance(field.kind, Opaque) else describe(field.kind)
        raise frame.refusal(node, f"{name!r} is {what} and cannot be called in compiled code")
    if isinstance(found, types.FunctionType):
        return invoke.call_function(frame, node, found, [base], node)
    if isinstance(found, staticmethod):
        return _call_object(frame, node, found.__func__)
    if found is None:
        raise frame.refusal(node, f"{struct.cls.__qualname__} has no method {name!r}")
    raise frame.refusal(node, f"{name!r} is a {type(found).__name__}, which cannot be called")


def _is_super(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "super"
        and not node.args
    )


def _call_super(frame: Frame, node: ast.Call, func: ast.Attribute) -> Value:
    """Call the next method along the order of inheritance of the object's own class."""
    code = frame.source.function.__code__
    self_name = code.co_varnames[0]
    base = frame.read(node, self_name)
    if not isinstance(base.kind, Kernel):
        raise frame.refusal(node, "super() takes a kernel as its first argument")
    name = frame.source.mangle(func.attr)
    order = frame.unit.shape.structs[base.kind.index].cls.__mro__
    owner = next(
        (i for i, cls in enumerate(order) if frame.source.function in vars(cls).values()), None
    )
    if owner is not None:
        for cls in order[owner + 1 :]:
            found = vars(cls).get(name)
            if isinstance(found, types.FunctionType):
                return invoke.call_function(frame, node, found, [base], node)
    raise frame.refusal(node, f"super() has no method {name!r}")


def _no_method(frame: Frame, node: ast.Call, base: Value, name: str) -> NotCompilableError:
    if name in {"append", "extend", "insert", "pop", "clear", "remove"}:
        return frame.refusal(
            node,
            f"the list method {name}() cannot be compiled",
            "keep a list of full length and a counter of the elements in use",
        )
    return frame.refusal(node, f"{describe(base.kind)} has no method {name!r} in compiled code")
