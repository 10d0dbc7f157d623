"""Whole paper sessions with all their nodes: each is its backtest, order for order."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import gambler
import pytest
from tradectl_sdk.config import Settings
from tradectl_sdk.errors import NotFoundError, UsageError
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions
from tradectl_sdk.pipelines.parity import parity
from tradectl_sdk.pipelines.sessions.in_process import InProcessSession
from tradectl_sdk.pipelines.sessions.parts import OpenSession
from tradectl_sdk.pipelines.sessions.pinning import pinned
from tradectl_sdk.pipelines.sessions.plan import ReplayPlan
from tradectl_sdk.pipelines.sessions.planning import plan_replay

SERIES = ["SPX.SAMPLE", "IXIC.SAMPLE"]


def opened(root: Path, strategy: str, names: list[str], **session: Any) -> OpenSession:
    settings = Settings.model_validate({"backtest": session.pop("backtest", {})})
    plan = plan_replay(
        strategy,
        names,
        timeframe="1d",
        replay=ReplayPlan(start=session.pop("start"), end="2018-01-01"),
        parameters=session.pop("parameters", {}),
        settings=settings,
        plugins=None,
        **session,
    )
    folder = Sessions(root).create(plan.manifest(), pinned(settings), mode="paper")
    return OpenSession(folder=folder, plan=plan, settings=settings)


def play(session: OpenSession) -> SessionFolder:
    async def run() -> None:
        await asyncio.wait_for(InProcessSession(session).run(), 240)

    asyncio.run(run())
    return session.folder


@pytest.mark.parametrize(
    ("strategy", "names", "session"),
    [
        ("sma-cross", SERIES[:1], {"start": "2015-01-01", "warmup": 60}),
        ("donchian-breakout", SERIES, {"start": "2014-01-01"}),
        ("support-resistance", SERIES[:1], {"start": "2014-01-01"}),
        (
            f"{Path(gambler.__file__)}:Gambler",
            SERIES,
            {
                "start": "2017-01-01",
                "parameters": {"seed": 11},
                "backtest": {"cash": Decimal(1_000_000), "margin": True, "limit_fill": "touch"},
            },
        ),
    ],
)
def test_a_paper_session_equals_its_backtest(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    strategy: str,
    names: list[str],
    session: dict[str, Any],
) -> None:
    if strategy != "sma-cross":  # one is compared with a compiled backtest, as usual
        request.getfixturevalue("interpreted")
    report = parity(play(opened(tmp_path, strategy, names, **session)))
    assert report.differences == ()
    assert (report.drift.final, report.drift.largest) == (0.0, 0.0)
    assert report.matched > 8
    assert report.ours == report.theirs
    assert report.notes == ()


def test_what_no_session_can_have_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="market_fill was this_close"):
        opened(
            tmp_path,
            "sma-cross",
            SERIES[:1],
            start="2017-01-01",
            backtest={"market_fill": "this_close"},
        )
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_has_recorded_nothing_cannot_be_compared(tmp_path: Path) -> None:
    session = opened(tmp_path, "sma-cross", SERIES[:1], start="2017-01-01")
    with pytest.raises(NotFoundError, match="has recorded nothing"):
        parity(session.folder)
