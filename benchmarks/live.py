"""How long a session takes from a bar to a decision, and from a bar to an order at the venue.

``python -m benchmarks.live`` runs gateway, executor and strategy host as three processes over
ZeroMQ, the journal forced to the disk before every order, and a venue on a socket of this machine
that sends bars and takes orders. The strategy trades at every bar.

- *bar to signal*: from the gateway's having read a bar off its socket to the host's having decided
  and recorded it, when it hands its intents to the channel: two processes and the stream between;
- *venue to signal*: the same from the bar's leaving the venue;
- *bar to order*: from the bar's leaving the venue to the order's arriving there, both by the
  venue's own clock.

All clocks are the machine's monotonic one.

``--soak SECONDS`` goes on that long and shows the memory of each process as it goes, beside what
they keep of orders that are over. A bar claims to last a second, so ``--pause 100`` goes ten times
as fast as time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.report import machine

LENGTH = 1_000_000_000  # nanoseconds that a bar claims to last
WARM = 200  # bars before the clock runs
MOST_ORDERS = 6_000  # a minute; the rule that counts them remembers as many
KEPT = (("gateway", "answers"), ("executor", "orders"), ("executor", "trade ids"))
STRATEGY = """
from tradectl_sdk import Strategy

class Restless(Strategy):
    def on_bar(self, ctx, bar):
        if ctx.position > 0.0:
            ctx.sell(ctx.position)
        else:
            ctx.buy(1.0)
"""


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--bars", type=int, default=2000, help="bars that are measured")
    parser.add_argument("--pause", type=float, default=10.0, help="milliseconds between two bars")
    parser.add_argument("--soak", type=float, default=0.0, help="seconds to go on for memory")
    parser.add_argument("--realtime", action="store_true", help="with session.realtime")
    internal = ("ROLE", "FOLDER", "PORT", "BARS")
    parser.add_argument("--node", nargs=4, metavar=internal, help="internal")
    options = parser.parse_args(arguments)
    if options.node:
        sys.exit(run_node(*options.node))
    header = machine()
    print(f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}")
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder), options))
    print(json.dumps(found) if not sys.stdout.isatty() else "", end="")


def run_node(role: str, folder: str, port: str, bars: str) -> int:
    """Run one node of the session; the gateway with the venue's adapter in place of a plugin's."""
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.sessions import parts, processes

    from benchmarks.live_venue import BenchExchange

    exchange = BenchExchange(int(port), Decimal(1), LENGTH, last=int(bars))
    parts.gateway_exchange = lambda *_, **__: (exchange, None)  # type: ignore[assignment]
    signals = note_signals(int(bars)) if role == "host" else {}
    status = processes.run_process(role, SessionFolder(Path(folder)), alone=True)
    taken = {"gateway": exchange.read, "host": signals}
    if role in taken:
        (Path(folder) / f"{role}.times").write_text(json.dumps(taken[role]))
    return status


def note_signals(last: int) -> dict[int, int]:
    """Let this process take the time when it hands intents over, up to a bar; return where."""
    from tradectl_sdk.bus.ends import ChannelEnd
    from tradectl_sdk.bus.messages.intents import Intents

    signals: dict[int, int] = {}
    plain = ChannelEnd.send

    def send(end: ChannelEnd, message: Any) -> None:
        if isinstance(message, Intents) and message.decided // LENGTH <= last:
            signals.setdefault(message.decided // LENGTH, time.monotonic_ns())
        plain(end, message)

    ChannelEnd.send = send  # type: ignore[method-assign,assignment]
    return signals


async def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run the session and return what was measured, in microseconds."""
    from benchmarks.live_venue import Venue

    venue = Venue()
    port = await venue.listen()
    session = await made(folder, realtime=options.realtime)
    session.make_run_folder()
    nodes = {}
    for role in ("gateway", "executor", "host"):
        with session.log(role).open("wb") as log:
            nodes[role] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.live", "--node", role, str(session.path),
                str(port), str(WARM + options.bars), stdout=log, stderr=log,
                cwd=Path(__file__).parents[1],
            )  # fmt: skip
    try:
        await venue.joined()
        await until_ready(session)
        await drive(venue, WARM + options.bars, options.pause / 1e3)
        sent, ordered = dict(venue.sent), dict(venue.ordered)
        if options.soak:
            await soak(venue, nodes, session, options)
    finally:
        for role in ("host", "executor", "gateway"):
            nodes[role].terminate()
            await nodes[role].wait()
        await venue.close()
    found = results(session, sent, ordered)
    show(found)
    return found


