"""What differs between us and the venue, as values; nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import Difference
from tradectl_sdk.domain.money import MONEY_UNITS, from_money, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from tradectl_sdk.exchange.values import Balance, OrderReport, Position, TradeReport
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.state import State

ORDER, TRADE, POSITION, CASH, COINS = "order", "trade", "position", "cash", "coins"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, and what is needed to take the venue's side.

    Attributes:
        kind: ORDER, TRADE, POSITION, CASH or COINS.
        name: Venue's id, trade id, instrument or currency.
        change: Lots, or 10^-8 units, by which the venue has more than we think.
        shown: How it is told to people.
        blocks: Whether nothing that adds risk may be sent while it stands.
        report: The order or trade, where it is one.
    """

    kind: str
    name: str
    change: int
    shown: Difference
    blocks: bool = True
    report: OrderReport | TradeReport | None = None

    @property
    def identity(self) -> tuple[str, str, int]:
        """What makes it the same difference when it is found again."""
        return self.kind, self.name, self.change


def foreign_orders(setup: Setup, reports: Sequence[OrderReport]) -> Iterator[Finding]:
    """Yield the working orders that are not ours."""
    traded = {str(one.id) for one in setup.instruments}
    for report in reports:
        side = "buy" if report.side > 0 else "sell"
        what = f"order {report.venue_id or report.client_id} of {report.instrument}"
        yield Finding(
            ORDER,
            report.venue_id or report.client_id,
            report.side * (report.lots - report.filled),
            Difference(
                subject=what,
                ours="unknown",
                theirs=f"works: {side} {report.lots} lots, {report.filled} filled",
                remedy="it is taken over as an order of the account, and counts as exposure",
            ),
            blocks=report.instrument in traded,
            report=report,
        )


def foreign_trades(trades: Sequence[TradeReport]) -> Iterator[Finding]:
    """Yield the trades whose order is not ours."""
    for trade in trades:
        verb = "bought" if trade.side > 0 else "sold"
        yield Finding(
            TRADE,
            f"{trade.instrument} {trade.trade_id}",
            trade.side * trade.lots,
            Difference(
                subject=f"trade {trade.trade_id} of {trade.instrument}",
                ours="unknown",
                theirs=f"{verb} {trade.lots} lots at {trade.price} ticks",
                remedy="it is booked into the position",
            ),
            report=trade,
        )


def positions(setup: Setup, state: State, theirs: Sequence[Position]) -> Iterator[Finding]:
    """Yield the positions that a venue of contracts holds and we do not, or the reverse."""
    held = {one.instrument: one.lots for one in theirs}
    for one in setup.instruments:
        name = str(one.id)
        if one.base and not setup.margin:
            continue  # its position is a balance
        ours, found = state.ledger.position(name), held.get(name, 0)
        if ours != found:
            yield Finding(
                POSITION,
                name,
                found - ours,
                Difference(
                    subject=f"position of {name}",
                    ours=f"{ours} lots",
                    theirs=f"{found} lots",
                    remedy="the venue's position is taken over",
                ),
            )


def balances(setup: Setup, state: State, theirs: Sequence[Balance]) -> Iterator[Finding]:
    """Yield the balances of a spot account that our trades do not explain."""
    if setup.margin:
        return
    held = {one.currency: one.total for one in theirs}
    for currency in dict.fromkeys([setup.currency, *state.ledger.bases]):
        if currency not in state.ledger.baseline:
            continue  # the first comparison takes it for what was there before
        expected = state.ledger.expected(currency, setup.currency)
        found = held.get(currency, 0)
        change = found - expected
        if abs(change) <= setup.bounds.balance_tolerance:
            continue
        is_cash = currency == setup.currency
        yield Finding(
            CASH if is_cash else COINS,
            currency,
            _whole(change),
            Difference(
                subject=f"balance of {currency}",
                ours=_amount(expected),
                theirs=plain(from_money(found)),
                remedy=_remedy(is_cash=is_cash),
            ),
            # More cash than expected is a deposit. More coins may be a buy that we missed.
            blocks=not is_cash or change < 0,
        )


def _remedy(*, is_cash: bool) -> str:
    if is_cash:
        return "the cash is changed by the difference"
    return "the difference is taken for coins that are not the strategy's"


def _whole(units: Fraction) -> int:
    return units.numerator // units.denominator


def _amount(units: Fraction) -> str:
    return (
        plain(from_money(_whole(units)))
        if units.denominator == 1
        else str(float(units / MONEY_UNITS))
    )
