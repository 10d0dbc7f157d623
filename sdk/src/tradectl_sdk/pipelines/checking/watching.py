"""A run that is watched: after each bar, what the strategy holds is noted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.engine import Mode, run
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.pipelines.checking.leaves import digest, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tradectl_sdk.engine import Bar, Context, Outcome, Plan
    from tradectl_sdk.strategy import Strategy

LEAST_COLUMN = 32  # a shorter array is no column of the run, whatever its length


@dataclass(slots=True, eq=False)
class Story:
    """What a watched run left behind.

    Attributes:
        times: When each bar that was handed over had closed, UTC nanoseconds.
        digests: What the strategy held after each, as eight bytes.
        kept: By place in ``times``: the names and values it held then, where that was asked for.
        columns: Attributes that hold a value for each bar of the run, made before it.
        outcome: The run; None when the strategy raised.
        raised: What it raised, in words.
    """

    times: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    kept: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    raised: str = ""

    @property
    def finished(self) -> Outcome:
        """The run of a story that has one."""
        if self.outcome is None:
            raise TradectlError(self.raised)
        return self.outcome


def watch(
    plan: Plan,
    *,
    keep: Collection[int] = (),
    columns: Collection[str] | None = None,
    started: Callable[[Strategy], None] | None = None,
) -> Story:
    """Run a plan as plain Python and note what its strategy holds after each bar.

    Args:
        plan: What to run.
        keep: Places at which values are kept, and not their digest alone.
        columns: Attributes that are columns; those as long as the data unless given.
        started: Told of each strategy when it has started.
    """
    story, known = Story(), None if columns is None else set(columns)
    bars = {len(one.time) for one in plan.columns}

    def make() -> Strategy:
        strategy = plan.make_strategy()
        on_start, on_bar = strategy.on_start, strategy.on_bar
        own: set[str] = set()

        def start(ctx: Context) -> None:
            on_start(ctx)
            if started is not None:
                started(strategy)
            own.update(columns_of(strategy, bars) if known is None else known)
            held = vars(strategy)
            story.columns.update({name: held[name] for name in own if name in held})

        def heard(ctx: Context, bar: Bar) -> None:
            time, place = ctx.time, len(story.times)
            on_bar(ctx, bar)
            story.times.append(time)
            story.digests.append(digest(strategy, own))
            if place in keep:
                story.kept[place] = dict(leaves(strategy, own))

        vars(strategy).update(on_start=start, on_bar=heard)
        return strategy

    try:
        story.outcome = run(replace(plan, make_strategy=make), Mode.INTERPRETED)
    except TradectlError as error:
        story.raised = error.message
    return story


def columns_of(strategy: Strategy, lengths: Collection[int]) -> list[str]:
    """Attributes of a strategy that hold one value for each bar."""
    return [
        name
        for name, value in vars(strategy).items()
        if isinstance(value, np.ndarray | list | tuple)
        and np.ndim(value) > 0
        and len(value) >= LEAST_COLUMN
        and len(value) in lengths
    ]
