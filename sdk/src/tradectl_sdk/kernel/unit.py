"""One unit of compilation: the LLVM module that all functions reached from the entry share.

Every compiled function returns a status: 0, or the number of the place that raised; its result
goes through a pointer. The table of places travels with the object code, so that an exception can
be named by a process that never saw the source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from tradectl_sdk.kernel.kinds import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    Buffer,
    Kernel,
    Kernels,
    Kind,
    Scalar,
    Static,
    Tuple,
)

if TYPE_CHECKING:
    from tradectl_sdk.kernel.program import RaiseSite
    from tradectl_sdk.kernel.shape import Field, Shape

STATUS = ir.IntType(32)
BIT = ir.IntType(1)
WORD = ir.IntType(64)
DOUBLE = ir.DoubleType()
POINTER = ir.PointerType()

ELEMENTS: dict[str, tuple[ir.Type, Kind]] = {
    "float64": (DOUBLE, FLOAT),
    "int64": (WORD, INT),
    "int32": (ir.IntType(32), INT),
    "int8": (ir.IntType(8), INT),
    "uint8": (ir.IntType(8), INT),
    "bool": (ir.IntType(8), BOOL),
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value in the making: its kind and the LLVM value that computes it."""

    kind: Kind
    ir: Any


@dataclass(frozen=True, slots=True)
class Exit:
    """The one way out of the entry, so that what it held in registers is stored at one place.

    Attributes:
        first: The function's first block, which reserves storage.
        block: Returns the status.
        status: Where the status is put before branching there.
    """

    first: Any
    block: Any
    status: Any


@dataclass(frozen=True, slots=True)
class Compiled:
    """One function compiled for one combination of argument kinds.

    Attributes:
        function: LLVM's function.
        returns: Kind of its result.
        weight: Instructions, with those of what it calls, unless that is called out of line.
        exit: Where the entry leaves; None for any other function.
    """

    function: Any
    returns: Kind
    weight: int
    exit: Exit | None


def ir_type(kind: Kind) -> ir.Type:
    """Return the LLVM type of a kind; what is known when compiling takes a dummy bit."""
    match kind:
        case Kernel():
            return POINTER
        case Buffer():
            return ir.LiteralStructType([POINTER] + [WORD] * kind.ndim)
        case Kernels():
            return ir.LiteralStructType([POINTER, WORD])
        case Tuple():
            return ir.LiteralStructType([ir_type(item) for item in kind.items])
        case Scalar():
            return {INT: WORD, FLOAT: DOUBLE}.get(kind, BIT)
    return BIT


def constant(obj: bool | float | None) -> Value:
    """Return a number known when compiling."""
    if obj is None:
        return Value(NONE, ir.Constant(BIT, 0))
    if isinstance(obj, bool):
        return Value(BOOL, ir.Constant(BIT, int(obj)))
    if isinstance(obj, int):
        return Value(INT, ir.Constant(WORD, int(obj)))
    return Value(FLOAT, ir.Constant(DOUBLE, float(obj)))


def static(obj: Any) -> Value:
    """Return an object known when compiling, such as a module or a function."""
    return Value(Static(obj), ir.Constant(BIT, 0))


