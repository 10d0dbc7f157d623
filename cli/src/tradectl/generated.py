"""Code that Python writes as text and compiles at every start, kept compiled.

Data classes, named tuples and forward references are made by writing text and compiling it: some
900 texts when a backtest starts, which took a seventh of its time. What was compiled once is kept
in a file beside compiled strategies, and looked up by the text itself, so that it can never be
stale; a file belongs to one Python. Whatever is wrong with it, Python compiles as ever.
"""

from __future__ import annotations

import builtins
import collections
import contextlib
import marshal
import os
import sys
import typing
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

_MAGIC = b"tradectl generated 1\n"
_LARGEST = 4_000_000  # bytes, beyond which only what the last command needed is kept

_Key = tuple[str, str]


class RememberedCode:
    """While entered, what three modules of Python generate is looked up before it is compiled.

    Args:
        path: The file where it is kept.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: dict[_Key, bytes] = {}
        self._used: dict[_Key, bytes] = {}
        self._patched: list[tuple[ModuleType, str]] = []

    def __enter__(self) -> None:
        import dataclasses  # makes none of its own

        self._known = _read(self._path)
        self._shadow(dataclasses, "exec", self._exec)
        self._shadow(collections, "eval", self._eval)
        self._shadow(typing, "compile", self._compile)

    def __exit__(self, *_: object) -> None:
        for module, name in self._patched:
            del vars(module)[name]
        self._patched = []
        if not self._used.keys() <= self._known.keys():
            merged = self._known | self._used
            large = sum(map(len, merged.values())) > _LARGEST
            _write(self._path, self._used if large else merged)

    def _shadow(self, module: ModuleType, name: str, function: object) -> None:
        """Have a module find a function of ours before the built-in one of that name."""
        if name not in vars(module):
            vars(module)[name] = function
            self._patched.append((module, name))

    def _exec(self, source: object, *names: object, **more: object) -> None:
        code = self._compiled(source, "exec")
        builtins.exec(code, *names, **more)  # type: ignore[arg-type]  # noqa: S102 - as without us

    def _eval(self, source: object, *names: object, **more: object) -> object:
        code = self._compiled(source, "eval")
        return builtins.eval(code, *names, **more)  # type: ignore[arg-type]  # noqa: S307

    def _compile(
        self, source: object, name: str, mode: str, *how: object, **more: object
    ) -> object:
        if how or more or name != "<string>":
            return builtins.compile(source, name, mode, *how, **more)  # type: ignore[call-overload]
        return self._compiled(source, mode)

    def _compiled(self, source: object, mode: str) -> object:
        if not isinstance(source, str):
            return source
        data = self._known.get((source, mode))
        if data is not None:
            self._used[source, mode] = data
            return marshal.loads(data)  # noqa: S302 - our own
        code = builtins.compile(source, "<string>", mode, dont_inherit=True)
        self._used[source, mode] = marshal.dumps(code)
        return code


def home() -> str:
    """Return the file for this Python, in the folder that compiled strategies are kept in."""
    folder = os.environ.get("TRADECTL_CACHE_DIR")
    if not folder:
        import platformdirs

        folder = platformdirs.user_cache_dir("tradectl")
    kind = sys.implementation.cache_tag or sys.implementation.name
    name = f"{kind}-{sys.hexversion:x}-{sys.flags.optimize}.code"
    return os.path.join(folder, "generated", name)  # noqa: PTH118 - pathlib is not imported yet


def _read(path: str) -> dict[_Key, bytes]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not imported yet
            data = file.read()
    except OSError:
        return {}
    body = data[len(_MAGIC) + 4 :]
    if not data.startswith(_head(body)):
        return {}
    known: dict[_Key, bytes] = marshal.loads(body)  # noqa: S302 - our own
    return known


def _write(path: str, codes: dict[_Key, bytes]) -> None:
    """Put the file in its place whole, or leave it: some caches cannot be written."""
    body, part = marshal.dumps(codes), f"{path}.{os.getpid()}.part"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        with open(part, "wb") as file:  # noqa: PTH123
            file.write(_head(body) + body)
        os.replace(part, path)  # noqa: PTH105
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)  # noqa: PTH108


def _head(body: bytes) -> bytes:
    """What a file begins with, so that a damaged one is none."""
    return _MAGIC + zlib.crc32(body).to_bytes(4, "little")
