"""Putting the engine of a session together: a backtest's plan, without its data and its venue."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine.bars import Columns
from tradectl_sdk.engine.build import (
    listens,
    longest_warmup,
    make_booking,
    make_strategies,
    open_account,
    open_desk,
    start,
)
from tradectl_sdk.engine.live import LiveDesk, LiveEngine, LiveVenue
from tradectl_sdk.engine.live_tables import LiveFills, LiveJournal, LiveOrders
from tradectl_sdk.engine.settings import MarketFill
from tradectl_sdk.engine.streaming import StreamingFeed
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.engine.build import Plan
    from tradectl_sdk.engine.live import Outlet

KEEP = 1024  # ended orders and fills that are remembered at least
_ROWS_PER_ORDER = 3  # an entry and its exits


def live_engine(
    plan: Plan, outlet: Outlet, *, cash: int, holdings: Sequence[int], keep: int = KEEP
) -> LiveEngine:
    """Make the engine of a session, its strategies started.

    Args:
        plan: As for a backtest; bars its columns hold are not read.
        outlet: Where intents go.
        cash: Money units the account has.
        holdings: Signed lots it holds, per instrument.
        keep: Ended orders and fills that are remembered at least.

    Raises:
        UsageError: If the plan cannot be had in a session.
        Exception: Whatever a strategy's ``on_start`` raises.
    """
    check_plan(plan)
    plan = _without_data(plan, cash, holdings)
    feed = StreamingFeed()
    strategies = make_strategies(plan)
    account, market = open_account(plan, feed)
    most = _ROWS_PER_ORDER * plan.assumptions.max_orders_per_instant
    orders = LiveOrders(market.count, spare=2 * most, keep=keep)
    journal = LiveJournal(enabled=listens(strategies))
    booking = make_booking(plan, feed, account, market, orders, LiveFills(keep), journal)
    desk, gate = open_desk(LiveDesk, plan, LiveVenue(booking, outlet))
    context = start(plan, feed, desk, strategies)
    return LiveEngine(
        feed=feed,
        strategies=strategies,
        context=context,
        desk=desk,
        gate=gate,
        settle_at_close=False,
        warmup=longest_warmup(plan, strategies),
        instants=1,
    )


def check_plan(plan: Plan) -> None:
    """Refuse what no session can have.

    Raises:
        UsageError: If market orders were to fill at a close that is known when they are decided.
    """
    if plan.assumptions.market_fill is MarketFill.THIS_CLOSE:
        raise UsageError(
            "market_fill was this_close, expected next_open or next_close: nothing can be bought "
            "at a close that is already known",
            hint="set backtest.market_fill to next_open and run the backtest again to compare",
        )


def _without_data(plan: Plan, cash: int, holdings: Sequence[int]) -> Plan:
    assumptions = replace(plan.assumptions, cash=Decimal(cash) / MONEY_UNITS)
    columns = [no_bars(one.instrument, one.length) for one in plan.columns]
    return replace(plan, assumptions=assumptions, columns=columns, holdings=tuple(holdings))


def no_bars(instrument: int, length: int, *, drives: bool = True) -> Columns:
    """A series that has not begun.

    Args:
        instrument: Index of its instrument.
        length: Nanoseconds from a bar's open to its close.
        drives: Whether its bars will be handed to the strategy.
    """
    integers, floats = np.empty(0, np.int64), np.empty(0)
    return Columns(
        instrument=instrument,
        length=length,
        time=integers,
        ticks=(integers,) * 4,
        lots=integers,
        prices=(floats,) * 4,
        volume=floats,
        drives=drives,
    )
