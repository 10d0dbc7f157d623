"""A whole session in one thread: real cores, virtual time, and whatever can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import SetSwitch
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.engine import Assumptions, DenyReason, Plan
from tradectl_sdk.engine.live_build import no_bars
from tradectl_sdk.exchange import BarClosed, Print
from tradectl_sdk.nodes.executor import Bounds, Setup
from tradectl_sdk.paper import Matching, PaperSettings
from tradectl_sdk.testing.simulation.agenda import EPOCH, MILLISECOND, SECOND, Agenda, Trace
from tradectl_sdk.testing.simulation.executor import ExecutorProcess
from tradectl_sdk.testing.simulation.gateway import GatewayProcess
from tradectl_sdk.testing.simulation.host import STRATEGY, HostProcess
from tradectl_sdk.testing.simulation.judge import Judge
from tradectl_sdk.testing.simulation.strategy import PositionLimit, Restless
from tradectl_sdk.testing.simulation.venue import SimulatedVenue
from tradectl_sdk.testing.simulation.weather import CALM, Climate, Weather, climate_of
from tradectl_sdk.testing.simulation.wires import Wires

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.testing.simulation.process import Process

LENGTH = 5 * SECOND  # of a bar
LIMIT = 4000  # lots that a position may have
QUIET = 12  # seconds at the end in which nobody trades, so that all is told with the last bars
HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is played.

    Attributes:
        bars: Bars during which things go wrong.
        rest: Seconds afterwards in which nothing does and everything has to converge.
        climate: How bad it gets; made from the seed unless given.
        prints: Whether orders fill at once, as at a real venue; else at bars, as on paper. Made
            from the seed unless given.
        groups: Whether the venue ties orders itself; made from the seed unless given.
        halts: Whether the kill switch is thrown in between; made from the seed unless given.
    """

    bars: int = 60
    rest: int = 150
    climate: Climate | None = None
    prints: bool | None = None
    groups: bool | None = None
    halts: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a simulation went.

    Attributes:
        seed: The seed; with it and the script the same happens again.
        violations: What must not happen and did.
        digest: Of everything that happened.
        orders: Orders that reached the venue.
        trades: Trades they made.
        faults: How often each fault happened.
        deaths: How often each node died.
        seconds: Simulated time.
        happened: How many things happened.
        trace: The last lines of the trace.
    """

    seed: int
    violations: tuple[str, ...]
    digest: str
    orders: int
    trades: int
    faults: dict[str, int]
    deaths: dict[str, int]
    seconds: float
    happened: int
    trace: tuple[str, ...]


def simulate(seed: int, script: Script | None = None) -> Verdict:
    """Play a session and judge it.

    Args:
        seed: Decides everything the script leaves open.
        script: What is played.
    """
    world = World(seed, script or Script())
    world.play()
    return world.verdict()


class World:
    """Venue, gateway, executor and host, and what happens to them.

    Attributes:
        venue: The venue.
        gateway: The gateway.
        executor: The executor.
        host: The strategy host.
        judge: Watches what must not happen.
    """

    def __init__(self, seed: int, script: Script) -> None:
        self.seed = seed
        self.script = script
        self._chance = Random(seed)
        self.agenda = Agenda(Random(self._chance.random()))
        self.trace = Trace(self.agenda)
        climate = script.climate or climate_of(self._chance)
        self.weather = Weather(Random(self._chance.random()), climate)
        self.wires = Wires(self.agenda, self.weather)
        prints = self._choose(script.prints)
        self.venue = self._make_venue(prints, groups=self._choose(script.groups))
        self._halts = self._choose(script.halts, likely=0.15)
        self._prices = [100_000, 50_000]
        self._traded: list[list[tuple[int, int]]] = [[], []]  # since the last bar
        parts = (self.agenda, self.weather, self.wires, self.trace)
        self.gateway = GatewayProcess(*parts, venue=self.venue, length=LENGTH)
        self.executor = ExecutorProcess(*parts, setup=self._setup())
        self.host = HostProcess(*parts, plan=self._plan(), venue=self.venue)
        self._processes: Sequence[Process] = (self.gateway, self.executor, self.host)
        for one in self._processes:
            one.neighbours = {other.role: other for other in self._processes}
        self.judge = Judge(self.venue, self.executor, self.host, limit=LIMIT, length=LENGTH)
        self.venue.on_ticket = self.judge.see_ticket
        self.executor.on_message = self.judge.see_message
        self.gateway.on_call = self.judge.see_call

    def _choose(self, given: bool | None, likely: float = 0.5) -> bool:
        drawn = self._chance.random() < likely
        return drawn if given is None else given

    # Making --------------------------------------------------------------------------------

    def _make_venue(self, prints: bool, *, groups: bool) -> SimulatedVenue:
        settings = PaperSettings(
            assumptions=self._assumptions(),
            matching=Matching.PRINTS if prints else Matching.BARS,
            ids_are_reusable=True,  # as at real venues: an order sent twice is placed twice
        )
        return SimulatedVenue(
            self.agenda,
            self.weather,
            self.trace,
            self._chance,
            instruments=_instruments(),
            settings=settings,
            groups=groups,
        )

    def _assumptions(self) -> Assumptions:
        return Assumptions(cash=Decimal(10_000_000), margin=True, volume_share=Decimal("0.3"))

    def _rules(self) -> Sequence[PositionLimit]:
        return [PositionLimit(LIMIT, int(DenyReason.POSITION))]

    def _setup(self) -> Setup:
        return Setup(
            account="simulated",
            strategy=STRATEGY,
            instruments=_instruments(),
            card=self.venue.card,
            make_rules=self._rules,
            margin=True,
            bounds=Bounds(
                max_clock_offset=4 * SECOND,
                keep_ended=HOUR,
                keep_trades=HOUR,
                most_ended=100_000,
                most_trades=100_000,
            ),
        )

    def _plan(self) -> Plan:
        parameters = {"seed": self.seed % 100_000, "until": EPOCH + self.script.bars * LENGTH}
        return Plan(
            instruments=_instruments(),
            columns=[no_bars(index, LENGTH) for index in range(2)],
            make_strategy=lambda: Restless(**parameters),
            assumptions=self._assumptions(),
            make_rules=self._rules,
        )

    # Playing -------------------------------------------------------------------------------

    @property
    def _seconds(self) -> int:
        """How long it is played."""
        return self.script.bars * LENGTH // SECOND + self.script.rest

    def play(self) -> None:
        """Play the script to its end, the rest in calm."""
        self.gateway.start()
        self.executor.start()
        self.agenda.after(SECOND // 10, self.host.start)
        total = self._seconds * SECOND
        for second in range(1, self._seconds + 1):
            self.agenda.at(EPOCH + second * SECOND, lambda second=second: self._pass_second(second))  # type: ignore[misc]
        stormy = EPOCH + self.script.bars * LENGTH
        self.agenda.at(stormy, self._calm_down)
        if self._halts:
            middle = EPOCH + self._chance.randrange(10, self.script.bars * 4) * SECOND
            self.agenda.at(middle, self._halt)
        self.agenda.run(EPOCH + total)
        self.judge.conclude()

    def _pass_second(self, second: int) -> None:
        """Let a second pass: prices move, a bar may close, things may go wrong."""
        if second <= self._seconds - QUIET:
            for index, one in enumerate(_instruments()):
                self._prices[index] += self._chance.randrange(-40, 41)
                lots = self._chance.randrange(500, 5000)
                self._move(index, str(one.id), lots)
        if second * SECOND % LENGTH == 0:
            self._close_bars(second)
        self._trouble()
        self._revive()
        self.judge.see_second()

    def _move(self, index: int, name: str, lots: int) -> None:
        now = self.agenda.now
        self._traded[index].append((self._prices[index], lots))
        self.venue.trade(Print(instrument=name, time=now, price=self._prices[index], lots=lots))

    def _close_bars(self, second: int) -> None:
        time = EPOCH + second * SECOND
        bars: list[BarClosed] = []
        for traded, one in zip(self._traded, _instruments(), strict=True):
            prices = [price for price, _ in traded] or [self._prices[len(bars)]]
            bars.append(
                BarClosed(
                    instrument=str(one.id),
                    length=LENGTH,
                    time=time,
                    open=prices[0],
                    high=max(prices),
                    low=min(prices),
                    close=prices[-1],
                    volume=sum(lots for _, lots in traded),
                )
            )
            traded.clear()
        self.venue.close_bars(bars)
        if self.gateway.alive:
            self.gateway.market(bars)

    # Trouble -------------------------------------------------------------------------------

    def _trouble(self) -> None:
        """Once a second: what goes wrong by itself."""
        weather = self.weather
        for one in self._processes:
            if one.alive and weather.strikes("killed"):
                one.kill("killed")
            if one.alive and weather.strikes("frozen", 1 / 60):
                one.freeze(weather.between(1, 30))
            for other in one.peers:
                if weather.strikes("cut"):
                    self.wires.cut(one.role, other, weather.between(0.5, 8))
        if weather.strikes("stream_breaks"):
            self.gateway.break_stream(silently=False)
        if weather.strikes("silent_stream"):
            self.gateway.break_stream(silently=True)
        if weather.strikes("market_breaks"):
            self.gateway.break_market(silently=self._chance.random() < 0.5)
        if weather.strikes("clock_jumps", 1 / 60):
            self.venue.skew = self._chance.randrange(-2 * SECOND, 2 * SECOND)

    def _revive(self) -> None:
        """What the supervisor does: start what has died, after a while."""
        for one in self._processes:
            if not one.alive and one.life and self._chance.random() < 0.3:
                one.start()

    def _calm_down(self) -> None:
        self.trace.note("world", "calms down")
        self.weather.calm_down()
        self.venue.skew = 0

    def _halt(self) -> None:
        self.trace.note("world", "halts")
        self.executor.control(SetSwitch(state="halted", by="a person", text="simulated"))

    # Judging -------------------------------------------------------------------------------

    def verdict(self) -> Verdict:
        """Return how it went."""
        return Verdict(
            seed=self.seed,
            violations=tuple(self.judge.violations),
            digest=self.trace.digest,
            orders=len(self.venue.taken),
            trades=len(self.venue.all_trades()),
            faults=dict(sorted(self.weather.met.items())),
            deaths={one.role: len(one.deaths) for one in self._processes},
            seconds=(self.agenda.now - EPOCH) / SECOND,
            happened=self.agenda.done,
            trace=tuple(self.trace.lines),
        )


def _instruments() -> list[Instrument]:
    return [
        Instrument(
            symbol=f"{base}/USD",
            venue="SIM",
            base=base,
            quote="USD",
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.001"),
            maker_fee=Decimal("0.0002"),
            taker_fee=Decimal("0.0005"),
        )
        for base in ("AAA", "BBB")
    ]


__all__ = ["CALM", "MILLISECOND", "Script", "Verdict", "World", "simulate"]
