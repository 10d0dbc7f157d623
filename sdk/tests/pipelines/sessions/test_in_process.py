"""A whole paper session in one process, over a replay: the backtest's fills, cash and positions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from session_scene import SERIES, at_venue, in_backtest, in_paper, session
from tradectl_sdk import backtest
from tradectl_sdk.bus.messages.control import NodeStatus
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import AccountInUseError, StrategyError
from tradectl_sdk.pipelines.parity import compare_recording
from tradectl_sdk.pipelines.sessions.in_process import InProcessSession
from tradectl_sdk.pipelines.sessions.parts import holding_account

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.pipelines.sessions.parts import OpenSession


NOTHING = NodeStatus(name="", pid=0, epoch=0, state="starting")


def play(opened: OpenSession) -> None:
    async def run() -> None:
        await asyncio.wait_for(InProcessSession(opened).run(), 120)

    asyncio.run(run())
    assert not (opened.folder.path / "run").is_symlink()  # elsewhere, nothing was left


@pytest.mark.parametrize(
    ("strategy", "names", "start"),
    [
        ("sma-cross", SERIES[:1], "2016-06-01"),
        ("donchian-breakout", SERIES, "2016-06-01"),
        ("support-resistance", SERIES[:1], "2015-01-01"),
    ],
)
def test_a_paper_session_over_a_replay_is_the_backtest(
    tmp_path: Path, strategy: str, names: list[str], start: str
) -> None:
    opened = session(tmp_path, strategy, names, start)
    play(opened)
    run = backtest(strategy, names, start=start, end="2018-01-01").record
    assert len(run.fills) > 1
    assert in_paper(opened.folder) == in_backtest(names, run)
    if len(names) == 1:
        assert at_venue(opened) == in_paper(opened.folder)
    report = compare_recording(
        opened.folder.record, opened.resolved().engine, Timeframe.parse("1d")
    )
    assert report.ok
    assert not report.differences


def test_a_session_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    opened = session(tmp_path)

    async def interrupt() -> None:
        running = InProcessSession(opened)
        task = asyncio.create_task(running.run())
        while running.statuses().get("gateway", NOTHING).data.seq < 300:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        running.stop()
        await asyncio.wait_for(task, 60)

    asyncio.run(interrupt())
    before = in_paper(opened.folder)["fills"]
    assert isinstance(before, list)
    play(opened)
    after = in_paper(opened.folder)["fills"]
    assert isinstance(after, list)
    assert 0 < len(before) < len(after)
    assert after[: len(before)] == before
    assert at_venue(opened) == in_paper(opened.folder)


RAISING = """
from tradectl_sdk import Strategy

class Raising(Strategy):
    def on_bar(self, ctx, bar):
        if ctx.position == 0.0:
            ctx.buy(1.0)
        else:
            raise ValueError("that was not planned")
"""


def test_a_strategy_that_raises_ends_the_session_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "raising.py").write_text(RAISING)
    opened = session(tmp_path, f"{tmp_path / 'raising.py'}:Raising")
    with pytest.raises(StrategyError, match="Raising failed: ValueError: that was not planned"):
        play(opened)
    from tradectl_sdk.nodes.executor import JournalView

    with JournalView(opened.folder.journal) as journal:
        assert journal.state.switch == "halted"
        assert len(list(journal.fills())) == 1


def test_a_second_session_on_the_account_is_refused(tmp_path: Path) -> None:
    opened = session(tmp_path)
    with (
        holding_account(opened),
        pytest.raises(AccountInUseError, match=f"in use by {opened.folder.id}"),
    ):
        play(opened)
