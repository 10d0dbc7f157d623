"""The workspace as the rules see it: distributions, their modules, what each module imports."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "sdk"
FOLDERS = ("sdk", "cli", "marketplace", "plugins/*")


@dataclass(frozen=True)
class Import:
    """One name that a module imports; `name` is empty for ``import module``."""

    module: str
    name: str
    line: int


@dataclass(frozen=True)
class Module:
    """One Python file of a source folder."""

    name: str
    path: Path
    is_package: bool

    @cached_property
    def tree(self) -> ast.Module:
        return _parse(self.path)

    @property
    def room(self) -> str:
        """The second part of its name: the room of the SDK it is in; empty for the face."""
        return self.name.partition(".")[2].partition(".")[0]

    def imports(self) -> Iterator[Import]:
        """Yield every import, inside functions and for type checkers too."""
        yield from _all_imports(self.path)

    def needs(self) -> Iterator[Import]:
        """Yield what it imports when it is used, which leaves out what is for type checkers."""
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            yield from _imports([node])
            if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
                waiting += ast.iter_child_nodes(node)


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache  # each of four rules asks every module
def _all_imports(path: Path) -> tuple[Import, ...]:
    return tuple(_imports(ast.walk(_parse(path))))


def _imports(nodes: Iterable[ast.AST]) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(node.module or "", alias.name, node.lineno)


def modules(source: Path) -> list[Module]:
    """Return the modules below a source folder; templates are text, not modules."""
    found = []
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        if "templates" not in parts:
            is_package = parts[-1] == "__init__"
            found.append(Module(".".join(parts[:-1] if is_package else parts), path, is_package))
    return found


def distributions(root: Path) -> list[Path]:
    """Return the folders of the distributions in a workspace."""
    folders = [folder for pattern in FOLDERS for folder in sorted(root.glob(pattern))]
    return [folder for folder in folders if (folder / "pyproject.toml").is_file()]


def project(distribution: Path) -> dict[str, Any]:
    """Return the [project] table of a distribution."""
    table: dict[str, Any] = tomllib.loads(
        (distribution / "pyproject.toml").read_text(encoding="utf-8")
    )["project"]
    return table


def package_name(distribution: Path) -> str:
    """Return the import name of a distribution: its own name with underscores."""
    return str(project(distribution)["name"]).replace("-", "_")


def exported(module: Module) -> set[str] | None:
    """Return the names in a module's ``__all__``, or None when it has none."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            return set(ast.literal_eval(node.value))
    return None
