"""``tradectl parity``: a paper session is its backtest, and what differs has its cause."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tradectl_sdk.bus.messages.events import Filled
from tradectl_sdk.config import Settings
from tradectl_sdk.nodes.host.recording import Recorder, read_frames
from tradectl_sdk.nodes.host.records import Heard
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions
from tradectl_sdk.pipelines.sessions.in_process import InProcessSession
from tradectl_sdk.pipelines.sessions.parts import OpenSession
from tradectl_sdk.pipelines.sessions.pinning import pinned
from tradectl_sdk.pipelines.sessions.plan import ReplayPlan
from tradectl_sdk.pipelines.sessions.planning import plan_replay

if TYPE_CHECKING:
    from pathlib import Path


def play(root: Path) -> SessionFolder:
    """A paper session over two and a half years of daily bars."""
    settings = Settings()
    plan = plan_replay(
        "sma-cross",
        ["SPX.SAMPLE"],
        timeframe="1d",
        replay=ReplayPlan(start="2014-01-01", end="2016-07-01"),
        parameters={"fast": 5, "slow": 20},
        settings=settings,
        plugins=None,
    )
    folder = Sessions(root / ".tradectl/sessions").create(
        plan.manifest(), pinned(settings), mode="paper"
    )
    session = InProcessSession(OpenSession(folder=folder, plan=plan, settings=settings))

    async def run() -> None:
        await asyncio.wait_for(session.run(), 240)

    asyncio.run(run())
    return folder


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> SessionFolder:
    return play(tmp_path_factory.mktemp("played"))


@pytest.fixture
def folder(project: Path, played: SessionFolder) -> SessionFolder:
    """The same session for each test, in a project of its own."""
    path = project / ".tradectl/sessions" / played.id
    shutil.copytree(played.path, path, ignore=shutil.ignore_patterns("run"))
    return SessionFolder(path)


def tamper(folder: SessionFolder, **changes: Any) -> None:
    """Let every fill have been heard with something else."""
    frames = [
        msgspec.structs.replace(one, event=msgspec.structs.replace(one.event, **changes))
        if isinstance(one, Heard) and isinstance(one.event, Filled)
        else one
        for one in read_frames(folder.record)
    ]
    folder.record.unlink()
    recorder = Recorder(folder.record)
    recorder.write(frames)
    recorder.close()


def test_a_paper_session_is_equal_and_says_what_to_do_next(run, folder) -> None:
    answer = run("parity")
    assert answer.status == 0, answer.err
    assert "equal, order for order" in answer.out
    assert "0 more, 0 fewer" in answer.out
    assert "tradectl live preflight" in answer.out + answer.err
    data = run("parity", folder.id, "--json").data
    assert (data["equal"], data["differences"], data["causes"]) == (True, [], {})
    assert data["totals"]["session"] == data["totals"]["backtest"]
    assert data["matched"] == data["totals"]["session"]["orders"] > 20
    assert data["drift"]["largest"] == 0.0


def test_differences_are_listed_with_their_causes_and_decide_the_exit_status(run, folder) -> None:
    tamper(folder, fee=7)
    answer = run("parity")
    assert answer.status == 1
    assert "differences" in answer.out
    assert "than the rate that the backtest assumes" in answer.out
    assert answer.out.count("2014-") < 25
    assert "more; --all shows them" in answer.err
    assert "--all" in answer.out + answer.err
    everything = run("parity", "--all")
    assert "more; --all" not in everything.err
    data = run("parity", "--json").data
    count = len(data["differences"])
    assert data["causes"] == {"fee": count}
    first = data["differences"][0]
    assert (first["kind"], first["instrument"], first["session"]) == (
        "fee",
        "SPX.SAMPLE",
        "0.00000007",
    )
    assert first["money"].startswith("-")
    assert first["created"].endswith("Z")
    accepted = run("parity", "--allow", str(count))
    assert accepted.status == 0
    assert f"{count:,} accepted" in accepted.out


def test_tolerances_are_given_in_basis_points_and_seconds(run, folder) -> None:
    tamper(folder, time=1)
    assert run("parity").status == 1
    assert run("parity", "--seconds", "1e11").status == 0
    tamper(folder, price=1)
    assert run("parity", "--seconds", "1e11", "--price-bps", "10000").status == 1  # of the fees
    assert {"price", "fee"} <= set(run("parity", "--seconds", "1e11", "--json").data["kinds"])


def test_a_session_without_a_recording_cannot_be_compared(run, folder) -> None:
    folder.record.unlink()
    answer = run("parity")
    assert answer.status == 6
    assert "has recorded nothing" in answer.err


def test_a_project_without_sessions_says_so(run) -> None:
    assert run("parity").status == 6
