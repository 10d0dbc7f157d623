"""Compiles the example library with the C compiler of the machine; skips by name without one."""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tradectl_native.adapter import NativeExchange
from tradectl_native.library import file_hash
from tradectl_native.settings import NativeSettings
from tradectl_sdk.exchange import Credentials
from tradectl_sdk.testing import ExchangeStage, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).parent
INCLUDE = HERE.parent / "src" / "tradectl_native" / "include"
KEY = "the-key-of-the-native-venue"
MINUTE = 60_000_000_000
HANG, LOSE_ANSWER, UNREACHABLE, BUSY, GARBAGE, UNSENT = 1, 2, 4, 8, 16, 32


def compile_with(arguments: list[str]) -> None:
    """Run the C compiler; warnings are errors."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform == "win32":
        pytest.skip("a C compiler is absent: cc, gcc or clang")
    command = [compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror"]
    done = subprocess.run(
        [*command, f"-I{INCLUDE}", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def build(folder: Path, *, name: str = "venue", source: Path = HERE / "venue.c") -> Path:
    """Compile a library."""
    suffix = "dylib" if sys.platform == "darwin" else "so"
    path = folder / f"lib{name}.{suffix}"
    compile_with(["-O1", "-shared", "-fPIC", "-pthread", "-o", str(path), str(source)])
    return path


def settings_of(path: Path, **changes: Any) -> NativeSettings:
    usual: dict[str, Any] = {"library": path, "sha256": file_hash(path), "poll_milliseconds": 10}
    return NativeSettings(**(usual | changes))


class NativeStage(ExchangeStage):
    """The example library with everything that can go wrong there."""

    instrument = "ACME/USD.NATIVE"
    lots = 500
    bar_length = MINUTE
    secrets = (KEY,)
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault)
    bits: ClassVar[dict[Fault, int]] = {
        Fault.ANSWER_LOST: LOSE_ANSWER,
        Fault.UNREACHABLE: UNREACHABLE,
        Fault.RATE_LIMIT: BUSY,
    }

    def __init__(self, path: Path, **changes: Any) -> None:
        self.path, self.changes = path, changes
        self.demo = ctypes.CDLL(str(path))  # the same library that the adapter loads
        self.demo.demo_reset(KEY.encode())

    def connect(self) -> NativeExchange:
        keys = Credentials.of({"api_key": KEY})
        return NativeExchange(settings_of(self.path, **self.changes), keys)

    async def resting_price(self) -> int:
        return 5_000

    async def taking_price(self) -> int:
        return 10_100

    async def advance(self) -> None:
        self.demo.demo_advance(0)

    async def cause(self, fault: Fault) -> None:
        if fault is Fault.STREAMS_CUT:
            self.demo.demo_cut()
        else:
            self.demo.demo_fault(self.bits[fault])

    async def heal(self) -> None:
        self.demo.demo_fault(0)


def rehearsal(path: Path, **changes: Any) -> Any:
    @contextlib.asynccontextmanager
    async def stage() -> AsyncIterator[NativeStage]:
        yield NativeStage(path, **changes)

    return stage
