"""A host's memory holds what is going on, and no more."""

from __future__ import annotations

from dataclasses import replace

from casino import make_plan
from counterpart import Executor, Session
from tradectl_sdk import Strategy
from tradectl_sdk.bus.messages.intents import Cancel
from tradectl_sdk.engine import Assumptions


class Restless(Strategy):
    """Trades at every bar, is refused, and leaves an order to be cancelled at the next."""

    def on_start(self, ctx):
        self.resting = 0

    def on_bar(self, ctx, bar):
        ctx.cancel(self.resting)
        ctx.buy(0)
        if ctx.position > 0:
            ctx.sell(ctx.position)
        else:
            ctx.buy(1)
        self.resting = ctx.buy(1, limit=1.0)


class Telling(Executor):
    """Tells of cancelled orders that they have ended, too."""

    def take(self, intents):
        yield from super().take(intents)
        for command in intents.commands:
            if isinstance(command, Cancel):
                row = self.places[intents.epoch, command.number]
                yield self.changed(row, self.cells(row)["status"], intents.epoch, None)


def test_nothing_is_kept_for_each_order_once_tables_are_full(kept, monkeypatch):
    monkeypatch.setattr("tradectl_sdk.nodes.host.inbox._REMEMBERED", 16)
    plan = make_plan(3, 1, 240, Assumptions(max_orders_per_instant=10))
    session = Session(replace(plan, make_strategy=Restless), keep=16)
    session.executor = Telling(plan)
    left = []
    for start in (0, 80, 160):
        session.run(start, start + 80)
        left.append(kept(session.core))
    assert len(session.executor.names) == 480
    assert left[2] < left[1] + 20, left
