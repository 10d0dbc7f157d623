"""A node as a process that can be killed: what every one of them has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.channel import ChannelCore
from tradectl_sdk.bus.identity import Identity, partners_of
from tradectl_sdk.errors import TradectlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.testing.simulation.agenda import Agenda, Trace
    from tradectl_sdk.testing.simulation.weather import Weather
    from tradectl_sdk.testing.simulation.wires import Wires

SESSION = "simulated"


class Killed(Exception):  # noqa: N818 - no error, the end of a process
    """The process has just been killed; whatever called for it goes no further."""


class Process:
    """One node. Memory dies with a life; what is on its disk does not.

    Attributes:
        role: ``gateway``, ``executor`` or ``host``.
        life: Which life it is in, counted from 1; 0 before the first.
        alive: Whether it runs.
        deaths: Why each life ended, in order.
    """

    role = ""
    peers: tuple[str, ...] = ()

    def __init__(self, agenda: Agenda, weather: Weather, wires: Wires, trace: Trace) -> None:
        self.agenda = agenda
        self.weather = weather
        self.wires = wires
        self.trace = trace
        self.life = 0
        self.alive = False
        self.deaths: list[str] = []
        self.neighbours: dict[str, Process] = {}
        self.ends: dict[str, ChannelCore] = {}
        self._frozen_until = 0
        self._planned: int | None = None
        self._wake: int | None = None
        self._attending = False

    # Life and death ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin the next life."""
        self.life += 1
        self.alive = True
        self._wake = self._planned = None
        self._frozen_until = 0
        me = Identity(name=self.role, role=self.role, epoch=self.life, session=SESSION)
        roles = partners_of(self.role)
        self.ends = {peer: ChannelCore(me, roles, self.agenda.now) for peer in self.peers}
        self.trace.note(self.role, "starts", self.life)
        self._guarded(self.begin)
        self.attend()

    def kill(self, why: str) -> None:
        """End this life at once."""
        if self.alive:
            self.alive = False
            self.deaths.append(why)
            self.trace.note(self.role, "dies", why)
            self.end()

    def freeze(self, duration: int) -> None:
        """Stand still for a while, as under SIGSTOP; what arrives meanwhile is taken later."""
        self._frozen_until = self.agenda.now + duration
        self.trace.note(self.role, "freezes", duration)
        self.attend_at(self._frozen_until)

    # What a node adds ------------------------------------------------------------------------

    def begin(self) -> None:
        """Read the disk and make a core."""
        raise NotImplementedError

    def end(self) -> None:
        """Let go of what outlives no process."""

    def take(self, port: str, message: Any) -> None:
        """Deal with what a channel has brought."""
        raise NotImplementedError

    def turn(self, now: int) -> None:
        """Do what is due, and what was collected."""

    def further_wakes(self) -> list[int]:
        """When there is something to do besides what channels and core want."""
        return []

    # Working -------------------------------------------------------------------------------

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self.agenda.now < self._frozen_until

    def attend(self) -> None:
        """Let the node do everything it can do now."""
        if not self.alive or self._attending:
            return
        if self.frozen:
            self.attend_at(self._frozen_until)
            return
        self._attending = True
        try:
            self._guarded(self._attend)
        finally:
            self._attending = False
        if self.alive:
            self._plan_ahead()

    def _attend(self) -> None:
        now = self.agenda.now
        for end in self.ends.values():
            if now >= end.wake:
                end.tick(now)
        moving = True
        while moving:
            moving = False
            for port, end in self.ends.items():
                while (message := end.take(now)) is not None:
                    moving = True
                    self.take(port, message)
            self.turn(now)
        self._flush()

    def _flush(self) -> None:
        for peer, end in self.ends.items():
            while end.outgoing:
                frame = end.outgoing.popleft()
                self.wires.carry(self.role, peer, frame, self._hearing(peer, self.role))

    def _hearing(self, receiver: str, port: str) -> Callable[[Any], None]:
        process = self.neighbours[receiver]

        def hear(frame: Any) -> None:
            if process.alive and not process.frozen:
                process.ends[port].hear(process.agenda.now, frame)
                process.attend()

        return hear

    def send(self, port: str, message: Any) -> None:
        """Say something to a neighbour."""
        self.ends[port].send(self.agenda.now, message)

    def want(self, wake: int | None) -> None:
        """Remember when the core wants to be stepped next."""
        self._wake = wake

    @property
    def is_due(self) -> bool:
        """Whether the core wanted to be stepped by now."""
        return self._wake is not None and self.agenda.now >= self._wake

    def _plan_ahead(self) -> None:
        wakes = [end.wake for end in self.ends.values()] + self.further_wakes()
        if self._wake is not None:
            wakes.append(self._wake)
        self.attend_at(min(wakes))

    def attend_at(self, time: int) -> None:
        """Come back at a time, unless that is planned for an earlier one."""
        time = max(time, self.agenda.now + 1)
        if self._planned is not None and self.agenda.now < self._planned <= time:
            return
        self._planned = time
        life = self.life

        def come_back() -> None:
            if self.life == life:
                if self._planned == time:
                    self._planned = None
                self.attend()

        self.agenda.at(time, come_back)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Work, and die of what a process would die of."""
        try:
            work()
        except Killed:
            pass
        except TradectlError as error:
            self.kill(f"{type(error).__name__}: {error.message}")
