"""The strategy host's core; its strategy decides by what it sees, so a new life goes on alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tradectl_sdk.bus.messages.events import Filled
from tradectl_sdk.nodes.host import HostCore, HostSetup
from tradectl_sdk.nodes.host.records import Began, Heard, Noticed, Saw
from tradectl_sdk.nodes.inputs import Datum, Missed, Received, Woken
from tradectl_sdk.testing.simulation.agenda import SECOND
from tradectl_sdk.testing.simulation.listening import Listening

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tradectl_sdk.engine import Plan
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.testing.simulation.venue import SimulatedVenue

STRATEGY = "restless"


class Told(NamedTuple):
    """Something a strategy was told: a bar, a fill, or that something is missing.

    Attributes:
        instrument: Of what; empty for a gap.
        trade: Id of the trade of a fill; empty for a bar.
        time: When a bar closed, UTC nanoseconds.
    """

    instrument: str
    trade: str
    time: int


class HostProcess(Listening):
    """One strategy host.

    Attributes:
        core: The core of its present life.
        told: What each life was told, in order: bars, and fills of its orders.
    """

    role = "host"
    peers = ("executor",)

    def __init__(self, *args: Any, plan: Plan, venue: SimulatedVenue) -> None:
        super().__init__(*args)
        self.core: HostCore
        self.told: list[list[Told]] = []
        self._plan = plan
        self._venue = venue

    def begin(self) -> None:
        """Warm up with the bars there are."""
        bars = [bar for each in self._venue.bars.values() for bar in each]
        began = Began(
            session="simulated",
            mode="live",
            strategy=STRATEGY,
            epoch=self.life,
            time=self.agenda.now,
            identity=b"{}",
        )
        setup = HostSetup(
            began=began,
            plan=self._plan,
            history=tuple(sorted(bars, key=lambda bar: bar.time)),
            patience=600 * SECOND,
        )
        self.core = HostCore(setup)
        self.told.append([])
        self._listen()

    def take(self, port: str, message: Any) -> None:
        """Step the core with what the executor says."""
        self._step(Received(port, message))

    def turn(self, now: int) -> None:
        """Read the market stream, and let time pass."""
        for found in self._read(now):
            self._step(Datum(*found) if isinstance(found, tuple) else Missed(found))
        if self.is_due:
            self._step(Woken())

    def _step(self, event: Any) -> None:
        effects: Effects = self.core.step(self.agenda.now, event)
        self.want(effects.wake)
        self.told[-1].extend(_told(effects.records))
        for port, message in effects.messages:
            if port == "executor":
                self.send("executor", message)
            else:
                self._ask_for_bars(message)
        if self.core.state == "failed":
            self.kill(f"the strategy failed: {self.core.text}")

    def _ask_for_bars(self, question: Any) -> None:
        life = self.life

        def answer(found: Any) -> None:
            if self.alive and self.life == life:
                self._step(Received("gateway", found))
                self.attend()

        self.agenda.after(self.weather.way(), lambda: self._gateway.bars_asked(question, answer))


def _told(records: Iterable[Any]) -> Iterator[Told]:
    for record in records:
        if isinstance(record, Heard) and isinstance(record.event, Filled):
            yield Told(record.event.instrument, record.event.trade_id, record.event.time)
        elif isinstance(record, Saw):
            yield from (Told(bar.instrument, "", bar.time) for bar in record.bars)
        elif isinstance(record, Noticed) and record.what == "gap":
            yield Told("", "", record.time)
