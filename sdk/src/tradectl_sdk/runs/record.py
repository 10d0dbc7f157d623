"""One finished run as a value."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import DataError
from tradectl_sdk.runs.identity import run_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from tradectl_sdk.runs.metrics.report import MetricsReport
    from tradectl_sdk.runs.values import Records

RUN_SCHEMA = "tradectl.run/1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RunRecord:
    """All that a run left behind.

    Attributes:
        identity: The inputs that name the run; see ``run_identity``. Its ``settings`` hold every
            assumption.
        strategy: Name of the strategy, for lists.
        engine: How it was run, such as ``{"mode": "compiled", "reason": ""}``.
        instruments: What was traded; the records refer to them by index.
        currency: The account's currency.
        initial_equity: Money units before the first instant.
        final_equity: Money units after the last, exact.
        orders: Records of ``ORDER_DTYPE``.
        fills: Records of ``FILL_DTYPE``.
        trades: Records of ``TRADE_DTYPE``.
        time: UTC nanoseconds of each point of the curves, shape (n,).
        equity: Equity in the account's currency, shape (n,).
        exposure: Gross value of positions at each point, shape (n,), if it was kept.
        metrics: The metrics with their conventions.
        order_list_hash: Hash of orders and fills.
        environment: Versions of what ran it.
        warnings: What the person who started it should know.
        created: When it finished, ISO 8601.
    """

    identity: Mapping[str, Any]
    strategy: str
    engine: Mapping[str, Any]
    instruments: tuple[Instrument, ...]
    currency: str
    initial_equity: int
    final_equity: int
    orders: Records
    fills: Records
    trades: Records
    time: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    exposure: npt.NDArray[np.float64] | None = None
    metrics: MetricsReport
    order_list_hash: str
    environment: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    created: str

    def __repr__(self) -> str:
        """Name the run; its arrays would fill pages."""
        return f"RunRecord({self.run_id}, {self.strategy}, {len(self.fills)} fills)"

    @property
    def run_id(self) -> str:
        """The run's name in the store."""
        return run_identity(self.identity)


def instrument_to_json(instrument: Instrument) -> dict[str, Any]:
    """Write an instrument with its decimals as text."""
    values = {each.name: getattr(instrument, each.name) for each in fields(instrument)}
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()
    }


def instrument_from_json(row: Mapping[str, Any]) -> Instrument:
    """Read an instrument; fields it has gained since then take their defaults.

    Raises:
        DataError: If it holds a field that this version does not know.
    """
    known = {each.name: each.type for each in fields(Instrument)}
    if unknown := set(row) - set(known):
        raise DataError(f"instrument had the unknown fields {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {
        name: Decimal(value) if known[name] == "Decimal" else value for name, value in row.items()
    }
    return Instrument(**values)
