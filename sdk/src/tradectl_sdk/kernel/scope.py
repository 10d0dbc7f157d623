"""What a name that is no local variable means: closure, module, built-in."""

from __future__ import annotations

import builtins
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import did_you_mean
from tradectl_sdk.kernel.unit import Value, constant, static

if TYPE_CHECKING:
    import ast

    from tradectl_sdk.kernel.frame import Frame


_CONSTANT_TYPES = (bool, int, float, type(None))


def global_value(frame: Frame, node: ast.Name) -> Value:
    """Return the object a free name stands for, as a static value."""
    function = frame.source.function
    code = function.__code__
    if node.id in code.co_freevars:
        cell = (function.__closure__ or ())[code.co_freevars.index(node.id)]
        return static(cell.cell_contents)
    if node.id in code.co_cellvars:
        raise frame.refusal(
            node, f"{node.id!r} is used by an inner function", "write a method instead"
        )
    for namespace in (function.__globals__, vars(builtins)):
        if node.id in namespace:
            return static(namespace[node.id])
    raise frame.refusal(
        node,
        f"the name {node.id!r} is not defined",
        did_you_mean(node.id, function.__globals__),
    )


def known_value(frame: Frame, node: ast.AST, obj: Any) -> Value:
    """Turn a Python object known when compiling into a value."""
    if isinstance(obj, (IntEnum, *_CONSTANT_TYPES)):
        plain = obj if isinstance(obj, (bool, float, type(None))) else int(obj)
        if isinstance(plain, int) and not -(2**63) <= plain < 2**63:
            raise frame.refusal(node, f"the number {plain} does not fit into 64 bits")
        return constant(plain)
    if isinstance(obj, tuple):
        return frame.pack([known_value(frame, node, item) for item in obj])
    return static(obj)
