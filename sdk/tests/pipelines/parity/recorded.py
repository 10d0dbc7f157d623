"""Sessions for the parity tests: played by hand, recorded, and tampered with."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casino import market
from counterpart import Session, exact
from gambler import Gambler
from tradectl_sdk.config.settings import Settings
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.nodes.host.recording import Recorder
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.parity import compare_recording
from tradectl_sdk.pipelines.planning import bare_plan
from workbench import columns, instrument

if TYPE_CHECKING:
    from tradectl_sdk.engine import Plan
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.runs.parity import ParityReport
    from tradectl_sdk.strategy import Strategy

DAY = Timeframe.parse("1d")


def plan_of(
    seed: int,
    bars: int,
    *,
    count: int = 1,
    strategy: type[Strategy] = Gambler,
    parameters: dict[str, Any] | None = None,
    backtest: dict[str, Any] | None = None,
    prices: list[tuple[float, ...]] | None = None,
) -> Plan:
    """What a session runs, on days of a jumpy market or of the given prices."""
    fees = {"taker_fee": Decimal("0.001"), "maker_fee": Decimal("0.0002")}
    ones = [instrument(f"S{k}", **fees) for k in range(count)]
    plan = bare_plan(
        find_strategy(strategy, None),
        parameters or {},
        ones,
        DAY.nanoseconds,
        Settings.model_validate({"backtest": backtest or {}}),
        has_volume=True,
    )
    series = [columns(prices or market(seed + k, bars), one, k) for k, one in enumerate(ones)]
    return exact(replace(plan, columns=series))


class Recorded(Session):
    """A session that can be compared with its backtest.

    Args:
        warm: Instants before it begins.
    """

    def __init__(self, plan: Plan, *, warm: int = 0, **setup: Any) -> None:
        self.warm = warm
        super().__init__(plan, **setup)

    def first_history(self) -> tuple[BarClosed, ...]:
        return tuple(bar for bars in self.instants[: self.warm] for bar in bars)

    def compared(self, **tolerance: Any) -> ParityReport:
        """Record what happened and compare it with its backtest."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "session.record"
            recorder = Recorder(path)
            recorder.write(self.frames)
            recorder.close()
            return compare_recording(path, self.plan, DAY, **tolerance)
