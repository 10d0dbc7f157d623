"""The outcome of comparing a session with its backtest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.runs.parity.comparing import Difference
    from tradectl_sdk.runs.parity.facts import Account, OrderFact

PARITY_SCHEMA = "tradectl.parity/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side in total.

    Attributes:
        orders: Orders that were not denied for warming up.
        fills: Fills.
        traded: Money units traded.
        fees: Money units paid.
        equity: Value of the account at the end, in its currency.
    """

    orders: int
    fills: int
    traded: int
    fees: int
    equity: float

    @classmethod
    def of(cls, orders: Sequence[OrderFact], account: Account) -> Side:
        """Add up."""
        return cls(
            orders=len(orders),
            fills=sum(len(order.fills) for order in orders),
            traded=sum(order.value for order in orders),
            fees=sum(order.fees for order in orders),
            equity=float(account.equity[-1]) if len(account.equity) else 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far two equity curves are apart, session less backtest, in the account currency.

    Attributes:
        final: At the last instant both know.
        largest: Where they are farthest apart.
        at: When that is, UTC nanoseconds; 0 when they have no instant in common.
        instants: Instants both know.
    """

    final: float
    largest: float
    at: int
    instants: int

    @classmethod
    def between(cls, session: Account, backtest: Account) -> Drift:
        """Compare two curves at the instants that both have."""
        time, mine, theirs = np.intersect1d(session.time, backtest.time, return_indices=True)
        if not len(time):
            return cls(final=0.0, largest=0.0, at=0, instants=0)
        apart = session.equity[mine] - backtest.equity[theirs]
        worst = int(np.abs(apart).argmax())
        return cls(
            final=float(apart[-1]),
            largest=float(apart[worst]),
            at=int(time[worst]),
            instants=len(time),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityReport:
    """A session beside the backtest of what it saw.

    Attributes:
        session: Name of the session.
        mode: ``paper`` or ``live``.
        strategy: Name of the strategy.
        instruments: What was traded.
        bars: Bars that the session handed to its strategy, without warm-up.
        warmup: Instants of warm-up.
        lives: How many lives the host had.
        matched: Orders of both.
        differences: What differs, oldest first.
        allowed: How many differences are accepted.
        ours: The session in total.
        theirs: The backtest in total.
        drift: How far the equity curves are apart.
        notes: What else a reader should know.
    """

    session: str
    mode: str
    strategy: str
    instruments: tuple[Instrument, ...]
    bars: int
    warmup: int
    lives: int
    matched: int
    differences: tuple[Difference, ...]
    allowed: int
    ours: Side
    theirs: Side
    drift: Drift
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there are no more differences than accepted."""
        return len(self.differences) <= self.allowed

    def counts(self, what: str) -> dict[str, int]:
        """How many differences there are of each ``kind`` or ``cause``, most frequent first."""
        return dict(Counter(getattr(one, what) for one in self.differences).most_common())

    @property
    def currency(self) -> str:
        """The account's currency."""
        return self.instruments[0].quote

    @property
    def cost(self) -> int:
        """What the differences with a known price cost the session, in money units."""
        return sum(one.money for one in self.differences)

    def to_json(self) -> dict[str, Any]:
        """Write it as plain dictionaries; money as decimal text."""
        from tradectl_sdk.runs.parity.rendering import report_to_json

        return report_to_json(self)
