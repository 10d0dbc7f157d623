"""Read source code for what a strategy may not touch: clock, network, disk, chance."""

from __future__ import annotations

import ast
import inspect
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@dataclass(frozen=True, slots=True)
class Use:
    """A name of another module that is used somewhere.

    Attributes:
        name: Full dotted name, such as ``time.time``.
        line: Line in the file, counted from 1.
    """

    name: str
    line: int


def uses(cls: type) -> tuple[Use, ...]:
    """Return what the module that defines a class takes from other modules, in order of lines.

    Follows imports and attributes (``import time as t; t.time()`` is ``time.time``), and builtins
    that are called (``open`` is ``builtins.open``).

    Raises:
        OSError: When there is no source to read.
    """
    source = inspect.getsource(sys.modules[cls.__module__])
    tree = ast.parse(source)
    imported = dict(_imports(tree))
    found = [Use(name, line) for name, line in _imported_names(tree)]
    for node in ast.walk(tree):
        name = _dotted(node, imported)
        if name:
            found.append(Use(name, getattr(node, "lineno", 0)))
    return tuple(sorted(set(found), key=lambda use: (use.line, use.name)))


def forbidden(found: Collection[Use], names: Collection[str]) -> tuple[Use, ...]:
    """Return the uses of these modules or functions, or of what is inside them."""
    return tuple(
        use
        for use in found
        if any(use.name == name or use.name.startswith(f"{name}.") for name in names)
    )


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield local name -> full name for every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                yield local, alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _imported_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def _dotted(node: ast.AST, imported: dict[str, str]) -> str:
    """Return the full name of an expression that begins with an import, or of a builtin call."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return "" if node.func.id in imported else f"builtins.{node.func.id}"
    parts: list[str] = []
    current = node
    while isinstance(current, ast.Attribute):
        parts.append(current.attr)
        current = current.value
    if not parts or not isinstance(current, ast.Name) or current.id not in imported:
        return ""
    return ".".join([imported[current.id], *reversed(parts)])
