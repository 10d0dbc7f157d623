"""The executor's core with a disk that keeps what was committed and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.nodes.executor import ExecutorCore, State
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.inputs import Datum, Missed, Received, Woken
from tradectl_sdk.testing.simulation.listening import Listening
from tradectl_sdk.testing.simulation.process import Killed, Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.subscribing import SubscriberCore
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.nodes.executor import Setup

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(of.Record).decode


class ExecutorProcess(Listening, Process):
    """One executor.

    Attributes:
        core: The core of its present life.
        disk: Encoded records, oldest first.
        sent: Client ids whose intent is on the disk.
        switch: The kill switch as the disk has it.
        on_message: Called with what is about to be sent to the gateway.
    """

    role = "executor"
    peers = ("gateway", "host")

    def __init__(self, *args: Any, setup: Setup) -> None:
        super().__init__(*args)
        self.core: ExecutorCore
        self.subscriber: SubscriberCore
        self.disk: list[bytes] = []
        self.sent: set[str] = set()
        self.switch = "active"
        self.on_message: Callable[[Any], None] = lambda _: None
        self._setup = setup

    def begin(self) -> None:
        """Read the disk, and go on from what it says."""
        state = State()
        for body in self.disk:
            state.apply(_decode(body))
        self.core = ExecutorCore(self._setup, state)
        self._listen()
        self._carry_out(self.core.start(self.agenda.now, self.life))

    def take(self, port: str, message: Any) -> None:
        """Step the core with what a channel has brought."""
        self._carry_out(self.core.step(self.agenda.now, Received(port, message)))

    def turn(self, now: int) -> None:
        """Read the market stream, and let time pass."""
        for found in self._read(now):
            event = Datum(*found) if isinstance(found, tuple) else Missed(found)
            self._carry_out(self.core.step(now, event))
        if self.is_due:
            self._carry_out(self.core.step(now, Woken()))

    def control(self, message: Any) -> None:
        """Ask the core something as a person would."""
        if self.alive:
            self._guarded(
                lambda: self._carry_out(
                    self.core.step(self.agenda.now, Received("control/1", message))
                )
            )
            self.attend()

    def _carry_out(self, effects: Effects) -> None:
        self.want(effects.wake)
        self._perhaps_die("stepped")
        self.commit(effects.records)
        self._perhaps_die("committed")
        for port, message in effects.messages:
            if port in self.ends:
                if port == "gateway":
                    self.on_message(message)
                self.send(port, message)
                self._perhaps_die("sent")

    def commit(self, records: list[of.Record]) -> None:
        """Make records durable."""
        for record in records:
            self.disk.append(_encode(record))
            if isinstance(record, of.Sent):
                self.sent.add(record.client_id)
            elif isinstance(record, of.Switched):
                self.switch = record.state
            self.trace.note(self.role, type(record).__name__, getattr(record, "key", ""))

    def _perhaps_die(self, stage: str) -> None:
        if self.weather.strikes("killed_at_commit"):
            self._flush()  # what had been sent is on its way
            self.kill(f"killed when {stage}")
            raise Killed
