"""How many orders an executor approves, journals and sends, and whether its memory stays flat.

    python -m benchmarks.executor                  100,000 orders
    python -m benchmarks.executor --orders 1000000 the long form
    python -m benchmarks.executor --batch 1        a commit for each order

An order goes all the way: intents, the gate with three rules, its intent in a real journal on disk
(SQLite, synchronous=FULL), the request to the gateway, the venue's acceptance and its fill, both in
the journal again. Every batch of orders is one commit for their intents and one for what became of
them. What is measured is the core and the journal; the bus is not in it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from tradectl_risk.flow import OrderRate
from tradectl_risk.orders import OrderSize
from tradectl_risk.positions import PositionSize
from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.intents import Cursor, Intents, Place
from tradectl_sdk.bus.messages.market import Bars
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    Answered,
    ClockOffset,
    FetchAccount,
    Submit,
)
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderType, TimeInForce
from tradectl_sdk.exchange import Accepted, Balance, BarClosed, Card, TradeReport
from tradectl_sdk.nodes import garbage
from tradectl_sdk.nodes.executor import ExecutorCore, Journal, Setup
from tradectl_sdk.nodes.executor.shell import in_order
from tradectl_sdk.nodes.inputs import Datum, Received

from benchmarks.report import machine

NAME = "BTC/USDT.BENCH"
SECOND = 1_000_000_000
GAP = 200_000  # nanoseconds of the venue's time between two orders
PRICE = 10_000


class Bench:
    """An executor with a real journal between a venue and a host that always agree."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.journal.reserve()
        self.now = 1_700_000_000 * SECOND
        self.core = ExecutorCore(_setup(), self.journal.state, self.journal)
        self.number = 0
        self.intents = 0
        self.data = Cursor(1, 1)
        self.durable: list[float] = []
        self.committed = 0.0
        self.waits: list[float] = []  # seconds that each commit and what follows it held up others
        self._apply([self.core.start(self.now)])
        self._open()

    def _open(self) -> None:
        said = self._step("gateway", PeerChanged(name="gateway", role="gateway", epoch=1))
        said += self._step("gateway", ClockOffset(offset=0, uncertainty=0))
        self._agree(said)
        self._step("host", PeerChanged(name="host", role="host", epoch=1))
        bar = BarClosed(
            instrument=NAME, length=SECOND, time=self.now, open=PRICE, high=PRICE, low=PRICE,
            close=PRICE, volume=1,
        )  # fmt: skip
        message = Bars(executions=Cursor(1, 0), bars=(bar,))
        self._apply([self.core.step(self.now, Datum(self.data, message))])

    def _agree(self, said: list[tuple[str, Any]]) -> None:
        """Answer the executor's question for the account with what it expects."""
        for _, message in said:
            if isinstance(message, FetchAccount):
                ledger = self.journal.state.ledger
                held = {one: int(ledger.expected(one, "USDT")) for one in ledger.baseline}
                held = held or {"USDT": 10**16, "BTC": 0}
                self._step(
                    "gateway",
                    AccountFetched(
                        request=message.request, venue_time=self.now, since=message.since,
                        open_orders=(), closed_orders=(), trades=(), positions=(),
                        balances=tuple(Balance(currency=c, free=u) for c, u in held.items()),
                        executions=Cursor(1, 0),
                    ),
                )  # fmt: skip

    def _step(self, port: str, message: Any) -> list[tuple[str, Any]]:
        return self._apply([self.core.step(self.now, Received(port, message))])

    def _apply(self, steps: list[Any]) -> list[tuple[str, Any]]:
        """Do with steps what the shell does: one commit, and then what they say."""
        start = time.perf_counter()
        self.journal.commit([record for step in steps for record in step.records])
        self.committed = time.perf_counter()
        if self.journal.wants_checkpoint:
            self.journal.checkpoint(self.core.state, self.now)
        else:
            self.journal.tidy()
        self.waits.append(time.perf_counter() - start)
        return in_order(steps)

    def batch(self, count: int) -> None:
        """Let so many orders go all the way."""
        steps, begun = [], []
        for _ in range(count):
            self.now += GAP
            self.number += 1
            self.intents += 1
            begun.append(time.perf_counter())
            order = Place(
                number=self.number, instrument=NAME, side=1 if self.number % 2 else -1,
                type=int(OrderType.LIMIT), lots=10, limit=PRICE,
            )  # fmt: skip
            intents = Intents(
                strategy="bench", epoch=1, decided=self.now, data=self.data, commands=(order,),
                number=self.intents,
            )  # fmt: skip
            event = Received("host", intents)
            steps.append(self.core.step(self.now, event, more=len(steps) + 1 < count))
        said = self._apply(steps)
        self.durable += [self.committed - start for start in begun]
        self._venue([message for _, message in said if isinstance(message, Submit)])
        self._agree(said)

    def _venue(self, requests: list[Submit]) -> None:
        steps = []
        for request in requests:
            ticket = request.tickets[0]
            answer = Answered(request=request.request, outcomes=(Accepted(),))
            trade = TradeReport(
                trade_id=f"t{self.number}-{ticket.client_id}", instrument=NAME,
                client_id=ticket.client_id, side=ticket.side, lots=ticket.lots, price=PRICE,
                fee=7, time=self.now,
            )  # fmt: skip
            more = request is not requests[-1]
            steps += [
                self.core.step(self.now, Received("gateway", answer), more=True),
                self.core.step(self.now, Received("gateway", trade), more=more),
            ]
        if steps:
            self._agree(self._apply(steps))


