"""Putting an engine together from instruments, series, assumptions and a strategy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tradectl_sdk.domain.money import MONEY_UNITS, MOST_MONEY, to_money
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine.account import Account
from tradectl_sdk.engine.bars import Columns, Feed, Series, Signal
from tradectl_sdk.engine.booking import Booking, Fills
from tradectl_sdk.engine.buffers import view_floats
from tradectl_sdk.engine.context import Context
from tradectl_sdk.engine.costs import BasisPoints, ShareOfValue
from tradectl_sdk.engine.desk import Desk
from tradectl_sdk.engine.engine import ManyEngine, SingleEngine
from tradectl_sdk.engine.gate import Gate, Rule, chain
from tradectl_sdk.engine.market import Market
from tradectl_sdk.engine.orders import Journal, Orders
from tradectl_sdk.engine.settings import Assumptions, BarPath, LimitFill, MarketFill
from tradectl_sdk.engine.venue import Venue
from tradectl_sdk.engine.walk import Walk
from tradectl_sdk.errors import DataMissingError, UsageError
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine.costs import FeeModel, SlippageModel
    from tradectl_sdk.engine.growing import GrowingColumn
    from tradectl_sdk.engine.port import VenuePort

MINUTE = 60_000_000_000
AnyDesk = TypeVar("AnyDesk", bound=Desk)
_ROOM, _MOST_ROOM = 4096, 4_000_000  # rows a table starts with


class Resampler(Protocol):
    """Gives a series of an instrument at another timeframe, made from what the run has."""

    def __call__(self, instrument: int, timeframe: Timeframe) -> Columns:
        """Return its columns, with ``drives`` False."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Everything a run is made of; building an engine from it twice gives equal engines.

    Attributes:
        instruments: What is traded, in order.
        columns: One driving series per instrument, in the same order.
        make_strategy: Makes a fresh strategy; called once per instrument, or once in all when
            the strategy is a portfolio strategy.
        assumptions: About venue and account.
        make_rules: Makes fresh risk rules, in order.
        observing: Whether a rule wants to see the equity of each instant.
        fees: Makes the fee model; maker and taker shares per instrument unless given.
        slippage: Makes the slippage model; basis points unless given.
        resample: Where ``ctx.bar("1h")`` gets its series.
        signals: Prepared columns by name: one array per instrument, shape (n_bars,).
        growing: The same in a session, whose values come with their bars.
        warmup: Instants before orders are accepted; at least what the strategy asks for.
        holdings: Signed lots held at the start, per instrument; nothing unless given.
    """

    instruments: Sequence[Instrument]
    columns: Sequence[Columns]
    make_strategy: Callable[[], Strategy]
    assumptions: Assumptions = field(default_factory=Assumptions)
    make_rules: Callable[[], Sequence[Rule]] = tuple
    observing: bool = False
    fees: Callable[[], FeeModel] | None = None
    slippage: Callable[[], SlippageModel] | None = None
    resample: Resampler | None = None
    signals: Mapping[str, Sequence[NDArray[np.float64]]] = field(default_factory=dict)
    growing: Mapping[str, Sequence[GrowingColumn]] = field(default_factory=dict)
    warmup: int = 0
    holdings: Sequence[int] = ()


class Lookup:
    """Answers ``ctx.bar`` and ``ctx.signal`` while strategies start."""

    NEVER_COMPILED = True  # it holds the whole plan, data and all

    def __init__(self, plan: Plan, feed: Feed) -> None:
        self._plan = plan
        self._feed = feed
        self._extra: dict[tuple[int, int], Columns] = {}
        self._series: list[tuple[Series, tuple[int, int]]] = []
        self._signals: list[tuple[Signal, int]] = []

    def bar(self, timeframe: str, instrument: int) -> Series:
        """Return completed bars of an instrument at a timeframe."""
        wanted = Timeframe.parse(timeframe)
        key = (instrument, wanted.nanoseconds)
        if self._plan.columns[instrument].length == wanted.nanoseconds:
            key = (instrument, 0)
        elif key not in self._extra:
            if self._plan.resample is None:
                raise DataMissingError(f"there are no {wanted} bars in this run")
            self._extra[key] = self._plan.resample(instrument, wanted)
        series = Series(self._feed)
        self._series.append((series, key))
        return series

    def bar_length(self, instrument: int) -> int:
        """Return the length of an instrument's driving bars."""
        return self._plan.columns[instrument].length

    def signal(self, name: str, instrument: int) -> Signal:
        """Return a prepared column of an instrument, or one that grows."""
        if name in self._plan.growing:
            return self._bound(self._plan.growing[name][instrument], instrument)
        if name not in self._plan.signals:
            known = ", ".join(sorted({*self._plan.signals, *self._plan.growing})) or "none"
            raise DataMissingError(
                f"there is no signal {name!r} in this run; there is {known}",
                hint=f"name a model that makes it, --model {name}=MODEL, or prepare the column",
            )
        values = self._plan.signals[name][instrument]
        if len(values) != len(self._plan.columns[instrument].time):
            raise UsageError(
                f"signal {name!r} has {len(values)} values, "
                f"expected one per bar: {len(self._plan.columns[instrument].time)}"
            )
        return self._bound(view_floats(values), instrument)

    def _bound(self, values: Any, instrument: int) -> Signal:
        signal = Signal(values, self._feed)
        self._signals.append((signal, instrument))
        return signal

    def load(self) -> None:
        """Hand all series to the feed and bind what was asked for."""
        self._feed.load(self.streams())
        self.bind()

    def streams(self) -> list[Columns]:
        """Return all series in the order of the feed's, longer timeframes first."""
        return [self._extra[k] if k[1] else self._plan.columns[k[0]] for k in self._keys()]

    def _keys(self) -> list[tuple[int, int]]:
        keys = sorted(self._extra, key=lambda key: (-key[1], key[0]))
        return keys + [(instrument, 0) for instrument in range(len(self._plan.columns))]

    def forget(self) -> None:
        """Have been asked for nothing."""
        self._extra.clear()
        self._series.clear()
        self._signals.clear()

    def bind(self) -> None:
        """Tell what was asked for which stream of the loaded feed it is."""
        keys = self._keys()
        for series, key in self._series:
            series.bind(keys.index(key))
        for signal, instrument in self._signals:
            signal.bind(keys.index((instrument, 0)))


