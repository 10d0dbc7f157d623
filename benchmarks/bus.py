"""``python -m benchmarks.bus``: how fast two processes on this machine talk.

One process measures, another one is its peer: a gateway that publishes, or an executor that
answers. Everything is counted end to end: from values to a message to bytes, through sockets, and
back to values that can be computed with.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tradectl_sdk.bus import (
    Address,
    ChannelLimits,
    Gap,
    Identity,
    PeerChanged,
    StreamAddress,
    StreamLimits,
    generate_keys,
    read_keys,
    zeromq_channel,
    zeromq_listener,
    zeromq_publisher,
    zeromq_subscriber,
)
from tradectl_sdk.bus.columns import TickColumns, columns_of, ticks_of
from tradectl_sdk.bus.messages.events import Progress
from tradectl_sdk.bus.messages.intents import Cursor, Intents
from tradectl_sdk.bus.messages.market import Ticks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradectl_sdk.bus import BusKeys

HOST = Identity(name="host", role="host", epoch=1)
EXECUTOR = Identity(name="executor", role="executor", epoch=1)
GATEWAY = Identity(name="gateway", role="gateway", epoch=1)
START = Cursor(1, 0)
TRANSPORTS = ("ipc", "tcp", "curve")
WINDOW = ChannelLimits(window=8192)


class Unguarded(Address):
    """A TCP address without keys: only here, to see what keys cost."""

    def prepare(self, *, is_guarded: bool, for_binding: bool) -> None:
        """Let it be used."""


@dataclass(frozen=True)
class Place:
    """Where the two processes meet; over TCP the stream is at the ports after the channel's."""

    transport: str
    folder: Path
    port: int

    def address(self, number: int) -> Address:
        """Address of the channel (0) or of the stream's sockets (1 and 2)."""
        if self.transport == "ipc":
            return Address.local(self.folder, f"socket{number}")
        kind = Unguarded if self.transport == "tcp" else Address
        return kind.tcp("127.0.0.1", self.port + number)

    @property
    def stream(self) -> StreamAddress:
        """Addresses of the stream."""
        return StreamAddress(self.address(1), self.address(2))

    def keys(self, me: Identity) -> BusKeys | None:
        """Keys of a node, where they are needed."""
        if self.transport != "curve":
            return None
        return read_keys(self.folder / f"{me.role}-{me.name}.keys")


# The peer ----------------------------------------------------------------------------------


async def answer(place: Place, _: argparse.Namespace) -> None:
    """Answer every set of intents."""
    listener = zeromq_listener(place.address(0), EXECUTOR, keys=place.keys(EXECUTOR), limits=WINDOW)
    end = listener.expect("host")
    while True:
        what = await end.receive()
        if isinstance(what, Intents):
            end.send(Progress(executions=what.data))


async def count_intents(place: Place, options: argparse.Namespace) -> None:
    """Read intents, and answer the last one only."""
    listener = zeromq_listener(place.address(0), EXECUTOR, keys=place.keys(EXECUTOR), limits=WINDOW)
    end = listener.expect("host")
    while True:
        what = await end.receive()
        if isinstance(what, Intents) and what.number == options.messages:
            end.send(Progress(executions=what.data))


