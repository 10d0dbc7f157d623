"""Real processes, killed at every named step: nothing lost, nothing twice, no difference.

Each session plays a market over which a strategy does everything that strategies can do, dies where
it is told to, is started again by its supervisor, and is compared with its venue's ledger at the
end.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from killing import Bullets, account, armed, patient, play, restless, status, tell, wait, working
from tradectl_sdk.bus.messages.control import CancelEverything, Done
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.nodes.control import ask
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.failpoints import EXECUTOR, GATEWAY, HOST, NAMES
from tradectl_sdk.pipelines.sessions.opening import open_session
from tradectl_sdk.pipelines.sessions.supervising import stop_session

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.nodes.session_folder import SessionFolder

pytestmark = pytest.mark.slow
CANCEL_ALL = tuple(name for name in EXECUTOR if ".cancel_all." in name)
CHECKPOINT = tuple(name for name in EXECUTOR if ".checkpoint." in name)
ORDER_PATH = tuple(name for name in EXECUTOR if name not in {*CANCEL_ALL, *CHECKPOINT})
# How often a step is passed before it kills. What happens at each start is met early, the rest
# when there is something to lose.
PASSED = {"executor.batch.stepped": 40, "executor.intent.sent": 12, "gateway.bars.begun": 20}
AT_STARTS = {"executor.reconcile.begun", "executor.reconcile.compared", "gateway.fetched"}
MIXED = {
    "executor.intent.sent": 25,
    "executor.fill.committed": 9,
    "gateway.order.begun": 14,
    "gateway.account.begun": 12,
    "gateway.order.answered": 5,
    "host.decision.sent": 8,
    "host.decision.made": 20,
}


def points(names: tuple[str, ...]) -> dict[str, int]:
    return {
        name: 1 if name in AT_STARTS else PASSED.get(name, 3 + place)
        for place, name in enumerate(names)
    }


def test_every_named_step_is_killed_at() -> None:
    assert {*ORDER_PATH, *CANCEL_ALL, *CHECKPOINT, *GATEWAY, *HOST} == NAMES


@pytest.mark.parametrize(
    "where",
    [points(ORDER_PATH), points(GATEWAY), points(HOST), MIXED],
    ids=["executor", "gateway", "host", "all of them"],
)
def test_a_node_killed_at_each_step_of_an_orders_way_loses_and_doubles_nothing(
    tmp_path: Path, where: dict[str, int]
) -> None:
    opened = restless(tmp_path)
    bullets = Bullets(tmp_path / "bullets", where)
    with armed(bullets):
        assert play(opened).state == "finished"
    found = account(opened)
    tell(found)
    assert bullets.left == []
    assert found.kills >= len(where)
    assert found.is_clean
    assert found.orders > 50
    assert found.fills > 30


@pytest.mark.parametrize("name", CANCEL_ALL)
def test_a_panic_that_is_killed_in_the_middle_is_seen_through(tmp_path: Path, name: str) -> None:
    """Somebody panics, the executor dies over it; in the end nothing works and nothing is held."""
    opened = patient(tmp_path)
    bullets = Bullets(tmp_path / "bullets", {name: 1})
    with armed(bullets):
        assert play(opened, lambda: panic(opened.folder)).state == "finished"
    found = account(opened)
    tell(found)
    assert bullets.left == []
    assert found.is_clean
    with JournalView(opened.folder.journal) as journal:
        assert journal.state.switch == "halted"
        assert list(journal.orders(working=True)) == []
        assert journal.positions() == {}


def panic(folder: SessionFolder) -> None:
    """Throw the kill switch as soon as orders work, again and again until somebody says done."""
    wait(lambda: working(folder) > 5)
    while True:
        try:
            ask(
                folder.socket("executor.sock"),
                CancelEverything(flatten=True, by="somebody"),
                Done,
                seconds=5,
            )
        except TradectlError:
            time.sleep(0.05)
        else:
            return


def test_a_checkpoint_that_is_killed_in_the_middle_costs_nothing(tmp_path: Path) -> None:
    """The session is stopped, its executor dies over its last act, and the session goes on."""
    opened = restless(tmp_path, end="2017-05-01")
    for number, name in enumerate(CHECKPOINT):
        bullets = Bullets(tmp_path / "bullets", {name: 1})
        with armed(bullets):
            play(opened, partial(stop_after, opened.folder, 10 * (number + 1)))
        assert bullets.left == []
        found = account(opened)
        assert found.is_clean
        opened = open_session(opened.folder)
    assert play(opened).state == "finished"
    found = account(opened)
    tell(found)
    assert found.is_clean
    assert found.orders > 20


def stop_after(folder: SessionFolder, orders: int) -> None:
    """Stop the session in good order once so many orders were placed."""

    def placed() -> bool:
        said = status(folder, "executor")
        return said is not None and int(said.figures["journal records"]) > 4 * orders

    wait(placed)
    stop_session(folder)