def build(plan: Plan, feed: Feed | None = None) -> SingleEngine | ManyEngine:
    """Make an engine that stands before its first event, its strategies started.

    Args:
        plan: What it is made of.
        feed: Where its data will be; one that ends with the plan's columns unless given.

    Raises:
        UsageError: If the plan contradicts itself.
        Exception: Whatever a strategy's ``on_start`` raises.
    """
    ends = feed is None
    feed = feed or Feed()
    strategies = make_strategies(plan)
    desk = furnish(plan, feed, strategies)
    context = start(plan, feed, desk, strategies)
    return assemble(plan, strategies, context, desk, feed, ends=ends)


def furnish(plan: Plan, feed: Feed, strategies: Sequence[Strategy]) -> Desk:
    """Make account, market, venue and the desk in front of it."""
    account, market = open_account(plan, feed)
    venue = _venue(plan, feed, _tables(plan, feed, account, market, listens(strategies)))
    return open_desk(Desk, plan, venue)[0]


def assemble(
    plan: Plan,
    strategies: list[Strategy],
    context: Context,
    desk: Desk,
    feed: Feed,
    *,
    ends: bool,
) -> SingleEngine | ManyEngine:
    """Put an engine together from its parts, once the feed is loaded.

    Args:
        plan: What it is made of.
        strategies: They, started.
        context: Theirs.
        desk: Where they place orders.
        feed: Its data.
        ends: Whether the feed ends with the plan's columns.
    """
    kind = SingleEngine if ends and feed.streams == 1 else ManyEngine
    return kind(
        feed=feed,
        strategies=strategies,
        context=context,
        desk=desk,
        gate=desk.gate,
        settle_at_close=plan.assumptions.market_fill is MarketFill.THIS_CLOSE,
        warmup=longest_warmup(plan, strategies),
        instants=_instants(plan.columns),
    )


def open_account(plan: Plan, feed: Feed) -> tuple[Account, Market]:
    """Make the account with what it holds at the start, and the market that values it."""
    market = Market(plan.instruments, feed)
    account = Account(market, _cash(plan.assumptions), margin=plan.assumptions.margin)
    for instrument, lots in enumerate(plan.holdings):
        account.hold(instrument, lots)
    return account, market


