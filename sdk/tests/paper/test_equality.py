"""Paper equals the backtest, fill by fill and order by order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from casino import assumptions, make_plan, seeds
from hypothesis import given, settings
from hypothesis import strategies as st
from overheard import rehearse, same_as_backtest
from tradectl_sdk.engine import Assumptions, MarketFill
from tradectl_sdk.paper import PaperCore, SqliteLedger


def whole_at_close(assume: Assumptions) -> Assumptions:
    """At the close of a bar a backtest fills after the strategy has decided, a venue before.

    Only what the volume left of a market order tells the difference.
    """
    if assume.market_fill is MarketFill.THIS_CLOSE:
        return replace(assume, volume_share=Decimal(0))
    return assume


assumptions = assumptions.map(whole_at_close)
quick = settings(max_examples=40, deadline=None)


@given(seed=seeds, count=st.integers(1, 3), assume=assumptions, rows=st.sampled_from([4, 1024]))
@quick
def test_paper_gives_the_very_fills_of_the_backtest(seed, count, assume, rows):
    plan = make_plan(seed, count, 120, assume)
    same_as_backtest(plan, rehearse(plan, table_rows=rows))


def restarted(core: PaperCore) -> PaperCore:
    """A new venue from the ledger alone, as after a kill."""
    core.save(0)
    return PaperCore(list(core.instruments.values()), core.ledger, core.settings)


@given(seed=seeds, count=st.integers(1, 2), assume=assumptions)
@quick
def test_a_venue_that_is_killed_after_every_instant_gives_the_same_fills(seed, count, assume):
    plan = make_plan(seed, count, 60, assume)
    ledger = SqliteLedger(":memory:")
    same_as_backtest(plan, rehearse(plan, ledger=ledger, after_instant=restarted))