async def publish(place: Place, options: argparse.Namespace) -> None:
    """Publish ticks in batches, as soon as a line on standard input asks for it."""
    limits = StreamLimits(patience=60 * 10**9)
    publisher = zeromq_publisher(place.stream, GATEWAY, keys=place.keys(GATEWAY), limits=limits)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    batch, rng = options.batch, np.random.default_rng(1)
    columns = TickColumns(
        *(rng.integers(1, 10**6, (batch,)) for _ in range(3)), rng.choice([-1, 1], batch)
    )
    for number in range(options.ticks // batch):
        columns.time[:] = time.monotonic_ns()
        publisher.publish(ticks_of("BTC-USDT.X", columns, START))
        while publisher.outlet.wake is not None:  # noqa: ASYNC110 -- wait for who is full
            await asyncio.sleep(0.0005)
        if not number % 8:
            await asyncio.sleep(0)
    await asyncio.sleep(60)


# What is measured --------------------------------------------------------------------------


async def round_trips(place: Place, options: argparse.Namespace, _: Any) -> dict[str, float]:
    """One decision there and its answer back, one after the other."""
    end = await _host(place)
    taken = np.empty(options.trips)
    for number in range(options.trips):
        start = time.perf_counter_ns()
        end.send(_intents(number))
        await end.receive()
        taken[number] = time.perf_counter_ns() - start
    await end.close()
    taken = np.sort(taken[options.trips // 10 :]) / 1000
    return {f"p{q}": float(taken[math.ceil(len(taken) * q / 100) - 1]) for q in (50, 99, 99.9)}


async def single_messages(place: Place, options: argparse.Namespace, _: Any) -> dict[str, float]:
    """Decisions one way, each a message of its own, as fast as the window lets them."""
    end = await _host(place)
    start = time.perf_counter()
    for number in range(1, options.messages + 1):
        while end.core.room < 1:  # noqa: ASYNC110 -- a benchmark may wait busily
            await asyncio.sleep(0)
        end.send(_intents(number))
        if not number % 32:
            await asyncio.sleep(0)
    while not isinstance(await end.receive(), Progress):
        pass
    seconds = time.perf_counter() - start
    await end.close()
    return {"per second": options.messages / seconds}


async def ticks(place: Place, options: argparse.Namespace, peer: Any) -> dict[str, float]:
    """Ticks in columns, until the last one can be computed with."""
    end = zeromq_subscriber(place.stream, HOST, keys=place.keys(HOST))
    while not end.core.joined:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    peer.stdin.write(b"go\n")
    peer.stdin.flush()
    seen = missed = total = 0
    first = 0
    while seen + missed < options.ticks // options.batch:
        what = await end.receive()
        if isinstance(what, Gap):
            missed += what.found.seq - what.expected.seq + 1
        elif isinstance(what, tuple) and isinstance(what[1], Ticks):
            columns = columns_of(what[1])
            first = first or int(columns.time[0])
            total += int(columns.price.sum())
            seen += 1
    seconds = (time.monotonic_ns() - first) / 1e9
    await end.close()
    return {"ticks per second": seen * options.batch / seconds, "missed": missed}


async def _host(place: Place) -> Any:
    end = zeromq_channel(place.address(0), HOST, "executor", keys=place.keys(HOST), limits=WINDOW)
    while not isinstance(await end.receive(), PeerChanged):
        pass
    return end


def _intents(number: int) -> Intents:
    return Intents(
        strategy="s", epoch=1, decided=number, data=Cursor(1, number), commands=(), number=number
    )


PEERS: dict[str, Callable[[Place, argparse.Namespace], Awaitable[None]]] = {
    "round trip, us": answer,
    "single messages": count_intents,
    "ticks": publish,
}
MEASURES = {
    "round trip, us": round_trips,
    "single messages": single_messages,
    "ticks": ticks,
}


def measure(what: str, transport: str, options: argparse.Namespace) -> dict[str, float]:
    """Start the peer, measure, and end the peer."""
    with tempfile.TemporaryDirectory(prefix="bus-", dir="/tmp") as folder:
        place = Place(transport, Path(folder), _free_port())
        if transport == "curve":
            generate_keys(place.folder, [(one.role, one.name) for one in (HOST, EXECUTOR, GATEWAY)])
        command = [sys.executable, "-m", "benchmarks.bus", *sys.argv[1:]]
        command += ["--peer", what, "--folder", folder, "--transports", transport]
        command += ["--batch", str(options.batch), "--port", str(place.port)]
        peer = subprocess.Popen(command, stdin=subprocess.PIPE)
        try:
            return asyncio.run(
                asyncio.wait_for(MEASURES[what](place, options, peer), options.timeout)
            )
        finally:
            peer.kill()
            peer.wait()
            if peer.stdin is not None:
                peer.stdin.close()


def _free_port() -> int:
    """Return a port that is free, as the two after it most probably are."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return min(port, 65_000)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bus", description=__doc__)
    parser.add_argument("--transports", default=",".join(TRANSPORTS))
    parser.add_argument("--trips", type=int, default=20_000)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--ticks", type=int, default=10_000_000)
    parser.add_argument("--batches", default="100,1000", help="ticks in one message")
    parser.add_argument("--repeats", type=int, default=3, help="the best one is shown")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work at all")
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("--output", type=Path, help="a file for the numbers, as JSON")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=100, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.quick:
        options.trips, options.messages, options.ticks, options.repeats = 500, 2_000, 100_000, 1
    return options


def main(arguments: list[str] | None = None) -> int:
    """Measure everything and print it."""
    options = parse(arguments)
    if options.peer:
        place = Place(options.transports, Path(options.folder), options.port)
        asyncio.run(PEERS[options.peer](place, options))
        return 0
    rows = []
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for transport in options.transports.split(","):
        for what in MEASURES:
            for batch in options.batches.split(",") if what == "ticks" else ("1",):
                options.batch = int(batch)
                row = _best(what, transport, options)
                rows.append({"transport": transport, "what": what, "batch": options.batch, **row})
                _show(rows[-1])
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def _best(what: str, transport: str, options: argparse.Namespace) -> dict[str, float]:
    found = [measure(what, transport, options) for _ in range(options.repeats)]
    key = next(iter(found[0]))
    return (min if what.startswith("round") else max)(found, key=lambda row: row[key])


def _show(row: dict[str, Any]) -> None:
    figures = "  ".join(
        f"{name} {value:,.1f}" if value < 10_000 else f"{name} {value:,.0f}"
        for name, value in row.items()
        if name not in {"transport", "what", "batch"}
    )
    batch = f" in batches of {row['batch']}" if row["what"] == "ticks" else ""
    print(f"{row['transport']:<6} {row['what']}{batch}: {figures}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
