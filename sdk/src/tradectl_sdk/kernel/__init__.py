"""Kernels: plain Python objects that also run as machine code.

A *kernel* is an initialised object of an ordinary Python class. :func:`compile_kernel` looks at
its attributes, compiles its entry method with everything that method reaches, and returns a
callable that runs it on any object of the same shape. The very same object, untouched, is the
interpreted twin: calling the method itself gives the same result, to the last bit, or compiled
code raises :class:`~tradectl_sdk.errors.KernelRaisedError` and gives none.

::

    compiled = compile_kernel(engine)     # about 0.1 s the first time, 10 ms from the disk cache
    fills = compiled(engine)              # the engine's attributes hold the outcome

**Attributes** get their first value before the run and keep their type through it:

========================  =========================================================================
``bool int float``        read and written; an int or bool may go into a float, a bool into an int
``IntEnum`` member        an int while running, a member again afterwards
list                      of floats, ints or bools, not empty; elements change, the length does not
                          (a class with ``ONE_IS_KNOWN = True`` has lists of one compiled by
                          themselves: looking one up asks for no length)
NumPy array, memoryview   C-contiguous, one or two dimensions, float64 int64 int32 int8 uint8 bool;
                          shared, not copied; ``memoryview(array)`` gives the twin Python numbers
                          (a two-dimensional one is a table: its width is part of the shape)
another kernel            by reference: one object reached by two ways stays one object
list of kernels           that look alike; unless it is 1, its length is not compiled in
tuple                     of any of these; its length is part of the shape
``None``                  an absent part: ``if self.limit is not None`` is decided when compiling
anything else             may be there, but compiled code may not touch it
========================  =========================================================================

A NumPy array's elements are NumPy scalars in the twin, which warn where Python numbers raise
(``x / 0.0``) and wrap where they grow; hold ``memoryview(array)`` to have none of that.

**Code** may use methods (inherited, ``super()``, static, with defaults and keywords), properties,
class and module constants, plain functions of any module, ``if while for`` over ``range``,
``enumerate``, lists, arrays and tuples, tuples as values, ``raise``, ``assert``, ``math``,
``abs min max round int float bool len divmod isinstance`` and NumPy's exact functions of one
number. Tables are tuples or read-only NumPy arrays of a module. There are no strings, no growing
lists, no new objects, no ``try``: :class:`~tradectl_sdk.errors.NotCompilableError` names the line.

**Numbers** mean what Python means: floor division, exceptions for division by zero and bad
indices, exact comparison of ints with floats, the C library's functions under ``math``'s error
rules. What would differ raises: an int beyond 64 bits is an OverflowError, a complex power a
ValueError. One thing is wider than in Python: a variable that is an int on one path and a float
on another, or an int stored into a float attribute, is a float throughout.

**While it runs** compiled code holds no lock of Python's, so threads run side by side, and Ctrl-C
waits until the entry returns. A variable has one kind in its function; a method is compiled once
per combination of argument kinds; a function may not call itself. The checks that keep all this
true cost little: of the loop of a moving-average strategy, bounds of indices take about 5 % and
overflow of ints about 2 %.

:func:`~tradectl_sdk.kernel.hints.soon` says that elements will be read soon: where memory is
read at places nobody can foresee, the wait for it then passes beside other work.

How it works, from the ground up: :mod:`~tradectl_sdk.kernel.census` looks at objects,
:mod:`~tradectl_sdk.kernel.sources` makes the cache key, :mod:`~tradectl_sdk.kernel.store` keeps
units on disk, :mod:`~tradectl_sdk.kernel.memory` binds objects to native memory. Only a miss loads
the compiler: :mod:`~tradectl_sdk.kernel.syntax` finds the syntax tree,
:mod:`~tradectl_sdk.kernel.functions` and the modules below it turn it into LLVM's language, and
:mod:`~tradectl_sdk.kernel.machine` has LLVM turn that into object code. Numba is not involved.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.errors import KernelRaisedError, NotCompilableError
    from tradectl_sdk.kernel.compiled import CompiledKernel, compile_kernel
    from tradectl_sdk.kernel.store import CacheStatus, cache_status

__all__ = [
    "CacheStatus",
    "CompiledKernel",
    "KernelRaisedError",
    "NotCompilableError",
    "cache_status",
    "compile_kernel",
]
_HOMES = {
    "CacheStatus": "tradectl_sdk.kernel.store",
    "CompiledKernel": "tradectl_sdk.kernel.compiled",
    "KernelRaisedError": "tradectl_sdk.errors",
    "NotCompilableError": "tradectl_sdk.errors",
    "cache_status": "tradectl_sdk.kernel.store",
    "compile_kernel": "tradectl_sdk.kernel.compiled",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: what only hints to LLVM needs none of LLVM."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
