"""What an executor is made with: account, instruments, rules and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine.gate import Rule
    from tradectl_sdk.exchange.card import Card

SECOND = 1_000_000_000
MINUTE = 60 * SECOND

ON_FAILURE = ("halt", "reduce")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long and how many; durations in nanoseconds.

    Attributes:
        patience: How long an answer may take on top of what the venue allows itself; longer than
            the gateway waits.
        intents_wait: How long intents wait for market data their host had read already.
        most_waiting: Intents that wait at most; more are judged at once, as stale.
        parked_wait: How long an order waits for what an order being cancelled still binds.
        most_parked: Orders that wait so at most.
        clock_margin: What is added to every window of the venue before absence counts as proof.
        max_clock_offset: Farthest our clock may be from the venue's; None where that means
            nothing, as with a venue that lives in another time.
        reconcile_every: How often the account is compared with the venue.
        confirm_after: How soon a difference is looked at again before it is believed.
        settle: How long fills that a report announced may take before they are fetched.
        query_first: How soon an order of unknown fate is asked for.
        query_longest: How far apart such questions get.
        queries_per_second: Questions for single orders, in all.
        keep_ended: How long an order that has ended stays in memory.
        most_ended: How many do.
        keep_trades: How long trade ids stay in memory; older ones are looked up in the journal.
        most_trades: How many do.
        recent: Fills and endings of the host's life that a snapshot repeats.
        balance_tolerance: Units of 10^-8 by which a balance may differ.
    """

    patience: int = 30 * SECOND
    intents_wait: int = 2 * SECOND
    most_waiting: int = 1000
    parked_wait: int = 10 * SECOND
    most_parked: int = 64
    clock_margin: int = SECOND
    max_clock_offset: int | None = SECOND
    reconcile_every: int = 30 * SECOND
    confirm_after: int = 2 * SECOND
    settle: int = 2 * SECOND
    query_first: int = SECOND // 2
    query_longest: int = 30 * SECOND
    queries_per_second: int = 5
    keep_ended: int = 5 * MINUTE
    most_ended: int = 2000
    keep_trades: int = 10 * MINUTE
    most_trades: int = 20_000
    recent: int = 256
    balance_tolerance: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything an executor is told once.

    Attributes:
        account: Name of the account at the venue; orders are named by it.
        strategy: Name of the strategy instance whose intents are taken.
        instruments: What may be traded, in the order the rules were made for; all priced in one
            currency, the account's.
        card: What the venue can do.
        make_rules: Makes fresh risk rules, in order.
        observing: Whether a rule wants to see the equity of each instant.
        cash: Money units the strategy may use; None for whatever the account holds at first.
        margin: Whether it may borrow and sell short.
        on_failure: ``halt`` or ``reduce``: what the kill switch does when the strategy fails.
        bounds: How long and how many.

    Raises:
        UsageError: If it contradicts itself.
    """

    account: str
    strategy: str
    instruments: Sequence[Instrument]
    card: Card
    make_rules: Callable[[], Sequence[Rule]]
    observing: bool = False
    cash: int | None = None
    margin: bool = False
    on_failure: str = "halt"
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        """Check what the rest relies on."""
        currencies = sorted({one.quote for one in self.instruments})
        if len(currencies) != 1:
            raise UsageError(
                f"the instruments were priced in {', '.join(currencies) or 'nothing'}, "
                "expected one currency",
                hint="trade instruments of different currencies in different sessions",
            )
        names = [one.id for one in self.instruments]
        if len(set(names)) != len(names):
            raise UsageError("an instrument was named twice")
        if self.on_failure not in ON_FAILURE:
            raise UsageError(f"on_failure was {self.on_failure!r}, expected halt or reduce")

    @property
    def currency(self) -> str:
        """The currency of the account."""
        return self.instruments[0].quote

    @property
    def answer_time(self) -> int:
        """Nanoseconds after which a request that has not been answered is unclear.

        However quick a venue is, the gateway and the machine have to be given some time, too.
        """
        return self.card.request_window + self.card.processing_timeout + self.bounds.patience
