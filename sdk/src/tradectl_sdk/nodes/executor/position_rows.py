"""What is held, what it was bought or sold for on average, and what it would gain if closed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.nodes.executor.records import Booked

_FINER = Decimal("0.01")  # of a tick, which averages are rounded to


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """A position as people read it.

    Attributes:
        instrument: Its id.
        quantity: Signed; negative is short.
        currency: What prices and values are in.
        entry: Average price of what is held, to a hundredth of a tick, without fees; None where
            part of it was taken over from the venue, whose price nobody knows.
        last: Price it is valued at; None where none is known.
        value: ``quantity`` at ``last``, signed.
        unrealised: What closing at ``last`` would gain over ``entry``, without fees.
    """

    instrument: str
    quantity: Decimal
    currency: str
    entry: Decimal | None
    last: Decimal | None
    value: Decimal | None
    unrealised: Decimal | None


class AverageEntry:
    """The average price of a position, fill by fill.

    What adds to a position moves the average; what reduces it leaves the average as it is; what
    turns it begins anew.

    Attributes:
        lots: Signed lots held.
        price: Average in ticks, 0 while nothing is held.
    """

    def __init__(self) -> None:
        self.lots = 0
        self.price = Fraction(0)

    def fill(self, lots: int, price: int) -> None:
        """Take note of signed lots at a price in ticks."""
        held, now = self.lots, self.lots + lots
        if held * lots >= 0 and now:
            self.price = (self.price * abs(held) + price * abs(lots)) / abs(now)
        elif held * now <= 0:
            self.price = Fraction(price if now else 0)
        self.lots = now


def average_entries(fills: Iterable[Booked]) -> dict[str, AverageEntry]:
    """Return how each instrument is held, by the fills in the order they were booked.

    What had been inferred, and was replaced by the venue's own word later, counts as never booked.
    """
    booked = list(fills)
    lots = [one.lots for one in booked]
    inferred: dict[int, deque[int]] = {}  # places of what has not been replaced, by order
    for place, one in enumerate(booked):
        if one.inferred:
            inferred.setdefault(one.key, deque()).append(place)
        elif one.replaced:
            oldest = inferred[one.key][0]
            lots[oldest] -= one.replaced
            if lots[oldest] == 0:
                inferred[one.key].popleft()
    found: dict[str, AverageEntry] = {}
    for one, left in zip(booked, lots, strict=True):
        if left:
            found.setdefault(one.instrument, AverageEntry()).fill(one.side * left, one.price)
    return found


def position_row(
    instrument: Instrument, lots: int, traded: int, entry: AverageEntry | None, last: int | None
) -> PositionRow:
    """Describe a position.

    Args:
        instrument: What is held.
        lots: Signed lots that can be delivered, or are owed.
        traded: The same before fees in the base currency.
        entry: Of its fills.
        last: Last price in ticks, None where none is known.
    """
    tick, multiplier = instrument.tick_size, instrument.multiplier
    quantity = instrument.lots_to_quantity(lots)
    paid = None
    if entry is not None and entry.lots == traded:
        hundredths = Decimal(round(entry.price / Fraction(_FINER)))
        paid = hundredths * _FINER * tick
    price = None if last is None else instrument.ticks_to_price(last)
    value = None if price is None else price * quantity * multiplier
    return PositionRow(
        instrument=str(instrument.id),
        quantity=quantity,
        currency=instrument.quote,
        entry=paid,
        last=price,
        value=value,
        unrealised=None
        if price is None or paid is None
        else (price - paid) * quantity * multiplier,
    )
