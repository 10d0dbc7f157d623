"""The way in: compile an object's entry method, or find it compiled already, and call it."""

from __future__ import annotations

import ctypes
import inspect
import types
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import KernelRaisedError, NotCompilableError
from tradectl_sdk.kernel import store
from tradectl_sdk.kernel.census import take_census
from tradectl_sdk.kernel.machine import Loaded
from tradectl_sdk.kernel.memory import Binding, Memory
from tradectl_sdk.kernel.merging import lay_out
from tradectl_sdk.kernel.sources import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.kernel.memory import Reading
    from tradectl_sdk.kernel.program import Program
    from tradectl_sdk.kernel.shape import Census, Shape


class CompiledKernel:
    """The machine code of an entry method, for every object of one shape."""

    def __init__(self, shape: Shape, program: Program) -> None:
        self._shape = shape
        self._program = program
        layout = lay_out(shape, program.merges)
        assert layout is not None  # noqa: S101 - it was compiled with these very merges
        self._binding = Binding(layout, program.stored)
        self._loaded = Loaded(program.code, program.entry, program.symbols)

    def fits(self, census: Census) -> bool:
        """Whether an object is of the shape this was compiled for."""
        return census.shape == self._shape

    def __call__(
        self,
        obj: Any,
        census: Census | None = None,
        *,
        pause: int | None = None,
        turn: Callable[[], None] | None = None,
    ) -> Any:
        """Run the entry on an object as it is now and leave the outcome in the object.

        Args:
            obj: The entry kernel.
            census: One taken of it since it last changed; spares taking another.
            pause: A result that means: not done yet, call again. The state stays in compiled form
                in between, so that a pause costs next to nothing; but Python gets a turn, and with
                it whoever has pressed Ctrl-C. After that the object is as it was before the call.
            turn: Called at each pause.

        Raises:
            KernelRaisedError: The compiled code raised; the object holds the state of that moment.
            NotCompilableError: The object is not of the shape that was compiled.
        """
        census = census or take_census(obj)
        if census.shape != self._shape:
            raise NotCompilableError(_difference(self._shape, census.shape))
        return self.run(self.bind(census), pause=pause, turn=turn)

    def bind(self, census: Census, exchanged: Sequence[int] = ()) -> Memory:
        """Put objects of the right shape into native memory; see :class:`.memory.Memory`."""
        return Memory(census, self._binding, exchanged)

    def run(
        self,
        memory: Memory,
        *,
        pause: int | None = None,
        turn: Callable[[], None] | None = None,
        reading: Reading | None = None,
    ) -> Any:
        """Run the entry on objects that were bound; arguments and errors are those of a call.

        Args:
            memory: The objects.
            pause: As for a call.
            turn: As for a call.
            reading: The objects that are to hold the outcome; all unless given.
        """
        result = ctypes.c_int64()
        status = self._loaded.call(ctypes.byref(result), memory.address)
        while result.value == pause and not status:
            if turn is not None:
                turn()
            status = self._loaded.call(ctypes.byref(result), memory.address)
        if reading is None:
            memory.write_back()
        else:
            memory.write_back_to(reading)
        if status:
            site = self._program.raises[status - 1]
            raise KernelRaisedError(
                site.exception, site.message, site.function, site.filename, site.line
            )
        return _RESULTS[self._program.returns](result.value)


_RESULTS: dict[str, Callable[[int], Any]] = {
    "None": lambda _: None,
    "bool": lambda word: bool(word & 1),
    "int": int,
    "float": lambda word: ctypes.c_double.from_buffer(ctypes.c_int64(word)).value,
}


def compile_kernel(
    obj: Any, entry: str = "run", notify: Callable[[str], None] | None = None
) -> CompiledKernel:
    """Compile the method ``entry`` of an initialised object, with everything it reaches.

    Args:
        obj: The entry kernel; its present attributes say what is compiled.
        entry: A method without arguments that returns a number or nothing.
        notify: Called once with a line of text before a compilation that takes time.

    Raises:
        NotCompilableError: Something it reaches cannot be expressed as machine code.
    """
    return find_compiled(obj, take_census(obj), entry, notify)


def find_compiled(
    obj: Any, census: Census, entry: str = "run", notify: Callable[[str], None] | None = None
) -> CompiledKernel:
    """Do what :func:`compile_kernel` does for an object whose census has been taken."""
    function = inspect.getattr_static(type(obj), entry, None)
    if not isinstance(function, types.FunctionType):
        raise NotCompilableError(f"{type(obj).__qualname__} has no method {entry!r}")
    key = fingerprint(census.shape, function)
    known = _memory.get((key, census.shape))
    if known is None:
        program = store.load(key)
        if program is None:
            if notify is not None:
                notify(f"compiling {type(obj).__qualname__} (first run only)")
            program = _build(census.shape, function)
            store.save(key, program)
        known = CompiledKernel(census.shape, program)
        while len(_memory) >= _REMEMBERED:
            _memory.pop(next(iter(_memory)))
        _memory[key, census.shape] = known
    return known


_REMEMBERED = 64
_memory: dict[tuple[str, Shape], CompiledKernel] = {}


def _build(shape: Shape, function: types.FunctionType) -> Program:
    from tradectl_sdk.kernel.entry import emit  # only a real compilation needs the compiler

    return emit(shape, function)


def _difference(expected: Shape, found: Shape) -> str:
    """Say what keeps an object from running on code compiled for another one."""
    for one, other in zip(expected.structs, found.structs, strict=False):
        if one.cls is not other.cls:
            return f"expected {one.cls.__qualname__} in this place, was {other.cls.__qualname__}"
        for was, now in zip(one.fields, other.fields, strict=False):
            if was.name != now.name:
                return f"{one.cls.__qualname__} has the attribute {now.name!r}, was {was.name!r}"
            if was.kind != now.kind:
                return f"{one.cls.__qualname__}.{was.name} has changed its type"
    return "the object is not of the shape that was compiled"
