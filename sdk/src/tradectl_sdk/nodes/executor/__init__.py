"""The executor: the one node that decides that an order may be sent.

:class:`ExecutorCore` is the core, :class:`Executor` what drives it, :class:`Journal` what it
remembers by, and :class:`JournalView` what others see of it.
"""

from __future__ import annotations

from tradectl_sdk.nodes.executor.core import ExecutorCore
from tradectl_sdk.nodes.executor.journal import Journal
from tradectl_sdk.nodes.executor.reading import BalanceView, FillRow, JournalView, OrderRow
from tradectl_sdk.nodes.executor.setup import Bounds, Setup
from tradectl_sdk.nodes.executor.shell import Executor
from tradectl_sdk.nodes.executor.state import State

__all__ = [
    "BalanceView",
    "Bounds",
    "Executor",
    "ExecutorCore",
    "FillRow",
    "Journal",
    "JournalView",
    "OrderRow",
    "Setup",
    "State",
]
