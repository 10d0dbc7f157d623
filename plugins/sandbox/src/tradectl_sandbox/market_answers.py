"""Answers about the market, which anybody may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sandbox import refusals
from tradectl_sandbox.desk import page_of
from tradectl_sandbox.klines import INTERVALS
from tradectl_sandbox.refusals import missing

if TYPE_CHECKING:
    from tradectl_sandbox.house import House
    from tradectl_sandbox.question import Question


def server_time(house: House, _: Question) -> Any:
    """Tell the time."""
    return {"serverTime": house.clock.milliseconds}


def exchange_info(house: House, question: Question) -> Any:
    """Describe the exchange and its symbols."""
    symbols = house.listings.all
    if question.symbol:
        symbols = [house.listings.named(question.symbol)]
    return {
        "timezone": "UTC",
        "serverTime": house.clock.milliseconds,
        "rateLimits": house.limits.describe(),
        "exchangeFilters": [],
        "symbols": [one.describe() for one in symbols],
    }


def klines(house: House, question: Question) -> Any:
    """List bars."""
    board = question.board(house)
    interval = question.params.get("interval", "")
    if not interval:
        raise missing("interval")
    if interval not in INTERVALS or interval not in board.klines.intervals:
        raise refusals.BAD_INTERVAL
    _, start, end, limit = page_of(question.params, "")
    return board.klines.page(interval, start, end, limit)


def depth(house: House, question: Question) -> Any:
    """Show the book."""
    limit = int(question.params.get("limit") or 100)
    return question.board(house).depth(limit)


def trades(house: House, question: Question) -> Any:
    """List the latest trades of everybody."""
    return question.board(house).trades(page_of(question.params, "")[3])


def agg_trades(house: House, question: Question) -> Any:
    """List the latest trades in the other form."""
    first, start, end, limit = page_of(question.params, "fromId")
    return question.board(house).agg_trades(limit, first, start, end)


def price(house: House, question: Question) -> Any:
    """Tell last prices."""
    if question.symbol:
        return question.board(house).price_ticker()
    return [board.price_ticker() for board in house.boards]


def book_ticker(house: House, question: Question) -> Any:
    """Tell best prices."""
    if question.symbol:
        return question.board(house).book_ticker()
    return [board.book_ticker() for board in house.boards]
