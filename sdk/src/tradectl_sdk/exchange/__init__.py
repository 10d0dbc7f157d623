"""Exchanges: the port that adapters fill, what they can do, and what is said to and fro."""

from __future__ import annotations

from tradectl_sdk.exchange.card import Card, ClientIds, RateBudget
from tradectl_sdk.exchange.clock import ClockEstimate, ClockSample
from tradectl_sdk.exchange.credentials import Credentials, Secret
from tradectl_sdk.exchange.port import Exchange, Subscription
from tradectl_sdk.exchange.rates import RateLimiter
from tradectl_sdk.exchange.sequence import BarSequence
from tradectl_sdk.exchange.streams import pause, until_closed
from tradectl_sdk.exchange.tickets import ticket_problem
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
    "BarSequence",
    "CancelOutcome",
    "Card",
    "ClientIds",
    "ClockEstimate",
    "ClockSample",
    "Credentials",
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
    "RateLimiter",
    "Refused",
    "Secret",
    "SubmitOutcome",
    "Subscription",
    "Ticket",
    "TradeReport",
    "Unclear",
    "pause",
    "ticket_problem",
    "until_closed",
]