def open_desk(kind: type[AnyDesk], plan: Plan, venue: VenuePort) -> tuple[AnyDesk, Gate]:
    """Make the desk in front of a venue, and its gate with fresh rules."""
    account, market = venue.booking.account, venue.booking.market
    gate = Gate(chain(plan.make_rules()), account, market, observing=plan.observing)
    desk = kind(
        gate=gate,
        venue=venue,
        account=account,
        market=market,
        order_limit=plan.assumptions.max_orders_per_instant,
        day_ends=[one.session_close * MINUTE for one in plan.instruments],
        weekdays=[one.calendar == "weekdays" for one in plan.instruments],
    )
    return desk, gate


def start(plan: Plan, feed: Feed, desk: Desk, strategies: Sequence[Strategy]) -> Context:
    """Start strategies, load the series they asked for, and return their context."""
    lookup = Lookup(plan, feed)
    context = Context(desk, lookup)
    begin(context, desk, strategies)
    lookup.load()
    return context


def begin(context: Context, desk: Desk, strategies: Sequence[Strategy]) -> None:
    """Start strategies, one after another."""
    for number, strategy in enumerate(strategies):
        context.instrument = number
        context.position = desk.account.position[number]
        strategy.on_start(context)
    context.instrument = 0
    context.position = desk.account.position[0]


def longest_warmup(plan: Plan, strategies: Sequence[Strategy]) -> int:
    """Instants before orders are accepted."""
    return max([plan.warmup, *(strategy.warmup for strategy in strategies)])


def _venue(plan: Plan, feed: Feed, booking: Booking) -> Venue:
    assumptions = plan.assumptions
    touch = assumptions.limit_fill is LimitFill.TOUCH
    return Venue(
        feed,
        booking,
        Walk(feed, booking, touch=touch),
        market_fill=list(MarketFill).index(assumptions.market_fill),
        touch=touch,
        path=list(BarPath).index(assumptions.bar_path),
        share_millionths=math.ceil(assumptions.volume_share * 1_000_000),
        exits_in_entry_bar=assumptions.exits_in_entry_bar,
    )


def _cash(assumptions: Assumptions) -> int:
    cash = to_money(assumptions.cash)
    if abs(cash) >= MOST_MONEY:
        raise UsageError(
            f"cash was {assumptions.cash}, expected less than {MOST_MONEY // MONEY_UNITS}",
            hint="an account of the engine counts 10^-8 of its currency in 64 bits",
        )
    return cash


def _instants(columns: Sequence[Columns]) -> int:
    """Most instants there can be; exact for one series."""
    return sum(len(one.time) for one in columns)


def make_strategies(
    plan: Plan, make_strategy: Callable[[], Strategy] | None = None
) -> list[Strategy]:
    """Make the strategies of a plan: one per instrument, or one that sees all.

    Args:
        plan: It.
        make_strategy: What makes them instead of the plan's own.
    """
    make_strategy = make_strategy or plan.make_strategy
    if len(plan.instruments) != len(plan.columns):
        raise UsageError(
            f"there were {len(plan.columns)} series for {len(plan.instruments)} instruments"
        )
    first = make_strategy()
    if first.portfolio:
        return [first]
    return [first, *(make_strategy() for _ in plan.instruments[1:])]


def listens(strategies: Sequence[Strategy]) -> bool:
    """Whether strategies want to be told about fills or orders."""
    cls = type(strategies[0])
    return cls.on_fill is not Strategy.on_fill or cls.on_order is not Strategy.on_order


def looks_back(strategies: Sequence[Strategy]) -> bool:
    """Whether strategies do something after the last bar."""
    return any(getattr(one.on_stop, "__func__", None) is not Strategy.on_stop for one in strategies)


def _tables(plan: Plan, feed: Feed, account: Account, market: Market, listening: bool) -> Booking:
    # Room for an order an instant, so that tables rarely grow: untouched memory costs nothing.
    instants = min(_instants(plan.columns), _MOST_ROOM)
    room = _ROOM + instants + 4 * plan.assumptions.max_orders_per_instant
    journal = Journal(8 * room if listening else 1, enabled=listening)
    return make_booking(
        plan, feed, account, market, Orders(market.count, room), Fills(room), journal
    )


def make_booking(
    plan: Plan,
    feed: Feed,
    account: Account,
    market: Market,
    orders: Orders,
    fills: Fills,
    journal: Journal,
) -> Booking:
    """Join tables, account and cost models."""
    return Booking(
        feed=feed,
        orders=orders,
        fills=fills,
        account=account,
        market=market,
        journal=journal,
        fees=plan.fees() if plan.fees else ShareOfValue(plan.instruments),
        slippage=plan.slippage() if plan.slippage else BasisPoints(plan.assumptions.slippage_bps),
    )
