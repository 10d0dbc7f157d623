"""LLVM: from a unit to object code for this processor, and from object code to an address."""

from __future__ import annotations

import ctypes
import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm

if TYPE_CHECKING:
    from llvmlite import ir

PREFIX = "tradectl_"
_lock = threading.Lock()


@functools.cache
def processor() -> tuple[str, str]:
    """Return the processor's name and features, as LLVM knows them."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _target() -> Any:
    """Make a target machine; an execution engine takes its own and frees it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = processor()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, jit=True
    )


def emit_object(module: ir.Module, level: int = 3) -> bytes:
    """Optimise a module and return its object code.

    No fast-math flag is ever set, and LLVM fuses a multiplication with an addition only when
    such a flag allows it, so floats keep Python's results.
    """
    with _lock:
        machine = _target()
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        parsed = llvm.parse_assembly(str(module))
        parsed.verify()
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(level))
        builder.getModulePassManager().run(parsed, builder)
        return bytes(machine.emit_object(parsed))


class Loaded:
    """Object code in memory, ready to be called.

    Args:
        code: What :func:`emit_object` returned, now or in another process.
        entry: The symbol to call.
        symbols: The functions of the C library it needs.
    """

    def __init__(self, code: bytes, entry: str, symbols: tuple[str, ...]) -> None:
        with _lock:
            for name in symbols:
                llvm.add_symbol(PREFIX + name, c_function(name))
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            self._engine.finalize_object()
            address = self._engine.get_function_address(entry)
        signature = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
        self.call = signature(address)


@functools.cache
def c_function(name: str) -> int:
    """Return the address of a function of the C library CPython's ``math`` uses."""
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    assert address is not None  # noqa: S101 - getattr would have raised
    return address
