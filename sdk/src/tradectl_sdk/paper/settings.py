"""What a paper venue is made of."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.engine import Assumptions, FeeModel, SlippageModel

if TYPE_CHECKING:
    from decimal import Decimal

Fees = Callable[[Sequence[Instrument]], FeeModel]
Slippage = Callable[[Sequence[Instrument]], SlippageModel]


class Matching(enum.StrEnum):
    """What orders are matched against."""

    BARS = "bars"  # closed bars, as in a backtest
    PRINTS = "prints"  # each trade, and at once what can be filled at the present price


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings:
    """Everything about a paper venue but its instruments and its ledger.

    Attributes:
        assumptions: Those of the backtest; ``cash`` is what an empty ledger starts with.
        balances: What an empty ledger starts with, by currency; ``assumptions.cash`` in the quote
            currency of the first instrument unless given.
        matching: What orders are matched against.
        fees: Makes the fee model for instruments; maker and taker shares unless given.
        slippage: Makes the slippage model; basis points unless given.
        reserves: Whether an order that the free balance does not cover is refused. A backtest
            leaves that to the risk gate.
        ids_are_reusable: Whether a client id may be taken again once its order has ended, as some
            venues allow; otherwise the same id means the same order for ever.
        table_rows: Rows of the order table after which ended orders are taken out of it.
    """

    assumptions: Assumptions = field(default_factory=Assumptions)
    balances: Mapping[str, Decimal] | None = None
    matching: Matching = Matching.BARS
    fees: Fees | None = None
    slippage: Slippage | None = None
    reserves: bool = False
    ids_are_reusable: bool = False
    table_rows: int = 1024
