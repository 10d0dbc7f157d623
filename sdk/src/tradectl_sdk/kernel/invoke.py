"""Calling a plain function: its arguments, and the code compiled for their kinds."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from tradectl_sdk.kernel.kinds import Opaque
from tradectl_sdk.kernel.scope import known_value
from tradectl_sdk.kernel.syntax import source_of

if TYPE_CHECKING:
    import ast
    import types

    from tradectl_sdk.kernel.frame import Frame
    from tradectl_sdk.kernel.unit import Value


def call_function(
    frame: Frame,
    node: ast.AST,
    function: types.FunctionType,
    first: list[Value],
    written: ast.Call | None = None,
) -> Value:
    """Compile a function for the kinds at hand and call it."""
    arguments = bind(frame, node, function, first, written)
    for name, value in arguments.items():
        if isinstance(value.kind, Opaque):
            raise frame.refusal(node, f"the argument {name!r} is {value.kind.what}")
    kinds = {name: value.kind for name, value in arguments.items()}
    source = source_of(function)
    if frame.takes_in(source):
        return frame.grammar.inline(frame, source, arguments, node)
    compiled = frame.grammar.specialise(frame.unit, source, kinds, node, frame.source)
    return frame.call(compiled, list(arguments.values()))


def bind(
    frame: Frame,
    node: ast.AST,
    function: types.FunctionType,
    first: list[Value],
    written: ast.Call | None,
) -> dict[str, Value]:
    """Match the arguments of a call to the names of a function's parameters."""
    code = function.__code__
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        raise frame.refusal(
            node, f"{function.__qualname__} takes * or ** arguments, which cannot be compiled"
        )
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    positional = [*first, *(frame.expression(a) for a in getattr(written, "args", []))]
    if len(positional) > code.co_argcount:
        raise frame.refusal(node, f"too many arguments for {function.__qualname__}()")
    given = dict(zip(names, positional, strict=False))
    for keyword in getattr(written, "keywords", []):
        if keyword.arg is None or keyword.arg not in names or keyword.arg in given:
            raise frame.refusal(
                node, f"{function.__qualname__}() takes no argument {keyword.arg!r} here"
            )
        given[keyword.arg] = frame.expression(keyword.value)
    defaults = dict(
        zip(
            names[code.co_argcount - len(function.__defaults__ or ()) : code.co_argcount],
            function.__defaults__ or (),
            strict=True,
        )
    ) | (function.__kwdefaults__ or {})
    for name in names:
        if name not in given:
            if name not in defaults:
                raise frame.refusal(node, f"{function.__qualname__}() misses the argument {name!r}")
            given[name] = known_value(frame, node, defaults[name])
    return {name: given[name] for name in names}
