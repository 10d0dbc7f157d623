"""How long it takes from a market event in one process to the strategy's decision in another.

``python -m benchmarks.signals`` runs two processes over ZeroMQ. This one publishes closed bars as a
gateway does and takes orders as an executor does; the other one is a whole strategy host, whose
strategy trades at every bar. The clock begins before the bar is made into a message and ends when
the host, having decided and recorded that, hands its intents over; both read the machine's
monotonic clock. What comes before, the venue's own protocol, and after, the journal, is in
``benchmarks.live``.

The next bar leaves when the decision on the one before has come back, and a pause later. In a long
pause processors fall asleep and caches go to others; both kinds of times are true, of a busy market
and of a quiet one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradectl_sdk.nodes.precedence import run_first

from benchmarks.live import LENGTH, STRATEGY, WARM, note_signals, percentiles, show
from benchmarks.live_venue import CASH, NAME
from benchmarks.report import machine

if TYPE_CHECKING:
    from tradectl_sdk.bus import Address, ChannelEnd, Identity, StreamAddress
    from tradectl_sdk.bus.messages.intents import Cursor, Intents, Place


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals", description=__doc__)
    parser.add_argument("--bars", type=int, default=2000, help="bars that are measured")
    parser.add_argument("--pauses", default="0,1,10", help="milliseconds, one run for each")
    parser.add_argument("--realtime", action="store_true", help="with session.realtime")
    parser.add_argument("--host", nargs=2, metavar=("FOLDER", "BARS"), help="internal")
    options = parser.parse_args(arguments)
    if options.realtime:
        run_first()
    if options.host:
        asyncio.run(run_host(Path(options.host[0]), int(options.host[1])))
        return
    header = machine()
    print(f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}")
    found = {}
    for pause in options.pauses.split(","):
        with tempfile.TemporaryDirectory() as folder:
            times = asyncio.run(measure(Path(folder), options.bars, float(pause) / 1e3))
        found[f"{pause} ms apart"] = percentiles(*times)
    show(found)


def places(folder: Path) -> tuple[Address, StreamAddress]:
    """Where the two processes meet."""
    from tradectl_sdk.bus import Address, StreamAddress

    channel, live, missed = (Address.local(folder, f"socket{number}") for number in range(3))
    return channel, StreamAddress(live, missed)


def node(role: str) -> Identity:
    """Who a node is."""
    from tradectl_sdk.bus import Identity

    return Identity(name=role, role=role, epoch=1)


# The host ----------------------------------------------------------------------------------------


async def run_host(folder: Path, last: int) -> None:
    """Run a whole host until it is told to stop, and write down when it decided."""
    from tradectl_sdk.bus import zeromq_channel, zeromq_subscriber
    from tradectl_sdk.bus.messages.control import Declined
    from tradectl_sdk.nodes import garbage
    from tradectl_sdk.nodes.host.node import Host
    from tradectl_sdk.nodes.host.recording import Recorder
    from tradectl_sdk.nodes.running import stopping_on_signals

    async def fetch(_question: Any) -> Declined:
        return Declined(status=1, text="there is no past")

    channel, stream = places(folder)
    host = Host(
        setup(folder),
        zeromq_channel(channel, node("host"), "executor"),
        zeromq_subscriber(stream, node("host")),
        fetch=fetch,
        recorder=Recorder(folder / "session.record"),
    )
    signals = note_signals(last)
    garbage.spare()
    with stopping_on_signals(host):
        await host.run()
    (folder / "host.times").write_text(json.dumps(signals))


def setup(folder: Path) -> Any:
    """What the host is started with."""
    from decimal import Decimal

    from tradectl_sdk.config import Settings
    from tradectl_sdk.nodes.host import HostSetup
    from tradectl_sdk.nodes.host.records import Began
    from tradectl_sdk.pipelines.finding import find_strategy
    from tradectl_sdk.pipelines.planning import bare_plan

    from benchmarks.live_venue import instrument

    (folder / "restless.py").write_text(STRATEGY)
    strategy = find_strategy(f"{folder / 'restless.py'}:Restless", None)
    plan = bare_plan(
        strategy, {}, [instrument(Decimal(1))], LENGTH, Settings(), has_volume=True
    )  # fmt: skip
    began = Began(session="b", mode="paper", strategy="s", epoch=1, time=0, identity=b"{}")
    return HostSetup(began=began, plan=plan)


# Gateway and executor, as far as a host can tell --------------------------------------------------


async def measure(folder: Path, bars: int, pause: float) -> tuple[dict[int, int], dict[int, int]]:
    """Run both processes; return when each bar was published, and when it was decided on."""
    from tradectl_sdk.bus import zeromq_listener, zeromq_publisher
    from tradectl_sdk.nodes import garbage

    channel, stream = places(folder)
    listener = zeromq_listener(channel, node("executor"))
    publisher = zeromq_publisher(stream, node("gateway"))
    end = listener.expect("host")
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.signals", "--host", str(folder), str(WARM + bars),
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    try:
        await asyncio.wait_for(met(end), 60)
        garbage.spare()
        sent = await asyncio.wait_for(drive(publisher, end, WARM + bars, pause), 600)
    finally:
        if host.returncode is None:
            host.send_signal(signal.SIGTERM)
        await host.wait()
        await end.close()
        await listener.close()
        await publisher.close()
    decided = json.loads((folder / "host.times").read_text())
    return sent, {int(bar): at for bar, at in decided.items()}


async def met(end: ChannelEnd) -> None:
    """Wait for the host and show it an account."""
    from tradectl_sdk.bus import PeerChanged
    from tradectl_sdk.bus.messages.events import AccountSnapshot
    from tradectl_sdk.bus.messages.intents import Cursor

    while not isinstance(await end.receive(), PeerChanged):
        pass
    nowhere = Cursor(1, 0)
    end.send(AccountSnapshot(at=nowhere, executions=nowhere, cash=CASH))
    await asyncio.sleep(1.0)  # until the host has read that, and has joined the stream


async def drive(publisher: Any, end: ChannelEnd, bars: int, pause: float) -> dict[int, int]:
    """Publish bars, each when the decision on the one before has come back and been filled."""
    from tradectl_sdk.bus.messages.intents import Cursor, Intents
    from tradectl_sdk.bus.messages.market import Bars
    from tradectl_sdk.exchange import BarClosed

    sent = {}
    for number in range(1, bars + 1):
        price = 100 + number % 7
        sent[number] = time.monotonic_ns()
        bar = BarClosed(
            instrument=NAME, length=LENGTH, time=number * LENGTH,
            open=price, high=price, low=price, close=price, volume=1_000_000,
        )  # fmt: skip
        publisher.publish(Bars(executions=Cursor(1, number - 1), bars=(bar,)))
        while not isinstance(intents := await end.receive(), Intents):
            pass
        fill(end, intents, Cursor(1, number))
        await asyncio.sleep(pause)
    return sent


def fill(end: ChannelEnd, intents: Intents, at: Cursor) -> None:
    """Fill what was wanted and say that it was read, which the host knows before the next bar."""
    from tradectl_sdk.bus.messages.events import Filled, Progress
    from tradectl_sdk.domain.orders import OrderStatus

    place: Place = intents.commands[0]  # type: ignore[assignment]  # the strategy does nothing else
    end.send(
        Filled(
            epoch=1, number=place.number, trade_id=str(place.number), instrument=NAME,
            side=place.side, lots=place.lots, price=100, fee=0, time=intents.decided,
            position=max(place.side, 0), cash=CASH, status=int(OrderStatus.FILLED), at=at,
        )
    )  # fmt: skip
    end.send(Progress(executions=at, heard=intents.number))


if __name__ == "__main__":
    main()
