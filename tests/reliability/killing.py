"""Paper sessions whose processes are killed, and what venue and journal say afterwards."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from session_scene import SERIES, at_venue, in_paper, session
from tradectl_sdk.bus.messages.control import AskStatus, NodeStatus
from tradectl_sdk.config import Settings
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.nodes.control import ask
from tradectl_sdk.nodes.executor import JournalView
from tradectl_sdk.nodes.failpoints import VARIABLE
from tradectl_sdk.paper import SqliteLedger
from tradectl_sdk.pipelines.sessions.supervising import SessionEnd, supervise
from tradectl_sdk.testing.simulation.strategy import Restless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.sessions.parts import OpenSession

RESTLESS = f"{inspect.getfile(Restless)}:Restless"
PATIENT = """
from tradectl_sdk import Strategy


class Patient(Strategy):
    \"""Holds one and always has orders far from the market at work.\"""

    def on_bar(self, ctx, bar):
        if ctx.position == 0.0:
            ctx.buy(1.0)
        ctx.buy(1.0, limit=ctx.round_price(bar.close * 0.5))
"""
FOREVER = 1 << 62  # nanoseconds; the strategy acts on every bar
DEADLINE = 300.0  # seconds a session may take


def restless(root: Path, **changes: Any) -> OpenSession:
    """Make a session that does everything a strategy can do, over months of one index."""
    return lenient(root, RESTLESS, until=FOREVER, eagerness=90, **changes)


def patient(root: Path, **changes: Any) -> OpenSession:
    """Make a session that holds something and has orders at work all the time."""
    (root / "patient.py").write_text(PATIENT)
    return lenient(root, f"{root / 'patient.py'}:Patient", **changes)


def lenient(root: Path, strategy: str, **changes: Any) -> OpenSession:
    """Make a session whose nodes may die often, and are soon started again."""
    settings = Settings()
    section = settings.session.model_copy(
        update={"restarts": 100, "restart_window_seconds": 1.0, "orphan_seconds": 60.0}
    )
    settings = settings.model_copy(update={"session": section})
    usual: dict[str, Any] = {"names": SERIES[:1], "start": "2017-01-01", "end": "2017-09-01"}
    return session(root, strategy, settings=settings, **(usual | changes))


@dataclass(slots=True)
class Bullets:
    """Deaths that are to happen once each, whatever life comes by.

    Attributes:
        points: How often each place is passed before it kills.
    """

    folder: Path
    points: Mapping[str, int]

    def load(self) -> str:
        """Return what the environment of the nodes is to hold."""
        self.folder.mkdir(exist_ok=True)
        for name in self.points:
            (self.folder / name).touch()
        return ",".join(
            f"{name}:kill:{nth}:{self.folder / name}" for name, nth in self.points.items()
        )

    @property
    def left(self) -> list[str]:
        """The deaths that have not happened."""
        return sorted(name for name in self.points if (self.folder / name).exists())


@contextmanager
def armed(bullets: Bullets) -> Iterator[None]:
    """Let nodes that are started meanwhile die."""
    os.environ[VARIABLE] = bullets.load()
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def play(
    opened: OpenSession, meanwhile: Callable[[], None] | None = None, seconds: float = DEADLINE
) -> SessionEnd:
    """Run a session to its end; ``meanwhile`` runs in a thread beside it."""

    async def run() -> SessionEnd:
        beside = asyncio.create_task(asyncio.to_thread(meanwhile)) if meanwhile else None
        end = await asyncio.wait_for(supervise(opened), seconds)
        if beside is not None:
            await beside
        return end

    return asyncio.run(run())


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a session's orders, at its venue and in its journal.

    Attributes:
        kills: Restarts of nodes.
        orders: Orders at the venue.
        fills: Trades there.
        never_arrived: Orders that were given up because the venue never had them.
        lost: What one side has and the other does not.
        duplicates: Client ids that the venue has twice.
        unknown: Orders whose fate nobody knows.
        differences: Positions, cash or fills that are not the same.
        damage: What is wrong with the journal.
    """

    kills: int
    orders: int
    fills: int
    never_arrived: int
    lost: tuple[str, ...]
    duplicates: tuple[str, ...]
    unknown: tuple[str, ...]
    differences: tuple[str, ...]
    damage: str

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost, doubled, unknown or different."""
        return not (self.lost or self.duplicates or self.unknown or self.differences or self.damage)


def account(opened: OpenSession) -> Account:
    """Compare the venue's ledger with the executor's journal; the session has to be over."""
    theirs = _venue_orders(opened)
    nodes = opened.folder.state()["nodes"]
    with JournalView(opened.folder.journal) as journal:
        ours = [one for one in journal.orders() if one.client_id]
        damage = journal.check()
    names = Counter(one.ticket.client_id for one in theirs)
    known = {one.client_id: one for one in ours}
    at_the_venue, here = at_venue(opened), in_paper(opened.folder)
    fills = at_the_venue["fills"]
    assert isinstance(fills, list)
    return Account(
        kills=sum(node["restarts"] for node in nodes.values()),
        orders=len(theirs),
        fills=len(fills),
        never_arrived=sum(one.status == "rejected" and one.client_id not in names for one in ours),
        lost=tuple(_lost(theirs, known)),
        duplicates=tuple(name for name, count in names.items() if count > 1),
        unknown=tuple(one.client_id for one in ours if one.status == "unknown"),
        differences=tuple(key for key in here if here[key] != at_the_venue[key]),
        damage=damage,
    )


def tell(found: Account) -> None:
    """Show the numbers to whoever runs the tests with ``-s``."""
    sys.stdout.write(
        f"{found.kills} kills, {found.orders} orders, {found.fills} fills, "
        f"{found.never_arrived} never arrived; {len(found.lost)} lost, "
        f"{len(found.duplicates)} duplicates, {len(found.unknown)} unknown, "
        f"{len(found.differences)} differences\n"
    )


def _lost(theirs: list[Any], known: Mapping[str, Any]) -> Iterator[str]:
    """Orders that only one side has, or that have come further on one side than on the other."""
    arrived = {one.ticket.client_id: one for one in theirs}
    for name, record in arrived.items():
        status = OrderStatus(record.report.status).name.lower()
        if name not in known:
            yield f"{name} is at the venue only, {status}"
        elif bool(known[name].closed) != record.ended:
            yield f"{name} is {status} at the venue, {known[name].status} here"
    for name, row in known.items():
        if name not in arrived and row.venue_id:
            yield f"{name} is here only, {row.status}"
        elif name not in arrived and not row.closed and not row.local:
            yield f"{name} works here only, {row.status}"


def _venue_orders(opened: OpenSession) -> list[Any]:
    ledger = SqliteLedger(opened.folder.ledger)
    try:
        return [order for name in opened.plan.names for order in ledger.orders(name, 0, 0)]
    finally:
        ledger.close()


# While it runs -----------------------------------------------------------------------------------


def status(folder: SessionFolder, node: str) -> NodeStatus | None:
    """Ask a node how it is; None when it does not answer."""
    try:
        return ask(folder.socket(f"{node}.sock"), AskStatus(), NodeStatus, seconds=30)
    except TradectlError:
        return None


def working(folder: SessionFolder) -> int:
    """Orders that work, as the executor says."""
    said = status(folder, "executor")
    return int(said.figures["orders"]) if said is not None else 0


def wait(what: Callable[[], bool], seconds: float = 180.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
