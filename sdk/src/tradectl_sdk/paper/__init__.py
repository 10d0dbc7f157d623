"""A venue of our own: the engine's matching, an account, and a ledger that outlives its clients."""

from __future__ import annotations

from tradectl_sdk.paper.card import paper_card
from tradectl_sdk.paper.core import PaperCore
from tradectl_sdk.paper.exchange import PaperExchange
from tradectl_sdk.paper.ledger import SqliteLedger
from tradectl_sdk.paper.memory import MemoryLedger
from tradectl_sdk.paper.records import Changes, Ledger, OrderRecord, TradeRecord, VenueState
from tradectl_sdk.paper.replay import Replay
from tradectl_sdk.paper.settings import Matching, PaperSettings

__all__ = [
    "Changes",
    "Ledger",
    "Matching",
    "MemoryLedger",
    "OrderRecord",
    "PaperCore",
    "PaperExchange",
    "PaperSettings",
    "Replay",
    "SqliteLedger",
    "TradeRecord",
    "VenueState",
    "paper_card",
]
