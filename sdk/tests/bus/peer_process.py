"""A node in a process of its own, for tests that stop and kill it.

``python peer_process.py WHAT FOLDER EPOCH`` does one of the things below and prints a line for
each event; a message is printed by its number only.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bus_parts import EXECUTOR, GATEWAY, HOST, failed, progress, ticks
from msgspec.structs import replace
from tradectl_sdk.bus import (
    Address,
    ChannelLimits,
    StreamAddress,
    StreamLimits,
    zeromq_channel,
    zeromq_listener,
    zeromq_publisher,
    zeromq_subscriber,
)
from tradectl_sdk.bus.messages.events import Progress
from tradectl_sdk.bus.messages.market import Ticks
from tradectl_sdk.bus.window import MILLISECOND
from tradectl_sdk.errors import ChannelFullError

CHANNEL = ChannelLimits(window=2000, heartbeat=100 * MILLISECOND, resend=50 * MILLISECOND)
STREAM = StreamLimits(ring=1000, heartbeat=100 * MILLISECOND, ask=50 * MILLISECOND)


def tell(*words: Any) -> None:
    print(*words, flush=True)  # noqa: T201 -- it is what the test reads


def describe(what: Any) -> str:
    if isinstance(what, Progress):
        return f"got {what.executions.seq}"
    return type(what).__name__


async def host(folder: Path, epoch: int) -> None:
    """Send numbered intents without end, and print what comes back."""
    end = zeromq_channel(
        Address.local(folder, "executor"), replace(HOST, epoch=epoch), "executor", limits=CHANNEL
    )

    async def send() -> None:
        number = 0
        while True:
            try:
                end.send(failed(number))
                number += 1
            except ChannelFullError:
                pass
            await asyncio.sleep(0.001)

    sending = asyncio.create_task(send())
    while not sending.done():
        tell(describe(await end.receive()))


async def executor(folder: Path, epoch: int) -> None:
    """Answer each intent with its number."""
    listener = zeromq_listener(
        Address.local(folder, "executor"), replace(EXECUTOR, epoch=epoch), limits=CHANNEL
    )
    end = listener.expect("host")
    tell("ready")
    while True:
        what = await end.receive()
        if hasattr(what, "traceback"):
            end.send(progress(int(what.text)))
        else:
            tell(describe(what))


async def subscriber(folder: Path, epoch: int) -> None:
    """Print the place of every message, and every gap."""
    end = zeromq_subscriber(
        StreamAddress.local(folder, "market"), replace(HOST, epoch=epoch), limits=STREAM
    )
    while True:
        what = await end.receive()
        if not isinstance(what, tuple):
            gap = getattr(what, "expected", None)
            tell(type(what).__name__, *(() if gap is None else (gap.seq, what.found.seq)))
        elif isinstance(what[1], Ticks):
            tell("got", what[0].seq)


async def publisher(folder: Path, epoch: int) -> None:
    """Publish numbered messages without end."""
    end = zeromq_publisher(
        StreamAddress.local(folder, "market"), replace(GATEWAY, epoch=epoch), limits=STREAM
    )
    tell("ready")
    number = 0
    while True:
        number += 1
        end.publish(ticks(number, 64))
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    main = {"host": host, "executor": executor, "subscriber": subscriber, "publisher": publisher}
    asyncio.run(main[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
