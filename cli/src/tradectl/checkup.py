"""What ``tradectl doctor`` looks at; each examination gives findings and changes nothing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import tradectl_sdk
from tradectl_sdk.errors import ConfigError, TradectlError, pip_install

from tradectl import __version__, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tradectl_sdk.config import LoadedSettings
    from tradectl_sdk.plugins import Plugins

    from tradectl.session import Session

OLDEST_PYTHON = (3, 11)
LITTLE_SPACE = 2 * 1024**3  # bytes; a year of one-minute bars of 100 instruments takes about this
NO_SPACE = 200 * 1024**2

Verdict = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row of the examination.

    Attributes:
        check: What was looked at.
        verdict: ok, warn (works, but), fail (does not work) or skip (does not apply).
        message: What was found.
        hint: What mends it; empty when nothing needs mending.
    """

    check: str
    verdict: Verdict
    message: str
    hint: str = ""


def examine(session: Session) -> Iterator[Finding]:
    """Yield the findings about this installation, in the order a person would ask."""
    yield from _installation()
    try:
        settings, plugins = session.checked()
    except ConfigError as error:
        yield Finding(
            check="settings",
            verdict="fail",
            message="; ".join([error.message, *map(str, error.problems)]),
            hint="tradectl config validate",
        )
        return
    yield _settings(settings)
    yield from _plugins(plugins, settings)
    for name, folder in _folders(settings).items():
        yield _writable(name, folder)
    yield _disk_space(_nearest(settings.settings.data.catalog))


def _installation() -> Iterator[Finding]:
    yield _python()
    yield _versions()
    yield _machine()
    yield _terminal()
    yield from _compiler()
    yield _feather()


def _python() -> Finding:
    bits = 64 if sys.maxsize > 2**32 else 32
    message = f"{platform.python_implementation()} {platform.python_version()}, {bits} bit"
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        return Finding(
            check="python",
            verdict="fail",
            message=message,
            hint=f"install Python {wanted} or newer",
        )
    if bits == 32:
        hint = "install a 64-bit Python: the engine's times and ticks are 64-bit integers"
        return Finding(check="python", verdict="fail", message=message, hint=hint)
    return Finding(check="python", verdict="ok", message=message)


def _versions() -> Finding:
    own, sdk = __version__, tradectl_sdk.__version__
    message = f"tradectl {own}, tradectl-sdk {sdk}"
    if own.split(".")[:2] != sdk.split(".")[:2]:
        hint = pip_install("--upgrade tradectl tradectl-sdk")
        return Finding(check="versions", verdict="fail", message=f"{message} differ", hint=hint)
    return Finding(check="versions", verdict="ok", message=message)


def _machine() -> Finding:
    cores = _usable_cores()
    counted = "1 core" if cores == 1 else f"{cores} cores"
    message = f"{platform.system()} {platform.machine()}, {counted}"
    return Finding(check="machine", verdict="ok", message=message)


