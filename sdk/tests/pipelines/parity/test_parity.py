"""A session beside its backtest: equal where nothing went wrong, explained where something did."""

from __future__ import annotations

from decimal import Decimal

import pytest
from casino import seeds, several
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recorded import Recorded, plan_of

pytestmark = pytest.mark.usefixtures("interpreted")
choices = st.fixed_dictionaries(
    {
        "cash": st.sampled_from([Decimal(500), Decimal(100_000)]),
        "margin": st.booleans(),
        "limit_fill": st.sampled_from(["cross", "touch"]),
        "bar_path": st.sampled_from(["worst_case", "adaptive", "ohlc"]),
        "market_fill": st.sampled_from(["next_open", "next_close"]),
        "volume_share": st.sampled_from([Decimal(0), Decimal("0.05"), Decimal(1)]),
    }
)


fewer = settings(several, max_examples=20)


CUT = {  # an order is cut to what had filled of it, and that is its end
    "cash": Decimal(500),
    "margin": True,
    "bar_path": "adaptive",
    "market_fill": "next_close",
    "volume_share": Decimal("0.05"),
}


@given(seed=seeds, count=st.integers(1, 2), warm=st.integers(0, 9), backtest=choices)
@example(seed=275, count=1, warm=0, backtest=CUT)
@fewer
def test_a_session_whose_venue_answers_at_once_equals_its_backtest(seed, count, warm, backtest):
    parameters = {"seed": seed + 1}
    plan = plan_of(seed, 40, count=count, parameters=parameters, backtest=backtest)
    report = Recorded(plan, warm=warm).run(warm).compared()
    assert report.differences == ()
    assert report.ok
    assert (report.drift.final, report.drift.largest) == (0.0, 0.0)
    assert (report.warmup, report.bars) == (warm, 40 - warm)
    assert report.ours == report.theirs
