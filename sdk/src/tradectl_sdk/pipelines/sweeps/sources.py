"""Strategies that travel: by the name of an installed one, or as the text of their file.

Installed code is never sent; what arrives is compared with a hash before anything runs.
"""

from __future__ import annotations

import ast
import functools
import importlib
import shutil
import sys
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.finding import FoundStrategy, find_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.plugins import Plugins


@functools.cache
def _scratch() -> Path:
    """The folder of files that were sent to this process; it goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="tradectl-sent-"))
    # Workers of pools end without the interpreter's own farewell, but not without this one
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=0)
    return folder


def source_of(found: FoundStrategy, plugins: Plugins | None) -> dict[str, Any]:
    """Say in plain values where another process has a strategy from.

    Raises:
        UsageError: If the class was made in this process and is in no file.
    """
    cls = found.cls
    offered = loaded(plugins).strategies().get(found.name)
    if offered is not None and offered.source == found.source:
        return {"plugin": found.name}
    if "." in cls.__module__:
        return {"module": cls.__module__, "class": _outer(found)}
    path = Path(getattr(sys.modules.get(cls.__module__), "__file__", None) or "")
    if not path.is_file():
        raise _here_only(found)
    return {
        "file": path.name,
        "folder": str(path.parent),
        "class": _outer(found),
        "files": _files(path),
    }


def find_sent(source: Mapping[str, Any], plugins: Plugins | None) -> FoundStrategy:
    """Find a strategy as :func:`source_of` described it, in this process.

    Raises:
        TradectlError: If it cannot be found or imported here.
    """
    if "plugin" in source:
        return find_strategy(source["plugin"], plugins)
    if "file" in source:
        return _from_text(source)
    try:
        cls = getattr(importlib.import_module(source["module"]), source["class"])
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{source['module']}.{source['class']} could not be imported: {error}",
            hint="install its package where the workers are, or give the strategy as path.py:Class",
        ) from error
    return find_strategy(cls)


def _from_text(source: Mapping[str, Any]) -> FoundStrategy:
    """Write files into a folder of their own and import one; the folder stays for tracebacks."""
    folder = Path(tempfile.mkdtemp(dir=_scratch()))
    for name, text in source["files"].items():
        if Path(name).name != name or Path(name).suffix != ".py":
            raise UsageError(f"a file that was sent is called {name!r}, expected name.py")
        (folder / name).write_text(text, encoding="utf-8", newline="")
        _forget(Path(name).stem)
    return find_strategy(f"{folder / source['file']}:{source['class']}")


def _forget(name: str) -> None:
    """Forget what an earlier task sent under the same name; it may be another text."""
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    if Path(file).parent.parent.name == _scratch().name:
        del sys.modules[name]


def _files(path: Path) -> dict[str, str]:
    """Return a file and those beside it that it imports, and they import: name -> text."""
    found: dict[str, str] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file.name in found or not file.is_file():
            continue
        found[file.name] = file.read_bytes().decode("utf-8")
        waiting += [path.with_name(f"{name}.py") for name in _imported(found[file.name])]
    return dict(sorted(found.items()))


def _imported(text: str) -> list[str]:
    """Names of modules that a file imports; those that are in packages have dots."""
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return names


def _outer(found: FoundStrategy) -> str:
    if "." in found.cls.__qualname__:
        raise _here_only(found)
    return found.cls.__qualname__


def _here_only(found: FoundStrategy) -> UsageError:
    return UsageError(
        f"{found.name} was made in this process, so nobody else can run it",
        hint="write it into a file, outside of functions, and give it as path.py:Class",
    )
