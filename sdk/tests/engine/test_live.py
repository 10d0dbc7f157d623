"""The live engine is the backtest's: with a venue that answers at once, the same bytes."""

from __future__ import annotations

from casino import assumptions, make_plan, seeds, several
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import Rehearsal
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.engine.settings import MarketFill

possible = assumptions.filter(lambda one: one.market_fill is not MarketFill.THIS_CLOSE)


@given(seed=seeds, count=st.integers(1, 3), assume=possible)
@several
def test_bar_by_bar_gives_the_bytes_of_the_backtest(seed, count, assume):
    plan = make_plan(seed, count, 60, assume)
    whole = run(plan, Mode.INTERPRETED)
    live = Rehearsal(plan).run()
    assert live.fills.tobytes() == whole.fills.tobytes()
    assert live.orders.tobytes() == whole.orders.tobytes()
    assert live.equity == whole.equity.tolist()
    assert live.times == whole.times.tolist()
    assert live.engine.desk.account.cash == whole.cash
    for mine, theirs in zip(live.engine.strategies, whole.strategies, strict=True):
        assert vars(mine) == vars(theirs)
