"""The host's core: the backtest's decisions, whatever way bars and executions come."""

from __future__ import annotations

from casino import make_plan, seeds, several
from counterpart import Session, exact
from hypothesis import given, settings
from hypothesis import strategies as st
from test_live import possible
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.nodes.host.records import Valued

fewer = settings(several, max_examples=20)


@given(seed=seeds, count=st.integers(1, 3), assume=possible)
@fewer
def test_a_session_makes_the_fills_of_its_backtest(seed, count, assume):
    plan = exact(make_plan(seed, count, 40, assume))
    whole = run(plan, Mode.INTERPRETED)
    session = Session(plan).run()
    fills = session.executor.fills
    for name in ("time", "known", "instrument", "side", "quantity", "price", "fee", "reason"):
        assert fills[name].tolist() == whole.fills[name].tolist(), name
    values = [frame.equity for frame in session.frames if isinstance(frame, Valued)]
    assert values == whole.equity.tolist()
    mine = session.engine.strategies
    assert [vars(one) for one in mine] == [vars(one) for one in whole.strategies]
    session.check()


@given(seed=seeds, count=st.integers(1, 2), assume=possible, kills=st.lists(st.integers(0, 39)))
@fewer
def test_after_any_restart_host_and_executor_agree_at_every_instant(seed, count, assume, kills):
    plan = exact(make_plan(seed, count, 40, assume))
    session = Session(plan)
    for at, bars in enumerate(session.instants):
        session.pass_bars(bars)
        session.check()
        for _ in range(kills.count(at)):
            session.start(tuple(bar for each in session.instants[: at + 1] for bar in each))
            session.check()
