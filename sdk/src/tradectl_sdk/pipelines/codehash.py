"""What code a run depends on, as hashes: the strategy's, the rules', the cost models', ours."""

from __future__ import annotations

import functools
import hashlib
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

_SDK = Path(__file__).parents[1]
# Rooms whose code decides what a backtest gives.
_ROOMS = ("domain", "kernel", "indicators", "engine", "models")
_FOREIGN = frozenset(sys.stdlib_module_names) | {"numpy", "tradectl_sdk"}


@functools.cache
def engine_version() -> str:
    """Version of the engine with a hash of its sources, so that any change is a new run."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((_SDK / room).rglob("*.py")):
            digest.update(path.relative_to(_SDK).as_posix().encode() + path.read_bytes())
    digest.update((_SDK / "strategy.py").read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def class_hash(cls: type) -> str:
    """SHA-256 over the files of a class and its bases and of all modules of its own they reach.

    Modules of Python, NumPy and the SDK count by their versions instead. A class without a file
    (made at a prompt) counts by its code objects.
    """
    digest = hashlib.sha256(f"{cls.__qualname__}".encode())
    for module in sorted(_reached(cls), key=lambda one: one.__name__):
        file = getattr(module, "__file__", None)
        if file and Path(file).suffix == ".py":
            digest.update(Path(file).read_bytes())
        else:
            digest.update(_code_of(cls))
    return digest.hexdigest()


def _reached(cls: type) -> list[types.ModuleType]:
    waiting = [base.__module__ for base in cls.__mro__]
    found: dict[str, types.ModuleType] = {}
    while waiting:
        name = waiting.pop()
        if name in found or name.partition(".")[0] in _FOREIGN - {"__main__"}:
            continue
        module = sys.modules.get(name)
        if module is None or _is_installed_elsewhere(module, cls):
            continue
        found[name] = module
        waiting.extend(_mentioned(module))
    return list(found.values())


def _mentioned(module: types.ModuleType) -> Iterator[str]:
    for value in list(vars(module).values()):
        if isinstance(value, types.ModuleType):
            yield value.__name__
        elif isinstance(value, type | types.FunctionType):
            yield value.__module__


def _is_installed_elsewhere(module: types.ModuleType, cls: type) -> bool:
    """Whether a module belongs to another package than the strategy; its version then counts."""
    home = sys.modules[cls.__module__]
    own, other = (getattr(one, "__file__", None) or "" for one in (home, module))
    top = cls.__module__.partition(".")[0]
    return module.__name__.partition(".")[0] != top and Path(other).parent != Path(own).parent


def _code_of(cls: type) -> bytes:
    return repr(
        [
            (base.__qualname__, name, _content(value.__code__))
            for base in cls.__mro__
            if base.__module__.partition(".")[0] not in _FOREIGN - {"__main__"}
            for name, value in sorted(vars(base).items())
            if isinstance(value, types.FunctionType)
        ]
    ).encode()


def _content(code: types.CodeType) -> tuple[object, ...]:
    """What a code object does, without where it was written."""
    constants = [_content(c) if isinstance(c, types.CodeType) else c for c in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, constants
