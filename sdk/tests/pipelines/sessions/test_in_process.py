"""A whole paper session in one process, over a replay: the backtest's orders, fills and cash."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk import backtest
from tradectl_sdk.config import Settings
from tradectl_sdk.domain.money import from_money, to_money
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.session_folder import Sessions
from tradectl_sdk.pipelines.sessions.in_process import InProcessSession
from tradectl_sdk.pipelines.sessions.parts import OpenSession
from tradectl_sdk.pipelines.sessions.pinning import pinned
from tradectl_sdk.pipelines.sessions.plan import ReplayPlan
from tradectl_sdk.pipelines.sessions.planning import plan_replay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.runs import RunRecord

SERIES = ["SPX.SAMPLE", "IXIC.SAMPLE"]


def session(
    root: Path, strategy: str, names: Sequence[str], start: str, end: str, settings: Settings
) -> OpenSession:
    replay = ReplayPlan(start=start, end=end)
    plan = plan_replay(
        strategy,
        names,
        timeframe="1d",
        replay=replay,
        parameters={},
        settings=settings,
        plugins=None,
    )
    folder = Sessions(root).create(plan.manifest(), pinned(settings), mode="paper")
    return OpenSession(folder=folder, plan=plan, settings=settings)


def play(opened: OpenSession) -> None:
    async def run() -> None:
        await asyncio.wait_for(InProcessSession(opened).run(), 120)

    asyncio.run(run())


def in_paper(folder: SessionFolder) -> dict[str, object]:
    """What a session's journal says of fills, cash and positions."""
    with JournalView(folder.journal) as journal:
        return {
            "fills": [
                (one.instrument, one.side, one.quantity, one.price, one.fee, one.time)
                for one in journal.fills()
            ],
            "cash": journal.balance().cash,
            "held": journal.positions(),
        }


def in_backtest(names: Sequence[str], record: RunRecord) -> dict[str, object]:
    """The same of a backtest."""
    fills = []
    cash, held = record.initial_equity, dict.fromkeys(names, Decimal(0))
    for row in record.fills:
        one = record.instruments[row["instrument"]]
        side, quantity = int(row["side"]), one.lots_to_quantity(int(row["quantity"]))
        price, fee = one.ticks_to_price(int(row["price"])), int(row["fee"])
        word = "buy" if side > 0 else "sell"
        fills.append((str(one.id), word, quantity, price, from_money(fee), int(row["time"])))
        cash -= side * to_money(quantity * price * one.multiplier) + fee
        held[str(one.id)] += side * quantity
    return {
        "fills": fills,
        "cash": from_money(cash),
        "held": {name: quantity for name, quantity in held.items() if quantity},
    }


@pytest.mark.parametrize(
    ("strategy", "names", "start"),
    [
        ("sma-cross", SERIES[:1], "2015-01-01"),
        ("donchian-breakout", SERIES, "2014-01-01"),
        ("support-resistance", SERIES[:1], "2014-01-01"),
    ],
)
def test_a_paper_session_over_a_replay_is_the_backtest(
    tmp_path: Path, strategy: str, names: list[str], start: str
) -> None:
    settings = Settings()
    opened = session(tmp_path, strategy, names, start, "2018-01-01", settings)
    play(opened)
    run = backtest(strategy, names, start=start, end="2018-01-01", settings=settings).record
    assert len(run.fills) > 4
    assert in_paper(opened.folder) == in_backtest(names, run)
