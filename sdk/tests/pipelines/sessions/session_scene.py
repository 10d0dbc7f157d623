"""Sessions over replays of the samples, and what they and their backtests came to."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.config import Settings
from tradectl_sdk.domain.money import from_money, to_money
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.paper import SqliteLedger
from tradectl_sdk.pipelines.sessions.opening import create_session
from tradectl_sdk.pipelines.sessions.parts import OpenSession
from tradectl_sdk.pipelines.sessions.plan import ReplayPlan
from tradectl_sdk.pipelines.sessions.planning import plan_replay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.runs import RunRecord

SERIES = ["SPX.SAMPLE", "IXIC.SAMPLE"]


def session(
    root: Path,
    strategy: str = "sma-cross",
    names: Sequence[str] = SERIES[:1],
    start: str = "2015-01-01",
    end: str = "2018-01-01",
    settings: Settings | None = None,
    speed: float = 0.0,
    **parameters: Any,
) -> OpenSession:
    """Make a paper session over a replay; it is not started."""
    settings = settings or Settings()
    plan = plan_replay(
        strategy,
        names,
        timeframe="1d",
        replay=ReplayPlan(start=start, end=end, speed=speed),
        parameters=parameters,
        settings=settings,
        plugins=None,
    )
    home = settings.session.model_copy(update={"directory": root})
    settings = settings.model_copy(update={"session": home})
    return OpenSession(folder=create_session(plan, settings), plan=plan, settings=settings)


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


def at_venue(opened: OpenSession) -> dict[str, object]:
    """What the paper venue's ledger says of the same; its session has to be over."""
    ledger = SqliteLedger(opened.folder.ledger)
    try:
        state = ledger.state()
        assert state is not None
        fills = []
        for one in opened.plan.instruments:
            for trade in ledger.trades(str(one.id), 0, 1, 0):
                told = trade.report
                fills.append(
                    (
                        told.instrument,
                        "buy" if told.side > 0 else "sell",
                        one.lots_to_quantity(told.lots),
                        one.ticks_to_price(told.price),
                        from_money(told.fee),
                        told.time,
                    )
                )
        names = {str(one.id): one for one in opened.plan.instruments}
        held = {
            name: names[name].lots_to_quantity(each.lots)
            for name, each in state.standings.items()
            if each.lots
        }
        return {"fills": fills, "cash": from_money(state.balances["USD"]), "held": held}
    finally:
        ledger.close()


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
