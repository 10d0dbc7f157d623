"""The function being compiled: its variables, its guards and the calls it makes.

A variable has one kind through its whole function. What that is shows only at the last
assignment, so a function is emitted again with what was learned until nothing widens any more;
mostly once is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

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
    Opaque,
    Tuple,
    describe,
    is_number,
    join,
)
from tradectl_sdk.kernel.merging import ApartError, lay_out
from tradectl_sdk.kernel.program import RaiseSite
from tradectl_sdk.kernel.unit import (
    BIT,
    DOUBLE,
    STATUS,
    WORD,
    Compiled,
    Exit,
    Unit,
    Value,
    ir_type,
)

if TYPE_CHECKING:
    import ast

    from tradectl_sdk.errors import NotCompilableError
    from tradectl_sdk.kernel.syntax import Source


# A call that an if decides on, of a function with more instructions than this, is never inlined:
# what is rare stays out of the way of what is not. A call of a smaller one that comes in any case
# always is.
_OUTLINED = 400
# Nodes of the syntax tree up to which a function becomes part of the entry: if it is always called,
# and if a condition decides on it.
_TAKEN_IN, _TAKEN_IN_AT_TIMES = 2000, 60


class NotYetKnownError(Exception):
    """A variable is read before the assignment that tells its kind was seen."""


@dataclass(slots=True)
class Loop:
    """Where ``break`` and ``continue`` go, and which names each ``break`` leaves bound."""

    after: Any
    following: Any
    exits: list[set[str]] = field(default_factory=list)


class Grammar(Protocol):
    """What expressions, statements and calls need of one another, since each contains the rest."""

    def expression(self, frame: Frame, node: ast.expr) -> Value:
        """Emit an expression."""
        ...

    def block(self, frame: Frame, statements: list[ast.stmt]) -> None:
        """Emit statements."""
        ...

    def specialise(
        self, unit: Unit, source: Source, arguments: dict[str, Kind], node: ast.AST, caller: Source
    ) -> Compiled:
        """Compile a function for given kinds of arguments."""
        ...

    def inline(
        self, host: Frame, source: Source, arguments: dict[str, Value], node: ast.AST
    ) -> Value:
        """Emit a function into the one that calls it."""
        ...


class Frame:
    """One attempt at emitting a function for given kinds of arguments."""

    def __init__(
        self,
        unit: Unit,
        source: Source,
        grammar: Grammar,
        kinds: dict[str, Kind],
        returns: Kind | None,
    ) -> None:
        self.grammar = grammar
        self.unit = unit
        self.source = source
        self.kinds = dict(kinds)
        self.returns = returns
        self.widened = False
        self.skipped: ast.stmt | None = None
        self.conditions = 0  # how many ifs stand around, up to the innermost loop
        self.checks: list[Any] = []  # the branches that leave when an index is out of bounds
        self.tests: list[Any] = []  # the branches of all conditions
        self.rare = 0  # how many ifs stood around the last call out of line
        self._called = 0
        self.bound: set[str] = set()
        self.loops: list[Loop] = []
        self.function: Any = None
        self.builder: Any = None
        self.exit: Exit | None = None
        self._stack: Any = None  # the function's first block, which reserves storage
        self._entry: Any = None  # where the variables of this call begin unbound
        self._leave: Any = None  # where a function goes that was taken in by its caller
        self._result: Any = None
        self._slots: dict[str, tuple[Kind, Any]] = {}
        self._flags: dict[str, Any] = {}

    def open(self, arguments: dict[str, Kind], *, entry: bool = False) -> None:
        """Declare the function and put its arguments into variables."""
        types = [ir_type(kind) for kind in arguments.values()]
        self.function = self.unit.declare(self.source.name, types)
        for kind, argument in zip(arguments.values(), self.function.args[1:], strict=True):
            if isinstance(kind, Kernel):
                argument.attributes.add("nonnull")
                argument.attributes.align = 8
                argument.attributes.dereferenceable = self.unit.bytes_at(kind.index)
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self._stack = self._entry = self.builder.block
        self._result = self.function.args[0]
        if entry:
            self.exit = self._make_exit()
        pairs = zip(arguments.items(), self.function.args[1:], strict=True)
        self._begin({name: Value(kind, value) for (name, kind), value in pairs})

    def _make_exit(self) -> Exit:
        status, block = ir.IRBuilder(self._stack).alloca(STATUS), self.block("exit")
        builder = ir.IRBuilder(block)
        builder.ret(builder.load(status, typ=STATUS))
        return Exit(self._stack, block, status)

    def open_within(self, host: Frame, arguments: dict[str, Value]) -> None:
        """Continue in the caller's function."""
        self.function, self.builder, self.exit = host.function, host.builder, host.exit
        self._stack, self.conditions = host._stack, host.conditions
        self._entry, self._leave = self.block("begin"), self.block("leave")
        self._begin(arguments)

    def _begin(self, arguments: dict[str, Value]) -> None:
        self._body = self.block("body")
        self.builder.position_at_end(self._body)
        for name, value in arguments.items():
            self.assign(self.source.node, name, value)

    def close(self) -> None:
        """End the block in which the variables begin."""
        ir.IRBuilder(self._entry).branch(self._body)

    def leave(self, origin: Any) -> Value:
        """Link what was emitted within the caller to where it was called, and go on there."""
        ir.IRBuilder(origin).branch(self._entry)
        self.builder.position_at_end(self._leave)
        kind = self.returns or NONE
        if self._result is None:  # it always raises
            return Value(kind, ir.Constant(ir_type(kind), ir.Undefined))
        return Value(kind, self.builder.load(self._result, typ=ir_type(kind)))

    def takes_in(self, source: Source) -> bool:
        """Whether a function is to become part of the entry, where this frame is."""
        most = _TAKEN_IN_AT_TIMES if self.conditions else _TAKEN_IN
        return self.exit is not None and source.size <= most

    def weight(self) -> int:
        """Return how much code this is, with what is likely to be inlined into it."""
        return self._called + sum(len(block.instructions) for block in self.function.blocks)

    def refusal(self, node: ast.AST, message: str, hint: str = "") -> NotCompilableError:
        """Return the error for a construct that cannot be compiled."""
        return self.source.refusal(node, message, hint)

    def expression(self, node: ast.expr) -> Value:
        """Emit an expression and return its value."""
        return self.grammar.expression(self, node)

    def join(self, first: Kind, second: Kind) -> Kind | None:
        """Return the kind that holds values of both, or None when there is none.

        Raises:
            ApartError: Two kernels that look alike would have to be taken for one.
        """
        if isinstance(first, Kernel | Kernels) and isinstance(second, type(first)):
            pair = first.index, second.index
            if first != second and lay_out(self.unit.shape, (pair,)) is not None:
                raise ApartError(*pair)
        if isinstance(first, Tuple) and isinstance(second, Tuple):
            for one, other in zip(first.items, second.items, strict=False):
                self.join(one, other)
        return join(first, second)

    # -- variables ------------------------------------------------------------------------

    def assign(self, node: ast.AST, name: str, value: Value) -> None:
        """Store a value in a variable, widening its kind when needed."""
        if isinstance(value.kind, Opaque):
            raise self.refusal(node, f"{value.kind.what} cannot be used in compiled code")
        known = self.kinds.get(name, value.kind)
        kind = self.join(known, value.kind)
        if kind is None:
            raise self.refusal(
                node,
                f"{name!r} is {describe(value.kind)} here and {describe(known)} elsewhere",
                "use two names: a variable has one type in compiled code",
            )
        self.kinds[name] = kind
        self.builder.store(self.cast(value, kind).ir, self._slot(name, kind))
        self.builder.store(ir.Constant(BIT, 1), self._flags[name])
        self.bound.add(name)

    def read(self, node: ast.AST, name: str) -> Value:
        """Load a variable, guarding against one that may have no value yet."""
        kind = self.kinds.get(name)
        if kind is None:
            raise NotYetKnownError
        slot = self._slot(name, kind)
        if name not in self.bound:
            self.guard(
                node,
                self.builder.not_(self.builder.load(self._flags[name], typ=BIT)),
                "UnboundLocalError",
                f"cannot access local variable '{name}' where it is not associated with a value",
            )
        return Value(kind, self.builder.load(slot, typ=ir_type(kind)))

    def _slot(self, name: str, kind: Kind) -> Any:
        present = self._slots.get(name)
        if present is not None and present[0] == kind:
            return present[1]
        self.widened = self.widened or present is not None
        slot = self.allocate(kind)
        self._slots[name] = kind, slot
        if name not in self._flags:
            self._flags[name] = ir.IRBuilder(self._stack).alloca(BIT)
            ir.IRBuilder(self._entry).store(ir.Constant(BIT, 0), self._flags[name])
        return slot

    def forget(self, name: str) -> None:
        """Let a variable take another kind from here on (for the items of a tuple)."""
        self.kinds.pop(name, None)
        self._slots.pop(name, None)

    def allocate(self, kind: Kind) -> Any:
        """Reserve storage that lives as long as the call."""
        return ir.IRBuilder(self._stack).alloca(ir_type(kind))

    # -- values ---------------------------------------------------------------------------

    def cast(self, value: Value, kind: Kind) -> Value:
        """Convert to a wider kind (see :func:`~tradectl_sdk.kernel.kinds.join`)."""
        if value.kind == kind:
            return value
        if isinstance(kind, Tuple) and isinstance(value.kind, Tuple):
            items = [self.item(value, number) for number in range(len(kind.items))]
            pairs = zip(items, kind.items, strict=True)
            return self.pack([self.cast(item, wanted) for item, wanted in pairs])
        if isinstance(kind, Buffer):
            return Value(kind, value.ir)  # of memory that may now be one of several
        if kind == INT:
            return Value(INT, self.builder.zext(value.ir, WORD))
        if kind == FLOAT and value.kind == BOOL:
            return Value(FLOAT, self.builder.uitofp(value.ir, DOUBLE))
        if isinstance(value.ir, ir.Constant):
            return Value(FLOAT, ir.Constant(DOUBLE, float(value.ir.constant)))
        return Value(FLOAT, self.builder.sitofp(value.ir, DOUBLE))

    def item(self, value: Value, number: int) -> Value:
        """Return one item of a tuple."""
        assert isinstance(value.kind, Tuple)  # noqa: S101 - for the type checker
        return Value(value.kind.items[number], self.builder.extract_value(value.ir, number))

    def pack(self, items: list[Value]) -> Value:
        """Make a tuple."""
        kind = Tuple(tuple(item.kind for item in items))
        packed = ir.Constant(ir_type(kind), ir.Undefined)
        for number, item in enumerate(items):
            packed = self.builder.insert_value(packed, item.ir, number)
        return Value(kind, packed)

    def number(self, node: ast.AST, value: Value, what: str) -> Value:
        """Return a value that must be a number, for the construct named."""
        if not is_number(value.kind):
            raise self.refusal(
                node, f"{what} takes numbers in compiled code, was {describe(value.kind)}"
            )
        return value

    def truth(self, node: ast.AST, value: Value) -> Any:
        """Return the bit that ``if`` looks at."""
        if value.kind == BOOL:
            return value.ir
        if value.kind == INT:
            return self.builder.icmp_signed("!=", value.ir, ir.Constant(WORD, 0))
        if value.kind == FLOAT:
            return self.builder.fcmp_unordered("!=", value.ir, ir.Constant(DOUBLE, 0.0))
        if value.kind == NONE:
            return ir.Constant(BIT, 0)
        raise self.refusal(node, f"{describe(value.kind)} cannot be taken for true or false")

    # -- control --------------------------------------------------------------------------

    def block(self, name: str) -> Any:
        """Add a block to the function."""
        return self.function.append_basic_block(name)

    def guard(self, node: ast.AST, bad: Any, exception: str, message: str) -> None:
        """Raise an exception when a condition holds, which it hardly ever does."""
        failed, good = self.block("failed"), self.block("good")
        self.unit.weigh(self.builder.cbranch(bad, failed, good), 1, 100_000)
        self.builder.position_at_end(failed)
        self.raise_(node, exception, message)
        self.builder.position_at_end(good)

    def raise_(self, node: ast.AST, exception: str, message: str) -> None:
        """Leave the function with the status of an exception raised here."""
        site = RaiseSite(
            exception, message, self.source.name, self.source.filename, getattr(node, "lineno", 0)
        )
        self._end(ir.Constant(STATUS, self.unit.raise_site(site)))

    def _end(self, status: Any) -> None:
        """Leave the whole function, the caller included that this one was taken in by."""
        if self.exit is None:
            self.builder.ret(status)
        else:
            self.builder.store(status, self.exit.status)
            self.builder.branch(self.exit.block)

    def return_(self, node: ast.AST, value: Value) -> None:
        """Leave the function with a result."""
        kind = value.kind if self.returns is None else self.join(self.returns, value.kind)
        if kind is None:
            raise self.refusal(
                node,
                f"returns {describe(value.kind)} here and {describe(self.returns or NONE)} "
                "elsewhere",
                "return the same type on every path",
            )
        self.widened = self.widened or (self.returns is not None and kind != self.returns)
        self.returns = kind
        if self._leave is None:
            self.builder.store(self.cast(value, kind).ir, self._result)
            self._end(ir.Constant(STATUS, 0))
            return
        if self._result is None or self.widened:
            self._result = self.allocate(kind)
        self.builder.store(self.cast(value, kind).ir, self._result)
        self.builder.branch(self._leave)

    def call(self, callee: Compiled, arguments: list[Value]) -> Value:
        """Call a compiled function; an exception it raises passes through."""
        out = self.allocate(callee.returns)
        outlined = self.conditions > 0 and callee.weight > _OUTLINED
        certain = self.conditions == 0 and callee.weight <= _OUTLINED
        status = self.builder.call(
            callee.function,
            [out, *(item.ir for item in arguments)],
            attrs=("noinline",) if outlined else ("alwaysinline",) if certain else (),
        )
        self.rare = self.conditions if outlined else self.rare
        self._called += 0 if outlined else callee.weight
        failed, good = self.block("raised"), self.block("returned")
        bad = self.builder.icmp_unsigned("!=", status, ir.Constant(STATUS, 0))
        self.unit.weigh(self.builder.cbranch(bad, failed, good), 1, 100_000)
        self.builder.position_at_end(failed)
        self._end(status)
        self.builder.position_at_end(good)
        return Value(callee.returns, self.builder.load(out, typ=ir_type(callee.returns)))
