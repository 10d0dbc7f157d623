"""Exchanges: the port that adapters fill, what they can do, and what is said to and fro."""

from __future__ import annotations

from tradectl_sdk.exchange.card import Card, ClientIds, RateBudget
from tradectl_sdk.exchange.port import Exchange, Subscription
from tradectl_sdk.exchange.values import (
    Absent,
    Accepted,
    AccountEvent,
    AccountLink,
    Balance,
    BarClosed,
    CancelOutcome,
    FeedState,
    KeyPermissions,
    MarketEvent,
    OrderRef,
    OrderReport,
    Position,
    Print,
    QueryOutcome,
    Quote,
    Refused,
    SubmitOutcome,
    Ticket,
    TradeReport,
    Unclear,
)

__all__ = [
    "Absent",
    "Accepted",
    "AccountEvent",
    "AccountLink",
    "Balance",
    "BarClosed",
    "CancelOutcome",
    "Card",
    "ClientIds",
    "Exchange",
    "FeedState",
    "KeyPermissions",
    "MarketEvent",
    "OrderRef",
    "OrderReport",
    "Position",
    "Print",
    "QueryOutcome",
    "Quote",
    "RateBudget",
    "Refused",
    "SubmitOutcome",
    "Subscription",
    "Ticket",
    "TradeReport",
    "Unclear",
]
