"""Finding a strategy by the name people give it: a plugin's, or ``path.py:Class``."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.errors import NotFoundError, StrategyError, UsageError, did_you_mean
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from types import ModuleType

    from tradectl_sdk.plugins import Plugins

_HANDLERS = tuple(name for name in vars(Strategy) if name.startswith("on_"))


@dataclass(frozen=True, slots=True)
class FoundStrategy:
    """A strategy and where it came from.

    Attributes:
        name: What to call it in lists.
        cls: Its class.
        source: ``tradectl-strategies 0.1.0``, a file, or the module of a class given as such.
    """

    name: str
    cls: type[Strategy]
    source: str


def find_strategy(reference: str | type[Strategy], plugins: Plugins | None = None) -> FoundStrategy:
    """Find a strategy.

    Args:
        reference: A class, the name of a plugin's strategy, or ``path.py:Class``; the class may
            be left out when the file has only one strategy.
        plugins: Where names are looked up; the installed ones unless given.

    Raises:
        NotFoundError: If there is none of that name.
        UsageError: If it is no strategy, or a handler of it takes something else than it is given.
        StrategyError: If its file cannot be imported.
        PluginError: If the plugin's class cannot be.
    """
    if not isinstance(reference, str):
        cls = _checked(reference)
        return FoundStrategy(cls.__name__, cls, cls.__module__)
    path, _, name = reference.partition(":")
    if path.endswith(".py"):
        return _from_file(Path(path), name)
    return _from_plugins(reference, plugins)


def _from_plugins(name: str, plugins: Plugins | None) -> FoundStrategy:
    if plugins is None:
        from tradectl_sdk.plugins import Plugins

        plugins = Plugins.discover().load()
    offered = plugins.strategies()
    if name not in offered:
        known = ", ".join(sorted(offered)) or "none"
        near = did_you_mean(name, offered)
        raise NotFoundError(
            f"there is no strategy {name!r}; there is {known}",
            hint=near or "tradectl strategy list shows them; a file is given as path.py:Class",
        )
    provided = offered[name]
    return FoundStrategy(name, _checked(provided.load()), provided.source)


def _from_file(path: Path, name: str) -> FoundStrategy:
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}", hint="give the strategy as path.py:Class")
    module = _import(path.resolve())
    own = {
        key: value
        for key, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Strategy) and value is not Strategy
    }
    here = {key: value for key, value in own.items() if value.__module__ == module.__name__}
    if not name and len(here) == 1:
        name = next(iter(here))
    if name not in own:
        known = ", ".join(sorted(here)) or "no strategy"
        wanted = f"has no strategy {name!r}" if name or not here else "has several strategies"
        raise NotFoundError(
            f"{path} {wanted}; it has {known}" if here else f"{path} has no strategy",
            hint=did_you_mean(name, here) or "give it as path.py:Class",
        )
    return FoundStrategy(name, _checked(own[name]), str(path))


def _import(path: Path) -> ModuleType:
    """Import a file under a name of its own; its folder is importable, as for a script."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    name = f"_tradectl_file_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotFoundError(f"{path} was no Python file, expected one")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script may end itself; the program goes on
        del sys.modules[name]
        line = _line_of(error, path)
        raise StrategyError(
            f"{path}{line} could not be imported: {type(error).__name__}: {error}"
        ) from error
    return module


def _line_of(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.lineno and error.filename == str(path):
        return f":{error.lineno}"
    import traceback

    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == str(path):
            return f":{frame.lineno}"
    return ""


def _checked(cls: object) -> type[Strategy]:
    if not (inspect.isclass(cls) and issubclass(cls, Strategy)):
        raise UsageError(
            f"{getattr(cls, '__name__', cls)} was no strategy, expected a subclass of Strategy",
            hint="give the class itself, the name of a plugin's, or path.py:Class",
        )
    _require_names(cls)
    for handler in _HANDLERS:
        _require_arguments(cls, handler)
    return cls


def _require_names(cls: type[Strategy]) -> None:
    """See that no method is a handler spelt wrong, beside which the strategy does nothing."""
    for name, _ in inspect.getmembers_static(cls, inspect.isfunction):
        meant = _handler_meant(name)
        if meant not in ("", name) and getattr(cls, meant) is getattr(Strategy, meant):
            raise UsageError(
                f"{cls.__name__}.{name} is no handler; did you mean {meant}?",
                hint=f"name it {meant}, or _{name} if it is a method of your own",
            )


def _handler_meant(name: str) -> str:
    """Return the handler that a public name is but for underscores, capitals and a plural."""
    flat = {each.replace("_", ""): each for each in _HANDLERS}
    plain = name.replace("_", "").lower().removesuffix("s")
    return "" if name.startswith("_") else flat.get(plain, "")


def _require_arguments(cls: type[Strategy], handler: str) -> None:
    """See that a handler takes what it will be given, before data are read for it."""
    function = inspect.getattr_static(cls, handler)
    if not inspect.isfunction(function):
        return  # something clever, which is left to its author
    expected = list(inspect.signature(getattr(Strategy, handler)).parameters)
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise UsageError(
            f"{cls.__name__}.{handler} would never run, for it is async or has a yield",
            hint=f"write it as def {handler}({', '.join(expected)}): without await and yield",
        )
    signature = inspect.signature(function).replace(return_annotation=inspect.Signature.empty)
    try:
        signature.bind(*expected)
    except TypeError:
        raise UsageError(
            f"{cls.__name__}.{handler} takes {signature}, expected ({', '.join(expected)})",
            hint=f"write it as def {handler}({', '.join(expected)}):",
        ) from None
