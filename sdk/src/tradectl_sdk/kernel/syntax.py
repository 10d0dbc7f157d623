"""From a live function to its syntax tree, checked to be the tree of the very same function.

The text comes through ``linecache``, so functions typed in a notebook are found as well. A file
that was edited after it was imported is noticed: compiled code must never do something else than
the interpreted twin.
"""

from __future__ import annotations

import ast
import functools
import linecache
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import NotCompilableError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Source:
    """A function, its tree and what its free names mean."""

    function: types.FunctionType
    node: ast.FunctionDef

    @property
    def name(self) -> str:
        """The qualified name, as a traceback shows it."""
        return self.function.__qualname__

    @functools.cached_property
    def size(self) -> int:
        """How many nodes the tree has."""
        return sum(1 for _ in ast.walk(self.node))

    @property
    def filename(self) -> str:
        """The file it stands in."""
        return self.function.__code__.co_filename

    def mangle(self, name: str) -> str:
        """Return the attribute name that ``__private`` stands for inside a class."""
        if not name.startswith("__") or name.endswith("__"):
            return name
        owner = self.function.__code__.co_qualname.split(".")[-2:-1]
        return f"_{owner[0].lstrip('_')}{name}" if owner and owner[0] != "<locals>" else name

    def refusal(self, node: ast.AST, message: str, hint: str = "") -> NotCompilableError:
        """Return the error for a construct that cannot be compiled, with its place."""
        place = f"{self.filename}:{getattr(node, 'lineno', self.node.lineno)}"
        return NotCompilableError(f"{place}: {message}, in {self.name}", hint=hint)


def source_of(function: types.FunctionType) -> Source:
    """Find a function's syntax tree.

    Raises:
        NotCompilableError: It has no source, is a lambda, or the file changed since the import.
    """
    code = function.__code__
    if code.co_name == "<lambda>":
        raise NotCompilableError(
            f"{code.co_filename}:{code.co_firstlineno}: a lambda cannot be compiled",
            hint="write a function with def",
        )
    text = "".join(linecache.getlines(code.co_filename, function.__globals__))
    if not text:
        raise NotCompilableError(
            f"{function.__qualname__} has no source text: it was made by exec or at a bare prompt",
            hint="put it in a file or a notebook cell",
        )
    found = _parse(code.co_filename, text)
    if found is not None:
        node, compiled = found.get((code.co_firstlineno, code.co_name), (None, None))
        if node is not None and compiled is not None and _same(compiled, code):
            return Source(function, node)
    raise NotCompilableError(
        f"{code.co_filename}:{code.co_firstlineno}: the text of {function.__qualname__} is not "
        "what was imported: the file changed since",
        hint="start again, or reload the module",
    )


Found = dict[tuple[int, str], tuple[ast.FunctionDef, types.CodeType]]


@functools.lru_cache(maxsize=128)
def _parse(filename: str, text: str) -> Found | None:
    """Return every function of a text with its code object, by first line and name."""
    try:
        tree = ast.parse(text, filename)
        module = compile(tree, filename, "exec", dont_inherit=True)
    except SyntaxError:
        return None
    codes = {(code.co_firstlineno, code.co_name): code for code in _codes(module)}
    found: Found = {}
    for node in _functions(tree):
        first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
        if (first, node.name) in codes:
            found[first, node.name] = node, codes[first, node.name]
    return found


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield every function below a tree, looking at statements only: no expression holds one."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef):
            yield node
        for name in _BLOCKS:
            todo += getattr(node, name, ())


# The attributes of statements, and of the parts of try and match, that hold statements.
_BLOCKS = ("body", "orelse", "handlers", "cases", "finalbody")


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def _same(compiled: types.CodeType, live: types.CodeType) -> bool:
    def parts(code: types.CodeType) -> list[Any]:
        constants = [item for item in code.co_consts if not isinstance(item, types.CodeType)]
        return [code.co_code, code.co_names, code.co_varnames, repr(constants)]

    return parts(compiled) == parts(live)
