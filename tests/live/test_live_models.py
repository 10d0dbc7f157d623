"""A live session whose strategy trades a model's forecasts, killed on the way."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import live_forecasts
import numpy as np
import pytest
from live_forecasts import frames_of
from live_rehearsal import KEYS, Rehearsal, write_project
from tradectl_sdk import Bars
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.models import walk_forward
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.host.records import Decided, Saw, Warmed
from tradectl_sdk.pipelines.parity import parity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tradectl_sdk.pipelines.sessions.parts import OpenSession

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with Rehearsal(tmp_path) as box:
        write_project(tmp_path, box.urls)
        (tmp_path / "sized.py").write_text(live_forecasts.SIZED)
        yield tmp_path


@pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # the child runs no thread of ours
def test_a_killed_live_session_goes_on_with_the_forecasts_of_its_backtest(project: Path) -> None:
    first = live_forecasts.made(project)
    assert os.WTERMSIG(live_forecasts.die(first, 2)) == signal.SIGKILL
    session = live_forecasts.opened(project)
    pinned = session.plan.models["forecast"]
    assert (session.plan.mode, pinned["model"]) == ("live", "ridge")
    live_forecasts.go_on(session, decisions=4)
    check_forecasts(session)
    check_decisions(session)
    with JournalView(session.folder.journal) as journal:
        assert not [one for one in journal.orders() if one.status in {"unknown", "submitted"}]
        assert len(list(journal.fills())) >= 1
    report = parity(session.folder)
    told = report.counts("cause"), report.notes
    assert report.bars >= 4, told
    assert "unexplained" not in report.counts("cause"), told
    assert not [note for note in report.notes if "when its model runs again" in note], told


def check_forecasts(session: OpenSession) -> None:
    """Fail unless each is that of walking forward over the bars there were, to the last bit."""
    mine: dict[int, tuple[Any, float]] = {}
    for frame in frames_of(session, Saw | Warmed):
        for bar, values in zip(frame.bars, frame.forecasts, strict=True):
            mine.setdefault(bar.time, (bar, values[0]))
    (instrument,) = session.plan.instruments
    bars = [bar for bar, _ in mine.values()]
    columns = {
        name: np.array([getattr(bar, name) for bar in bars], np.int64)
        for name in ("time", "open", "high", "low", "close", "volume")
    }
    columns["time"] = columns["time"] - session.length
    (model,) = session.forecasting()
    bars_of = Bars(instrument=instrument, timeframe=Timeframe(session.length), **columns)
    whole = walk_forward(model.make(), bars_of)
    assert np.array([value for _, value in mine.values()]).tobytes() == whole.values.tobytes()
    assert np.isfinite(whole.values).sum() > 20


def check_decisions(session: OpenSession) -> None:
    """Fail unless each order is as large as the forecast beside its bar makes it."""
    forecast, sizes = 0.0, []
    for frame in frames_of(session, Saw | Decided):
        if isinstance(frame, Saw):
            forecast = frame.forecasts[-1][0]
        else:
            (order,) = frame.intents.commands
            assert order.lots == (2_000 if forecast > 0 else 1_000)
            sizes.append(order.lots)
    assert len(sizes) >= 4