class Unit:
    """The module under construction and what is learned on the way."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.module = ir.Module("kernel")
        self.raises: list[RaiseSite] = []
        self.stored: set[tuple[int, str]] = set()
        self.compiled: dict[Any, Compiled] = {}
        self.active: list[Any] = []
        self.loads: dict[tuple[int, str], list[Any]] = {}
        self.stores: dict[tuple[int, str], list[Any]] = {}
        self.checks: dict[Any, list[Any]] = {}  # of what a store into a scratch attribute takes
        self._constants: dict[int, tuple[Any, Value]] = {}
        self._names: set[str] = set()
        self._root = self.module.add_metadata(["tradectl kernel"])
        # Nodes made once: having llvmlite look one up takes longer than making an instruction
        self._storages: dict[tuple[str, ...], Any] = {}
        self._weights: dict[tuple[int, int], Any] = {}
        self._facts: dict[tuple[int, ...], Any] = {}

    # -- functions ------------------------------------------------------------------------

    def declare(self, name: str, arguments: list[ir.Type]) -> Any:
        """Add a function that takes a result pointer and arguments and returns a status."""
        kind = ir.FunctionType(STATUS, [POINTER, *arguments])
        function = ir.Function(self.module, kind, self.unique(name))
        function.linkage = "internal"
        function.attributes.add("nounwind")
        return function

    def discard(self, function: Any) -> None:
        """Drop a function whose variables turned out to be wider than assumed."""
        del self.module.globals[function.name]

    def external(self, name: str, function_type: ir.FunctionType) -> Any:
        """Return a function that the loader, or LLVM itself, provides."""
        found = self.module.globals.get(name)
        return found if found is not None else ir.Function(self.module, function_type, name)

    def unique(self, name: str) -> str:
        """Return a symbol not yet taken."""
        plain = re.sub(r"\W+", "_", name)
        number = 0
        while (symbol := f"{plain}.{number}") in self._names:
            number += 1
        self._names.add(symbol)
        return symbol

    def raise_site(self, site: RaiseSite) -> int:
        """Enter a place in the table of raising places and return its status."""
        self.raises.append(site)
        return len(self.raises)

    # -- memory ---------------------------------------------------------------------------

    def tag(self, instruction: Any, name: str, *above: str) -> None:
        """Say which storage an access touches: names of which neither is above the other differ."""
        path = (*above, name)
        access = self._storages.get(path)
        if access is None:
            access = self._storages[path] = self._storage(path)
        instruction.set_metadata("tbaa", access)

    def _storage(self, path: tuple[str, ...]) -> Any:
        node = self._root
        for part in path:
            node = self.module.add_metadata([part, node, ir.Constant(WORD, 0)])
        return self.module.add_metadata([node, node, ir.Constant(WORD, 0)])

    def tag_element(self, instruction: Any, alias: int) -> None:
        """Say which memory the element of a buffer lies in; 0 may be any."""
        names = (f"element.{alias}", "element") if alias else ("element",)
        self.tag(instruction, *names)

    def tag_field(self, instruction: Any, struct: int, field: Field) -> None:
        """Tag the access to a struct's field, and remember it if it is a load."""
        self.tag(instruction, f"{struct}.{field.name}")
        self.is_certain(instruction)
        self.loads.setdefault((struct, field.name), []).append(instruction)

    def store_tagged(self, instruction: Any, struct: int, field: Field) -> None:
        """Tag the store into a struct's field and remember it."""
        self.tag(instruction, f"{struct}.{field.name}")
        self.stored.add((struct, field.name))
        self.stores.setdefault((struct, field.name), []).append(instruction)

    def seal(self) -> None:
        """Use what only the whole unit tells: which fields are only read, or only written."""
        for place in self.stored - self.loads.keys():
            if self.is_scratch(place[0]):
                for store in self.stores[place]:
                    store.parent.instructions.remove(store)
                    for check in self.checks.get(store, ()):
                        check.operands[0] = ir.Constant(BIT, 1)
                self.stored.discard(place)
        for place, loads in self.loads.items():
            if place not in self.stored:
                for load in loads:
                    self.never_changes(load)

    def is_scratch(self, struct: int) -> bool:
        """Whether what nobody reads of a struct need not be written."""
        return bool(getattr(self.shape.structs[struct].cls, "SCRATCH", False))

    def never_changes(self, load: Any) -> None:
        """Say that nothing stores to what is loaded for as long as the unit runs."""
        load.set_metadata("invariant.load", self._fact())

    def is_certain(self, load: Any) -> None:
        """Say that what is loaded is no undefined value, so that LLVM may reason about it."""
        load.set_metadata("noundef", self._fact())

    def is_length(self, load: Any) -> None:
        """Say that what is loaded is not negative."""
        load.set_metadata("range", self._fact(0, 2**63 - 1))

    def points_to_kernel(self, load: Any, struct: int) -> None:
        """Say of a loaded address that a whole struct is there, so that it may be read early."""
        load.set_metadata("dereferenceable", self._fact(self.bytes_at(struct)))
        load.set_metadata("align", self._fact(8))
        load.set_metadata("nonnull", self._fact())

    def weigh(self, branch: Any, one: int, other: int) -> None:
        """Say how much likelier one way of a branch is than the other."""
        weights = self._weights.get((one, other))
        if weights is None:
            branch.set_weights([one, other])
            self._weights[one, other] = branch.metadata["prof"]
        else:
            branch.set_metadata("prof", weights)

    def _fact(self, *numbers: int) -> Any:
        """The node that holds some numbers."""
        node = self._facts.get(numbers)
        if node is None:
            operands = [ir.Constant(WORD, number) for number in numbers]
            node = self._facts[numbers] = self.module.add_metadata(operands)
        return node

    def bytes_at(self, struct: int) -> int:
        """Return how many bytes there are, at least, from where a kernel begins."""
        here, size = self.shape.place(struct), self.shape.structs[struct].size
        return 8 * (size if here is None else self.shape.singles - here)

    def constant_buffer(self, numbers: np.ndarray[Any, Any] | tuple[int, ...]) -> Value:
        """Return a read-only array, or a tuple, that becomes part of the unit."""
        known = self._constants.get(id(numbers))
        if known is not None:
            return known[1]
        origin = "tuple" if isinstance(numbers, tuple) else "array"
        array = np.asarray(numbers)
        element, _ = ELEMENTS[array.dtype.name]
        plain = array.astype(np.uint8) if array.dtype == bool else array
        items = plain.ravel().tolist()
        data_type = ir.ArrayType(element, len(items))
        data = ir.GlobalVariable(self.module, data_type, self.unique("constant"))
        data.linkage, data.global_constant = "internal", True
        data.initializer = ir.Constant(data_type, items)
        kind = Buffer(origin, array.dtype.name, array.ndim, writable=False)
        lengths = [ir.Constant(WORD, length) for length in array.shape]
        value = Value(kind, ir.Constant.literal_struct([data, *lengths]))
        self._constants[id(numbers)] = numbers, value
        return value