def _setup() -> Setup:
    instrument = Instrument(
        symbol="BTC/USDT", venue="BENCH", base="BTC", quote="USDT",
        tick_size=Decimal("0.01"), lot_size=Decimal("0.001"),
    )  # fmt: skip
    return Setup(
        account="bench",
        strategy="bench",
        instruments=[instrument],
        card=Card(order_types=frozenset(OrderType), times_in_force=frozenset(TimeInForce)),
        make_rules=lambda: [OrderSize([1000]), PositionSize([10**6]), OrderRate(600, SECOND // 20)],
    )


def resident() -> float:
    """Megabytes of memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def milliseconds(times: list[float]) -> str:
    """Say how long something took."""
    ordered = sorted(times)
    middle, late = (ordered[len(ordered) * share // 100] * 1e3 for share in (50, 99))
    return f"p50 {middle:.2f} ms, p99 {late:.2f} ms, worst {ordered[-1] * 1e3:.2f} ms"


def run(orders: int, batch: int, folder: Path) -> None:
    """Run and print."""
    bench = Bench(folder / "journal.sqlite")
    bench.batch(batch)  # warm
    garbage.spare()  # as a node does
    bench.durable.clear()
    bench.waits.clear()
    marks = [resident()]
    start, worked = time.perf_counter(), time.process_time()
    for number in range(0, orders, batch):
        bench.batch(min(batch, orders - number))
        if number * 4 // orders != (number + batch) * 4 // orders:
            marks.append(resident())
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    state = bench.core.state
    if state.ledger.fees != 7 * bench.number:
        raise SystemExit("not every order was filled")
    bench.journal.close()
    size = (folder / "journal.sqlite").stat().st_size / 2**20
    print(f"{orders} orders in batches of {batch}: {orders / seconds:,.0f} orders/s")
    print(f"of its time it had the processor for {worked / seconds:.0%}")
    print(f"intent to durable: {milliseconds(bench.durable)}")
    print(f"a commit and what follows it: {milliseconds(bench.waits)}")
    print("resident MB, at every quarter: " + ", ".join(f"{mark:.0f}" for mark in marks))
    print(f"orders in memory: {len(state.book.orders)}; journal on disk: {size:.0f} MB")


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=100, help="orders in one commit")
    parser.add_argument("--folder", type=Path, help="where the journal is written")
    options = parser.parse_args()
    print(", ".join(f"{name}: {value}" for name, value in machine().items()), file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(options.orders, options.batch, Path(folder))


if __name__ == "__main__":
    main()