async def made(folder: Path, *, realtime: bool) -> Any:
    """Make the session's folder."""
    from tradectl_sdk.config import Settings
    from tradectl_sdk.nodes.session_folder import Sessions
    from tradectl_sdk.pipelines.sessions.pinning import pinned
    from tradectl_sdk.pipelines.sessions.planning import plan_at_exchange

    from benchmarks.live_venue import BenchExchange, Venue

    (folder / "restless.py").write_text(STRATEGY)
    listed = Venue()
    settings = Settings()
    plan = await plan_at_exchange(
        f"{folder / 'restless.py'}:Restless",
        ["BENCH"],
        BenchExchange(await listed.listen(), Decimal(1), LENGTH),
        mode="paper",
        exchange_name="bench",
        account="paper",
        timeframe="1s",
        parameters={},
        settings=settings.model_copy(
            update={"risk": settings.risk.model_copy(update={"max_orders": MOST_ORDERS})}
        ),
        plugins=None,
    )
    await listed.close()
    values = pinned(settings)
    values["risk"] = {"max_orders": MOST_ORDERS}
    values["session"] = {**values.get("session", {}), "realtime": realtime}
    return Sessions(folder / "sessions").create(plan.manifest(), values, mode="paper")


async def until_ready(session: Any) -> None:
    """Wait until all nodes are ready and have joined the stream."""
    from tradectl_sdk.errors import TradectlError

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        states = []
        for role in ("gateway", "executor", "host"):
            try:
                found = await status_of(session, role)
            except TradectlError:
                break
            states.append(found.state == "ready" and found.data.seq > 0)
        if states == [True] * 3:
            return
    logs = "\n".join(session.log(role).read_text() for role in ("gateway", "executor", "host"))
    raise RuntimeError(f"the session did not start:\n{logs}")


async def drive(venue: Any, bars: int, pause: float, first: int = 1) -> None:
    """Send bars, one at a time, each when the order before it has arrived."""
    for number in range(first, first + bars):
        venue.send_bar(number, 100 + number % 7)
        await venue.answered(number)
        await asyncio.sleep(pause)


def results(session: Any, sent: dict[int, int], ordered: dict[int, int]) -> dict[str, Any]:
    """Put the times together that venue, gateway and host took."""
    read, decided = (
        {
            int(bar): at
            for bar, at in json.loads((session.path / f"{role}.times").read_text()).items()
        }
        for role in ("gateway", "host")
    )
    rows = {
        "bar to signal": (read, decided),
        "venue to signal": (sent, decided),
        "bar to order": (sent, ordered),
    }
    return {name: percentiles(*times) for name, times in rows.items()}


def percentiles(begun: dict[int, int], ended: dict[int, int]) -> dict[str, float]:
    """Return count, p50, p90, p99 and the worst of the measured bars, in microseconds."""
    bars = [bar for bar in begun if bar > WARM and bar in ended]
    ordered = sorted(ended[bar] - begun[bar] for bar in bars)

    def at(share: float) -> float:
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] / 1e3, 1)

    return {"count": len(ordered), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "worst": at(1)}


def show(found: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{'microseconds':<16}{'count':>8}{'p50':>10}{'p90':>10}{'p99':>10}{'worst':>11}")
    for name, row in found.items():
        cells = "".join(f"{row[key]:>10,.0f}" for key in ("p50", "p90", "p99"))
        print(f"{name:<16}{row['count']:>8}{cells}{row['worst']:>11,.0f}", flush=True)


async def soak(
    venue: Any, nodes: dict[str, Any], session: Any, options: argparse.Namespace
) -> None:
    """Go on, and show what each process holds in memory."""
    started, number = time.monotonic(), max(venue.sent) + 1
    heads = "".join(f"{role + ' MB':>14}" for role in nodes)
    print(f"{'seconds':>8}{'orders':>9}{heads}" + "".join(f"{name:>12}" for _, name in KEPT))
    due = 0.0
    while (passed := time.monotonic() - started) < options.soak:
        if passed >= due:
            due += max(options.soak / 12, 1.0)
            sizes = "".join(f"{resident(node.pid):>14.1f}" for node in nodes.values())
            counts = "".join(f"{one:>12,}" for one in await kept(session))
            print(f"{passed:>8.0f}{venue.orders:>9,}{sizes}{counts}", flush=True)
        await drive(venue, 100, options.pause / 1e3, number)
        number += 100
        for old in [each for each in venue.sent if each < number - 1000]:
            del venue.sent[old]
            venue.ordered.pop(old, None)


async def kept(session: Any) -> list[int]:
    """What gateway and executor keep of orders that are over."""
    states = {role: await status_of(session, role) for role in dict(KEPT)}
    return [int(states[role].figures[f"{name} in memory"]) for role, name in KEPT]


async def status_of(session: Any, role: str) -> Any:
    """Ask a node how it is."""
    from tradectl_sdk.bus.messages.control import AskStatus, NodeStatus
    from tradectl_sdk.nodes.control import ask

    socket = session.socket(f"{role}.sock")
    return await asyncio.to_thread(ask, socket, AskStatus(), NodeStatus, seconds=5.0)


def resident(pid: int) -> float:
    """Megabytes that a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
