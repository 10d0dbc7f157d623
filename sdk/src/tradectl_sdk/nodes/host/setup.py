"""What a host is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.engine import Plan
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.nodes.host.records import Began

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSetup:
    """Everything that a strategy host needs to know; its core reads nothing else.

    Attributes:
        began: What the recording opens with; its strategy and epoch are the host's.
        plan: As for a backtest; of its columns only instrument and length count.
        history: Closed bars before the session, for the strategy's warm-up.
        signals: What the session's models forecast, by the names that the strategy reads.
        foreseen: What stands beside bars of the history, by instrument and when they closed: the
            value of each signal.
        at_once: Whether fills and order events are told when they are heard. Otherwise they wait
            for the bar that closes next, which is when a backtest tells them.
        patience: Nanoseconds that missing bars are waited for before the host stops.
        retry: Nanoseconds after which they are asked for again.
        thinking: Nanoseconds that models are waited for before the host stops.
        most_waiting: Messages of market data that may wait for the executor.
        most_unread: Messages to the executor that it may leave unread.
        keep: Ended orders and fills that a strategy can still ask about, at least.
    """

    began: Began
    plan: Plan
    history: tuple[BarClosed, ...] = field(default=())
    signals: tuple[str, ...] = ()
    foreseen: Mapping[tuple[str, int], tuple[float, ...]] = field(default_factory=dict)
    at_once: bool = False
    patience: int = 60 * SECOND
    retry: int = 2 * SECOND
    thinking: int = 600 * SECOND
    most_waiting: int = 10_000
    most_unread: int = 10_000
    keep: int = 1024

    @property
    def strategy(self) -> str:
        """Name of the strategy instance."""
        return self.began.strategy

    @property
    def epoch(self) -> int:
        """Life of the host."""
        return self.began.epoch

    @property
    def instruments(self) -> tuple[str, ...]:
        """Ids of the instruments, in the order of the plan."""
        return tuple(one.id for one in self.plan.instruments)
