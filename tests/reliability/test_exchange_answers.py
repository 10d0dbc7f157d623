"""Everything an exchange may answer: executor and gateway end up with what the exchange has.

The unmodified ccxt client trades at the rehearsal exchange, which misleads it in one way after the
other: each kind of fault there is, while an order is sent, filled or cancelled.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from real_client import FAR, SECOND, RealClient, real_client
from tradectl_sandbox import FaultKind
from tradectl_sdk.domain.orders import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow
PATIENCE = 60  # seconds until the session has to agree with its exchange
ACCEPTED, FILLED = OrderStatus.ACCEPTED, OrderStatus.FILLED
CANCELED, EXPIRED, REJECTED = OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED
TAKE, REST, END = "take", "rest", "end"


@dataclass(frozen=True, slots=True)
class Trial:
    """What goes wrong, while what happens, and what has become of the order in the end.

    Attributes:
        faults: Kinds of faults, with how long they last or how long they let wait.
        act: An order that is filled at once, one that rests, or one that is cancelled.
        status: Of the order, once the session agrees with the exchange.
        count: Orders that are placed one after the other.
    """

    faults: Mapping[FaultKind, float]
    act: str
    status: OrderStatus
    count: int = 1


TRIALS: Mapping[str, Sequence[Trial]] = {
    "answers": (
        Trial({FaultKind.ERROR_IN_200: 1}, TAKE, REJECTED),
        Trial({FaultKind.LOSE_REQUEST: 1}, TAKE, REJECTED),
        Trial({FaultKind.ACCEPT_THEN_TIMEOUT: 1}, TAKE, FILLED),
        Trial({FaultKind.ACCEPT_THEN_504: 1}, REST, ACCEPTED),
        Trial({FaultKind.GARBAGE: 1}, REST, ACCEPTED),
        Trial({FaultKind.SLOW: 0.6}, REST, ACCEPTED),  # longer than is waited for
    ),
    "fills": (
        Trial({FaultKind.ACK_AFTER_FILL: 0.2}, TAKE, FILLED),
        Trial({FaultKind.ACK_AFTER_FILL: 1}, TAKE, FILLED),  # later than is waited for
        Trial({FaultKind.PARTIAL_THEN_EXPIRE: 1}, REST, EXPIRED),
        Trial({FaultKind.DUPLICATE_FILL: 1}, TAKE, FILLED),
        Trial({FaultKind.LATE_FILL: 1}, TAKE, FILLED),
        Trial({FaultKind.SWAP_FILLS: 1}, TAKE, FILLED, count=2),
    ),
    "cancels": (
        Trial({FaultKind.LOSE_CANCEL_REPLY: 1}, END, CANCELED),
        Trial({FaultKind.CANCEL_LATER: 1}, END, CANCELED),
    ),
    "lists": (
        Trial({FaultKind.HIDE_OPEN_ORDERS: 2}, REST, ACCEPTED),
        Trial({FaultKind.HIDE_OPEN_ORDERS: 2, FaultKind.ACCEPT_THEN_504: 1}, REST, ACCEPTED),
        Trial({FaultKind.HIDE_ORDERS: 0.3, FaultKind.ACCEPT_THEN_504: 1}, REST, ACCEPTED),
        Trial({FaultKind.EMPTY_LISTS: 2}, REST, ACCEPTED),
        Trial({FaultKind.EMPTY_LISTS: 2, FaultKind.ACCEPT_THEN_TIMEOUT: 1}, TAKE, FILLED),
    ),
    "streams": (
        Trial({FaultKind.SILENT_STREAMS: 2}, TAKE, FILLED),
        Trial({FaultKind.DROP_STREAMS: 1}, TAKE, FILLED),
        Trial({FaultKind.BOOK_GAP: 1}, TAKE, FILLED),
    ),
    "refusals": (
        Trial({FaultKind.RATE_LIMIT: 1}, TAKE, REJECTED),
        Trial({FaultKind.MAINTENANCE: 1}, TAKE, REJECTED),
        Trial({FaultKind.BAN: 1}, TAKE, REJECTED),
    ),
}


def test_every_kind_of_fault_is_tried() -> None:
    tried = {kind for trials in TRIALS.values() for trial in trials for kind in trial.faults}
    assert tried == set(FaultKind) - {FaultKind.CLOCK_JUMP}  # has a test of its own


@pytest.mark.parametrize("kind", TRIALS)
def test_whatever_the_exchange_answers_the_session_ends_up_with_what_it_has(
    tmp_path: Path, kind: str
) -> None:
    asyncio.run(through_all_of_it(tmp_path / "journal", TRIALS[kind]))


async def through_all_of_it(path: Path, trials: Sequence[Trial]) -> None:
    async with real_client(path) as one:
        for trial in trials:
            await suffer(one, trial)


async def suffer(one: RealClient, trial: Trial) -> None:
    """Let something go wrong once, until it is over, and compare."""
    resting = [one.buy(limit=FAR) for _ in range(trial.count) if trial.act == END]
    await one.until(lambda: all(status(one, order) == ACCEPTED for order in resting))
    for kind, seconds in trial.faults.items():
        one.box.arm(kind, seconds=seconds)
    limit: dict[str, Any] = {"limit": FAR} if trial.act == REST else {}
    orders = resting or [one.buy(**limit) for _ in range(trial.count)]
    for order in resting:
        one.cancel(order)
    try:
        await one.until(lambda: all(status(one, o) == trial.status for o in orders), PATIENCE)
        await one.until(lambda: is_over(one, trial), PATIENCE)
        await one.until(lambda: one.at_rest and one.compare().is_clean, PATIENCE)
    except TimeoutError:
        pytest.fail(f"{trial}: {[one.states.get(o) for o in orders]}, {one.compare()}")
    for order in orders:
        told = one.states[order]
        assert told[-1] == trial.status, trial
        assert REJECTED not in told[:-1], f"{trial}: given up, and the exchange had it: {told}"


def is_over(one: RealClient, trial: Trial) -> bool:
    """Say whether each fault has met its occasion, or has lasted as long as it was to."""
    faults = one.box.house.faults
    for kind in trial.faults:
        faults.lasting(kind)
    return not faults.armed


def status(one: RealClient, order: int) -> int | None:
    """Return what was told last of an order."""
    said = one.states.get(order)
    return said[-1] if said else None


def test_while_the_clocks_are_minutes_apart_nothing_but_cancels_is_sent(tmp_path: Path) -> None:
    asyncio.run(over_a_jump_of_the_clock(tmp_path / "journal"))


async def over_a_jump_of_the_clock(path: Path) -> None:
    async with real_client(path, clock_interval=SECOND // 2) as one:
        before = one.buy(limit=FAR)
        await one.until(lambda: status(one, before) == ACCEPTED)
        one.box.arm(FaultKind.CLOCK_JUMP, seconds=300)
        await one.until(lambda: "clock" in one.executor.status().text)
        meanwhile = one.buy()
        await one.until(lambda: meanwhile in one.states)
        assert one.states[meanwhile] == [OrderStatus.DENIED]
        one.cancel(before)
        await one.until(lambda: status(one, before) == CANCELED)
        one.box.arm(FaultKind.CLOCK_JUMP, seconds=0)
        await one.until(lambda: one.at_rest and "clock" not in one.executor.status().text)
        after = one.buy()
        await one.until(lambda: status(one, after) == FILLED)
        await one.until(lambda: one.at_rest and one.compare().is_clean)
        assert one.venue_has() == 2
