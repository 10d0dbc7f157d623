"""The array form of an indicator: its streaming form, run over columns.

There is no second implementation to disagree with the first: a driver, itself a kernel, feeds the
indicator row by row.
"""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tradectl_sdk.errors import NotCompilableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from tradectl_sdk.indicators.base import Indicator

    FloatArray: TypeAlias = NDArray[np.float64]

Engine: TypeAlias = Literal["auto", "compiled", "interpreted"]


class _OneColumn:
    """Feeds an indicator of one input; row ``i`` of the outputs starts at ``out[i * width]``."""

    def __init__(self, indicator: Any, columns: Sequence[Any], out: Any, rows: int) -> None:
        self.indicator = indicator
        self.first = columns[0]
        self.out = out
        self.rows = rows
        self.width = len(indicator.OUTPUTS)

    def run(self) -> None:
        indicator, first, out, width = self.indicator, self.first, self.out, self.width
        for i in range(self.rows):
            indicator.update(first[i])
            indicator.write(out, i * width)


class _TwoColumns(_OneColumn):
    def __init__(self, indicator: Any, columns: Sequence[Any], out: Any, rows: int) -> None:
        super().__init__(indicator, columns, out, rows)
        self.second = columns[1]

    def run(self) -> None:
        indicator, first, out, width = self.indicator, self.first, self.out, self.width
        second = self.second
        for i in range(self.rows):
            indicator.update(first[i], second[i])
            indicator.write(out, i * width)


class _ThreeColumns(_TwoColumns):
    def __init__(self, indicator: Any, columns: Sequence[Any], out: Any, rows: int) -> None:
        super().__init__(indicator, columns, out, rows)
        self.third = columns[2]

    def run(self) -> None:
        indicator, first, out, width = self.indicator, self.first, self.out, self.width
        second, third = self.second, self.third
        for i in range(self.rows):
            indicator.update(first[i], second[i], third[i])
            indicator.write(out, i * width)


class _FourColumns(_ThreeColumns):
    def __init__(self, indicator: Any, columns: Sequence[Any], out: Any, rows: int) -> None:
        super().__init__(indicator, columns, out, rows)
        self.fourth = columns[3]

    def run(self) -> None:
        indicator, first, out, width = self.indicator, self.first, self.out, self.width
        second, third, fourth = self.second, self.third, self.fourth
        for i in range(self.rows):
            indicator.update(first[i], second[i], third[i], fourth[i])
            indicator.write(out, i * width)


# Rows from which on machine code pays: it takes some 0.1 s to make and 10 ms to load from disk,
# while the interpreter needs 0.2 to 1 µs a row.
_WORTH_COMPILING = 50_000

_DRIVERS = (_OneColumn, _TwoColumns, _ThreeColumns, _FourColumns)


def compute(indicator: Indicator, *columns: ArrayLike, engine: Engine = "auto") -> FloatArray:
    """Run an indicator over columns and return its main output.

    The indicator itself is left as it is: a copy of it runs, from its present state on.

    Args:
        indicator: The indicator to run.
        columns: One column of shape ``(n,)`` per input, in the order of its ``update``.
        engine: ``compiled``, ``interpreted``, or ``auto``: long columns are compiled where
            that is possible. The bytes are the same either way.

    Returns:
        ``value`` after each row, shape ``(n,)``, NaN until the indicator is ready.

    Raises:
        UsageError: Wrong number of columns, or columns of unequal length or more dimensions.
        NotCompilableError: ``engine`` is ``compiled`` and the indicator cannot be.
    """
    return compute_outputs(indicator, *columns, engine=engine)["value"]


def compute_outputs(
    indicator: Indicator, *columns: ArrayLike, engine: Engine = "auto"
) -> dict[str, FloatArray]:
    """Run an indicator over columns and return every output, by the name of its attribute.

    As `compute`, but for an indicator with several outputs: ``{"value": ..., "upper": ...}`` in
    the order of ``OUTPUTS``, each of shape ``(n,)`` and type float64.
    """
    import numpy as np

    inputs = list(inspect.signature(indicator.update).parameters)  # type: ignore[attr-defined]
    arrays = _checked(type(indicator).__name__, inputs, columns)
    rows, width = len(arrays[0]), len(indicator.OUTPUTS)
    out = np.empty(rows * width)
    _run(indicator, arrays, out, engine)
    by_output = np.ascontiguousarray(out.reshape(rows, width).T)
    return dict(zip(indicator.OUTPUTS, by_output, strict=True))


def _checked(name: str, inputs: list[str], columns: tuple[ArrayLike, ...]) -> list[FloatArray]:
    """Return the columns as contiguous float64 arrays of one length."""
    import numpy as np

    takes = f"{name} takes {', '.join(inputs)}"
    if len(columns) != len(inputs):
        raise UsageError(f"{len(columns)} columns were given, expected {len(inputs)}", hint=takes)
    if not 1 <= len(inputs) <= len(_DRIVERS):
        raise UsageError(
            f"{name}.update takes {len(inputs)} inputs, expected 1 to {len(_DRIVERS)}",
            hint="call update row by row instead",
        )
    arrays = []
    for input_name, column in zip(inputs, columns, strict=True):
        try:
            arrays.append(np.ascontiguousarray(column, np.float64))
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"{input_name} was no column of numbers: {error}",
                hint="give one-dimensional columns of floats",
            ) from error
    for input_name, array in zip(inputs, arrays, strict=True):
        if array.shape != (len(arrays[0]),):
            raise UsageError(
                f"{input_name} was of shape {array.shape}, expected ({len(arrays[0])},)",
                hint="give one-dimensional columns of equal length",
            )
    return arrays


def _run(indicator: Indicator, arrays: list[FloatArray], out: FloatArray, engine: Engine) -> None:
    """Fill ``out`` row by row, by machine code or by the interpreter."""
    rows, driver = len(arrays[0]), _DRIVERS[len(arrays) - 1]
    if engine == "compiled" or (engine == "auto" and rows >= _WORTH_COMPILING):
        from tradectl_sdk.kernel import compile_kernel

        compiled = driver(copy.deepcopy(indicator), arrays, out, rows)
        try:
            compile_kernel(compiled)(compiled)
            return
        except NotCompilableError:
            if engine == "compiled":
                raise
    # Lists: reading and writing single elements of arrays is several times slower here.
    listed = [0.0] * len(out)
    driver(copy.deepcopy(indicator), [array.tolist() for array in arrays], listed, rows).run()
    out[:] = listed
