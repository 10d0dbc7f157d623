"""What is left of the result when trading costs more, or when news comes late?"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.money import to_money
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.pipelines.checking.cutting import Subject, part
from tradectl_sdk.pipelines.checking.words import share
from tradectl_sdk.pipelines.checks import Check

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.engine import Bar, Columns, Context, FeeModel, Outcome, Plan, SlippageModel
    from tradectl_sdk.strategy import Strategy

MULTIPLES = (0, 1, 2, 3)
LATE_BARS = 200_000  # the late run is plain Python, so it goes over so many bars at most


class ScaledFees:
    """A fee model that asks for a multiple of what another one does."""

    def __init__(self, model: FeeModel, times: int) -> None:
        self.model = model
        self.times = times

    def fee(self, instrument: int, lots: int, value: int, maker: bool, filled: int) -> int:
        """Return the fee in money units."""
        return self.times * self.model.fee(instrument, lots, value, maker, filled)


class ScaledSlippage:
    """A slippage model that moves prices by a multiple of what another one does."""

    def __init__(self, model: SlippageModel, times: int) -> None:
        self.model = model
        self.times = times

    def slip(self, instrument: int, ticks: int, lots: int, volume: int) -> int:
        """Return ticks, not negative."""
        return self.times * self.model.slip(instrument, ticks, lots, volume)


def costs(subject: Subject) -> Check:
    """The result stands when fees and slippage are twice and three times what is assumed."""
    if not len(subject.outcome.fills):
        return Check(name="costs", status="skip", text="nothing was filled")
    plan, outcome = subject.job.plan, subject.outcome
    returns = [
        _return(plan, outcome)
        if times == 1
        else _return(plan, run(_dearer(plan, times), outcome.mode, compiled=outcome.compiled))
        for times in MULTIPLES
    ]
    free, assumed, twice, thrice = returns
    words = ", ".join(
        f"{share(gained)} {how}"
        for gained, how in zip(
            returns, ("without costs", "as assumed", "at twice", "at three times"), strict=True
        )
    )
    facts = {f"return_at_{times}": gained for times, gained in zip(MULTIPLES, returns, strict=True)}
    if assumed > 0 >= min(twice, thrice):
        bar = "twice" if twice <= 0 else "three times"
        return Check(
            name="costs", status="warn", text=f"no gain is left at {bar} the costs: {words}",
            facts=facts,
        )  # fmt: skip
    if free > 0 >= assumed:
        text = f"costs take all of the gain: {words}"
        return Check(name="costs", status="warn", text=text, facts=facts)
    return Check(name="costs", status="ok", text=words, facts=facts)


def latency(subject: Subject) -> Check:
    """The result stands when the strategy hears of each bar one bar later."""
    if not len(subject.outcome.fills):
        return Check(name="latency", status="skip", text="nothing was filled")
    plan, outcome = subject.job.plan, subject.outcome
    if len(outcome.times) > LATE_BARS:
        plan = part(subject, int(outcome.times[LATE_BARS - 1]))
        outcome = run(plan, outcome.mode, compiled=outcome.compiled)
    assumed, late = _return(plan, outcome), _return(plan, run(_late(plan), Mode.INTERPRETED))
    where = f" over the first {LATE_BARS:,} bars" if plan is not subject.job.plan else ""
    text = f"{share(assumed)} as assumed, {share(late)} one bar later{where}"
    facts = {"return": assumed, "return_one_bar_later": late}
    if assumed > 0 and late < assumed / 2:
        left = "nothing" if late <= 0 else "less than half"
        text = f"{left} of the gain is left: {text}"
        return Check(name="latency", status="warn", text=text, facts=facts)
    return Check(name="latency", status="ok", text=text, facts=facts)


def _return(plan: Plan, outcome: Outcome) -> float:
    return outcome.final_equity / to_money(plan.assumptions.cash) - 1.0


def _dearer(plan: Plan, times: int) -> Plan:
    fees, slippage = plan.fees, plan.slippage
    instruments = tuple(
        replace(one, maker_fee=_scaled(one.maker_fee, times), taker_fee=one.taker_fee * times)
        for one in plan.instruments
    )
    bps = plan.assumptions.slippage_bps * times
    return replace(
        plan,
        instruments=instruments,
        assumptions=replace(plan.assumptions, slippage_bps=bps),
        fees=None if fees is None else lambda: ScaledFees(fees(), times),
        slippage=None if slippage is None else lambda: ScaledSlippage(slippage(), times),
    )


def _scaled(fee: Decimal, times: int) -> Decimal:
    """A rebate is no cost, and does not grow with costs."""
    return fee * times if fee > 0 else fee


def _late(plan: Plan) -> Plan:
    """The same run whose strategy hears of each bar when the next one closes."""
    lengths = [one.length for one in plan.columns]
    resample = plan.resample

    def make() -> Strategy:
        strategy = plan.make_strategy()
        on_bar, waiting = strategy.on_bar, dict[int, "Bar"]()

        def heard(ctx: Context, bar: Bar) -> None:
            before = waiting.get(bar.instrument)
            waiting[bar.instrument] = copy.copy(bar)
            if before is not None:
                on_bar(ctx, before)

        vars(strategy)["on_bar"] = heard
        return strategy

    def later(instrument: int, timeframe: Timeframe) -> Columns:
        columns = resample(instrument, timeframe)  # type: ignore[misc]  # only used if there
        return replace(columns, time=columns.time + lengths[instrument])

    return replace(
        plan,
        make_strategy=make,
        resample=None if resample is None else later,
        signals={name: [_shifted(one) for one in each] for name, each in plan.signals.items()},
    )


def _shifted(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([values[:1], values[:-1]])
