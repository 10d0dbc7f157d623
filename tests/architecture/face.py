"""The three lists behind the SDK's lazy public face, which must say the same."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workspace import exported

if TYPE_CHECKING:
    from workspace import Module


def disagreements(face: Module) -> list[str]:
    """Compare `_HOMES`, ``__all__`` and the imports for type checkers of a lazy package."""
    homes = _homes(face)
    names = exported(face) or set()
    typed = _typed_imports(face)
    found = [f"{name}: in __all__, without a home" for name in names - set(homes) - {"__version__"}]
    found += [f"{name}: has a home, not in __all__" for name in set(homes) - names]
    for name in set(homes) | set(typed):
        if homes.get(name) != typed.get(name):
            found.append(
                f"{name}: at home in {homes.get(name)}, imported for types from {typed.get(name)}"
            )
    if list(homes) != sorted(homes):
        found.append("_HOMES is not sorted")
    return sorted(found)


def _homes(face: Module) -> dict[str, str]:
    for node in face.tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id == "_HOMES":
            table: dict[str, str] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            return table
    return {}


def _typed_imports(face: Module) -> dict[str, str]:
    """Return name -> module for the imports under ``if TYPE_CHECKING``."""
    found = {}
    for node in face.tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in ast.walk(node):
                if isinstance(statement, ast.ImportFrom):
                    for alias in statement.names:
                        found[alias.asname or alias.name] = statement.module or ""
    return {name: module for name, module in found.items() if module.startswith("tradectl_sdk")}
