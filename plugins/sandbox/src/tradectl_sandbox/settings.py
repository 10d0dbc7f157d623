"""What a rehearsal exchange is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from tradectl_sdk.engine import Assumptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.data import Bars

ASSUMPTIONS = Assumptions(cash=Decimal(100_000), volume_share=Decimal(0), slippage_bps=Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key that clients may use.

    Attributes:
        key: Its public name.
        secret: What requests are signed with.
        trade: Whether it may place orders.
        withdraw: Whether it says that it may withdraw; nothing can be withdrawn here.
        restricted: Whether it says that it is bound to addresses.
    """

    key: str = "sandbox"
    secret: str = field(default="sandbox-secret", repr=False)
    trade: bool = True
    withdraw: bool = False
    restricted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """Everything about a rehearsal exchange.

    Attributes:
        series: What trades: one series per instrument, all of one timeframe.
        history: Bars of each series that have happened when it starts.
        speed: Market time per time on the wall; 0 to move only when told to.
        prints_per_bar: Trades that each bar is made of, 4 at least.
        as_recorded: Whether times stay what they are in the series; otherwise the market is moved
            to the present, so that clocks agree.
        ledger: File of the account; None for one that dies with the process.
        keys: Keys that clients may use.
        assumptions: How orders fill.
        balances: What a new account holds, by currency; ``assumptions.cash`` of the first quote
            currency unless given.
        ids_are_reusable: Whether a client id is free again once its order has ended.
        weight_limit: Request weight per minute and address.
        order_limit: Orders per ten seconds and account.
        host: Address to listen at.
        port: Port to listen at; 0 for any that is free.
        admin_token: What the control endpoint asks for; made up unless given.
    """

    series: Sequence[Bars]
    history: int = 0
    speed: float = 1.0
    prints_per_bar: int = 12
    as_recorded: bool = False
    ledger: Path | None = None
    keys: tuple[ApiKey, ...] = (ApiKey(),)
    assumptions: Assumptions = ASSUMPTIONS
    balances: Mapping[str, Decimal] | None = None
    ids_are_reusable: bool = True
    weight_limit: int = 6000
    order_limit: int = 100
    host: str = "127.0.0.1"
    port: int = 0
    admin_token: str = ""
