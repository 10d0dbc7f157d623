"""How long a module and a function may be."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE_LINES = 400
TEST_MODULE_LINES = 600
FUNCTION_LINES = 60


def long_modules(files: list[Path]) -> list[str]:
    """Return the modules with more lines than agreed."""
    found = []
    for file in files:
        count = len(file.read_text(encoding="utf-8").splitlines())
        if count > (TEST_MODULE_LINES if "tests" in file.parts else MODULE_LINES):
            found.append(f"{file}: {count} lines")
    return found


def long_functions(files: list[Path]) -> list[str]:
    """Return the functions with more lines than agreed.

    What counts is what is done: not the docstring, nor the signature, which for a command is the
    table of its options.
    """
    return [
        f"{file}:{node.lineno} {node.name}: {_length(node)} lines"
        for file in files
        for node in _functions(file)
        if _length(node) > FUNCTION_LINES
    ]


def _functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or 0) - function.body[0].lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines
