"""What every strategy is held to on a market: checks that run it through the engine.

The markets are synthetic and seeded, so that a check says the same today and on another machine.
They are as long as the strategy's warm-up needs. A check that compares runs learns nothing from a
strategy that never orders, and is skipped then. ``STRATEGY`` is the suite with these checks in it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tradectl_sdk.engine import DenyReason, Mode
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.indicators import Indicator
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, require
from tradectl_sdk.testing.stage import (
    continued,
    gapped,
    halted,
    play,
    set_stage,
    until,
    without_volume,
)
from tradectl_sdk.testing.strategy_suite import STRATEGY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.data import Bars
    from tradectl_sdk.engine import Bar, Context, Outcome, Plan
    from tradectl_sdk.strategy import Strategy
    from tradectl_sdk.testing.stage import Stage
    from tradectl_sdk.testing.strategy_suite import StrategySubject

__all__ = ["STRATEGY"]

CUTS: Final = 12
SEED, OTHER_SEED = 1, 2
MALFORMED: Final = (
    DenyReason.BAD_QUANTITY,
    DenyReason.BAD_PRICE,
    DenyReason.OFF_TICK,
    DenyReason.NO_INSTRUMENT,
    DenyReason.NO_EXPIRY,
    DenyReason.BAD_BRACKET,
)


@STRATEGY.check()
def runs_without_raising(subject: StrategySubject) -> None:
    """It raises nothing on a lively market, nor on one with gaps and halts."""
    stage = set_stage_or_fail(subject.strategy)
    for name, market in _markets(stage):
        try:
            stage.play(market)
        except CheckSkippedError as error:
            raise CheckFailedError(f"on a market {name}, {error}") from error


@STRATEGY.check()
def orders_are_well_formed(subject: StrategySubject) -> None:
    """It asks for quantities and prices that exist, also after gaps and on bars without a range."""
    stage = set_stage(subject.strategy)
    for name, market in _markets(stage):
        orders = stage.play(market).orders
        for reason in MALFORMED:
            found = orders[orders["reason"] == reason]
            require(
                not len(found),
                f"on a market {name}, {len(found)} orders were denied because "
                f"{reason.summary}; the first was decided at {_moment(found)}",
            )


@STRATEGY.check()
def gives_the_same_orders_every_time(subject: StrategySubject) -> None:
    """Two runs on the same market give the same orders, fills and equity, to the byte."""
    stage = set_stage(subject.strategy)
    market = stage.market(SEED)
    _same(stage.play(market), stage.play(market), "the second run gave other")


@STRATEGY.check(requires={"compiled"})
def means_the_same_compiled(subject: StrategySubject) -> None:
    """Its handlers compile, and give the same orders, fills and equity as plain Python."""
    stage = set_stage(subject.strategy)
    for _, market in _markets(stage):
        _same(
            stage.play(market),
            stage.play(market, mode=Mode.COMPILED),
            "compiled it gave other",
        )


@STRATEGY.check()
def does_not_see_the_future(subject: StrategySubject) -> None:
    """What it decides up to a bar is the same when later bars are missing, or are others."""
    stage = set_stage(subject.strategy)
    market, other = stage.market(SEED), stage.market(OTHER_SEED)
    whole = stage.play(market)
    if not len(whole.orders):
        raise CheckSkippedError(f"it placed no order on a market of {stage.length} bars")
    for place in _places(stage):
        last = int(whole.times[place - 1])
        for how, changed in (
            ("cut off", until(market, place)),
            ("replaced", continued(market, place, other)),
        ):
            require(
                _decided_alike(stage.play(changed), whole, last),
                f"with the bars after bar {place} of {stage.length} {how}, it decided otherwise "
                "before them",
            )


@STRATEGY.check()
def places_no_orders_while_warming_up(subject: StrategySubject) -> None:
    """It places no order during the warm-up it declares; those would be denied."""
    stage = set_stage(subject.strategy)
    orders = stage.play(stage.market(SEED)).orders
    early = orders[orders["reason"] == DenyReason.WARMING]
    require(
        not len(early),
        f"placed {len(early)} orders in its warm-up of {stage.warmup} bars; ask ctx.warming, or "
        "set a shorter warmup in on_start",
    )


@STRATEGY.check()
def declares_enough_warmup(subject: StrategySubject) -> None:
    """Every indicator it holds that needs a fixed number of bars is ready after the warm-up."""
    stage = set_stage(subject.strategy)
    if subject.strategy.portfolio:
        raise CheckSkippedError("it counts bars of several instruments")
    ready = [_bars_until_ready(stage, seed) for seed in range(4)]
    for name, bars in ready[0].items():
        # One that waits for something to happen is ready at another time in another market.
        fixed = all(other.get(name) == bars for other in ready)
        require(
            not fixed or bars <= stage.warmup + 1,
            f"{name} is ready after {bars} bars, but warmup was {stage.warmup}; set it to at "
            f"least {bars - 1} in on_start",
        )


@STRATEGY.check()
def leaves_its_inputs_alone(subject: StrategySubject) -> None:
    """It changes neither the bar it is given nor its position, nor the data behind them."""
    stage = set_stage(subject.strategy)
    touched: list[int] = []
    plan = stage.plan(stage.market(SEED), lambda: _guarded(subject.strategy(), touched))
    before = _content(plan)
    play(plan)
    require(not touched, f"changed the bar or ctx.position at {_at(touched)}")
    require(_content(plan) == before, "changed the data of the run")


def set_stage_or_fail(strategy: type[Strategy]) -> Stage:
    """Set the stage where a strategy that raises in ``on_start`` is to be told of."""
    try:
        return set_stage(strategy)
    except CheckSkippedError as error:
        if isinstance(error.__cause__, TradectlError):
            raise CheckFailedError(str(error)) from error
        raise


def _markets(stage: Stage) -> Iterator[tuple[str, list[Bars]]]:
    """Yield a lively market, one that stands still at first, and one with a gap and a halt."""
    market, middle = stage.market(SEED), stage.length // 2
    yield "without gaps", market
    yield "that stands still at first", halted(market, 0, stage.warmup + 50)
    yield "with a gap and a halt", halted(gapped(market, middle, middle + 50), middle, middle + 60)
    yield "without volume", without_volume(market)


def _places(stage: Stage) -> list[int]:
    """Where to cut: drawn from what the strategy needs, so that they are the same every time."""
    draw = random.Random(stage.length)  # noqa: S311 - places to cut, no secret
    return sorted(draw.randrange(stage.warmup + 2, stage.length) for _ in range(CUTS))


def _same(one: Outcome, other: Outcome, what: str) -> None:
    for name in ("orders", "fills", "equity"):
        same = getattr(one, name).tobytes() == getattr(other, name).tobytes()
        require(same, f"{what} {name}")


def _decided_alike(one: Outcome, other: Outcome, last: int) -> bool:
    """Whether two runs asked for the same up to a moment, and were worth the same by then."""
    mine, yours = (each.orders[each.orders["created"] <= last] for each in (one, other))
    known = int(np.searchsorted(one.times, last, side="right"))
    if len(mine) != len(yours) or one.equity[:known].tobytes() != other.equity[:known].tobytes():
        return False
    asked = ("created", "instrument", "side", "type", "time_in_force", "flags", "limit", "trail")
    # What became of it since says nothing of the decision: fills resize the exits and siblings of
    # an order, which may have been tied together later, and trailing stops follow the price.
    alone = (mine["parent"] == 0) & (mine["group"] == 0) & (yours["group"] == 0)
    still = mine["trail"] == 0
    return (
        all(np.array_equal(mine[name], yours[name]) for name in asked)
        and np.array_equal(mine["quantity"][alone], yours["quantity"][alone])
        and np.array_equal(mine["trigger"][still], yours["trigger"][still])
    )


def _bars_until_ready(stage: Stage, seed: int) -> dict[str, int]:
    """How many bars each indicator took until it was ready, by its place in the strategy."""
    ready: dict[str, int] = {}
    play(stage.plan(stage.market(seed), lambda: _watched(stage.strategy(), ready)))
    return ready


def _watched(strategy: Strategy, ready: dict[str, int]) -> Strategy:
    """Let a strategy note after how many bars its indicators became ready."""
    on_bar, bars = type(strategy).on_bar, 0

    def watched(ctx: Context, bar: Bar) -> None:
        nonlocal bars
        bars += 1
        on_bar(strategy, ctx, bar)
        for name, indicator in _indicators(strategy, ""):
            if indicator.ready:
                ready.setdefault(name, bars)

    vars(strategy)["on_bar"] = watched
    return strategy


def _indicators(owner: object, path: str, depth: int = 4) -> Iterator[tuple[str, Indicator]]:
    """Yield the indicators an object holds, not those inside another indicator."""
    for name, value in list(getattr(owner, "__dict__", {}).items()):
        parts = enumerate(value) if isinstance(value, list) else [(-1, value)]
        for place, part in parts:
            where = f"{path}{name}" if place < 0 else f"{path}{name}[{place}]"
            if isinstance(part, Indicator):
                yield where, part
            elif isinstance(part, float | int | str):
                break  # a list of numbers holds nothing else
            elif depth and not type(part).__module__.startswith("tradectl_sdk.engine"):
                yield from _indicators(part, f"{where}.", depth - 1)


def _guarded(strategy: Strategy, touched: list[int]) -> Strategy:
    """Let a strategy note the times of bars whose values its ``on_bar`` has changed."""
    on_bar = type(strategy).on_bar

    def guarded(ctx: Context, bar: Bar) -> None:
        before = (ctx.position, *vars(bar).values())
        on_bar(strategy, ctx, bar)
        if before != (ctx.position, *vars(bar).values()):
            touched.append(int(before[2]))

    vars(strategy)["on_bar"] = guarded
    return strategy


def _content(plan: Plan) -> list[bytes]:
    return [column.tobytes() for columns in plan.columns for column in columns.flat]


def _moment(orders: np.ndarray[Any, np.dtype[np.void]]) -> str:
    return _at([int(created) for created in orders["created"]])


def _at(times: list[int]) -> str:
    return f"{np.datetime_as_string(np.datetime64(times[0], 'ns'), unit='s')}Z" if times else "-"