def _usable_cores() -> int:
    """Return the cores this process may use, which a container may have limited."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _terminal() -> Finding:
    encoding = (sys.stdout.encoding or "unknown").lower()
    if not sys.stdout.isatty():
        message = f"no terminal, {encoding}: no colours, nothing moves"
        return Finding(check="terminal", verdict="ok", message=message)
    columns = shutil.get_terminal_size().columns
    if encoding.replace("-", "") != "utf8":
        hint = "set PYTHONUTF8=1, or a UTF-8 locale"
        message = f"{columns} columns, {encoding}: names in other scripts are shown as \\u codes"
        return Finding(check="terminal", verdict="warn", message=message, hint=hint)
    return Finding(check="terminal", verdict="ok", message=f"{columns} columns, {encoding}")


def _compiler() -> Iterator[Finding]:
    """Say whether strategies can be compiled, and where their machine code is kept."""
    try:
        from tradectl_sdk.kernel import cache_status
    except ImportError as error:
        yield Finding(
            check="compiler",
            verdict="warn",
            message=f"cannot be loaded, strategies run interpreted: {error}",
            hint=pip_install("--force-reinstall llvmlite"),
        )
        return
    yield Finding(check="compiler", verdict="ok", message=f"llvmlite {_version_of('llvmlite')}")
    cache = cache_status()
    units = "1 unit" if cache.units == 1 else f"{cache.units} units"
    kept = f"{cache.path} ({units}, {cache.size / 1024:,.0f} KiB)"
    hint = "set TRADECTL_CACHE_DIR to a folder you may write to"
    if not cache.writable:
        message = f"{cache.path} cannot be written: every start compiles anew"
        yield Finding(check="kernel cache", verdict="warn", message=message, hint=hint)
    elif cache.fallback:
        message = f"{kept}, among the temporary files: a restart may empty it"
        yield Finding(check="kernel cache", verdict="warn", message=message, hint=hint)
    else:
        yield Finding(check="kernel cache", verdict="ok", message=kept)


def warm_up(notify: Callable[[str], None]) -> Finding:
    """Compile a small kernel and compare it with its interpreted twin.

    Args:
        notify: Told before a compilation that takes time.
    """
    try:
        from tradectl.warmup import compile_and_compare

        seconds = compile_and_compare(notify)
    except (ImportError, ArithmeticError, OSError, TradectlError) as error:
        return Finding(
            check="warm-up",
            verdict="fail",
            message=f"a small kernel did not compile: {error}",
            hint=pip_install("--force-reinstall llvmlite tradectl-sdk"),
        )
    message = f"a small kernel was ready in {seconds * 1e3:,.0f} ms, equal to its Python twin"
    return Finding(check="warm-up", verdict="ok", message=message)


def _feather() -> Finding:
    if importlib.util.find_spec("pyarrow"):
        message = f"pyarrow {_version_of('pyarrow')}"
        return Finding(check="feather files", verdict="ok", message=message)
    return Finding(
        check="feather files",
        verdict="skip",
        message="pyarrow is not installed; only Feather files need it",
        hint=pip_install("'tradectl-sdk[feather]'"),
    )


def _version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def _settings(loaded: LoadedSettings) -> Finding:
    files = ", ".join(str(file) for file in loaded.files)
    message = f"valid, from {files}" if files else "all at their defaults, no file"
    return Finding(check="settings", verdict="ok", message=message)


def _plugins(plugins: Plugins, settings: LoadedSettings) -> Iterator[Finding]:
    loaded = [plugin.name for plugin in plugins.infos if plugin.status == "loaded"]
    if loaded:
        yield Finding(check="plugins", verdict="ok", message=f"loaded: {', '.join(loaded)}")
    elif not plugins.failures:
        hint = pip_install("tradectl-strategies")
        yield Finding(check="plugins", verdict="skip", message="none loaded", hint=hint)
    for failure in (*plugins.failures, *table.refused(settings.settings.plugins.disabled)):
        hint = failure.hint or "tradectl plugin list"
        yield Finding(check="plugins", verdict="warn", message=str(failure), hint=hint)


def _folders(settings: LoadedSettings) -> dict[str, Path]:
    return {"catalog": settings.settings.data.catalog, "runs": settings.settings.runs.directory}


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())


def _writable(name: str, folder: Path) -> Finding:
    existing = _nearest(folder)
    key = {"catalog": "data.catalog", "runs": "runs.directory"}[name]
    hint = f"give yourself the right to write there, or set {key} to another folder"
    if not existing.is_dir():
        message = f"{existing} is no folder"
        return Finding(check=name, verdict="fail", message=message, hint=hint)
    if not os.access(existing, os.W_OK | os.X_OK):
        message = f"{folder} cannot be written"
        return Finding(check=name, verdict="fail", message=message, hint=hint)
    state = "writable" if existing == folder.absolute() else "made when it is needed"
    return Finding(check=name, verdict="ok", message=f"{folder} ({state})")


def _disk_space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    message = f"{free / 1024**3:,.1f} GiB free at {folder}"
    if free >= LITTLE_SPACE:
        return Finding(check="disk", verdict="ok", message=message)
    return Finding(
        check="disk",
        verdict="warn" if free >= NO_SPACE else "fail",
        message=message,
        hint="make room, or set data.catalog and runs.directory to another disk",
    )
