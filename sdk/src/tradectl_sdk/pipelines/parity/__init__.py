"""Parity: a session beside the backtest of what it saw.

::

    from tradectl_sdk.pipelines.parity import parity

    report = parity(Sessions(root).find("p-3f9a1c"))
    print(report.ok, report.matched, report.counts("cause"))

The recording of the session is replayed through the backtest's engine: the same bars, the same
warm-up, the same parameters, settings and starting account. Then both are compared order by order.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine import Market
from tradectl_sdk.engine.bars import Feed
from tradectl_sdk.errors import DataError, NotFoundError
from tradectl_sdk.nodes.host.recording import read_frames
from tradectl_sdk.nodes.host.records import Began
from tradectl_sdk.pipelines.codehash import class_hash
from tradectl_sdk.pipelines.parity.replay import replay
from tradectl_sdk.pipelines.parity.story import read_story
from tradectl_sdk.pipelines.sessions.forecasting import other_models, pinned_models
from tradectl_sdk.pipelines.sessions.pinning import unpinned
from tradectl_sdk.pipelines.sessions.plan import SessionPlan
from tradectl_sdk.pipelines.sessions.planning import resolve_plan
from tradectl_sdk.runs.parity import (
    Account,
    Circumstances,
    Drift,
    ParityReport,
    Side,
    compare,
    decisions,
    facts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.engine import Plan
    from tradectl_sdk.models import Model
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.modelling import SignalModel
    from tradectl_sdk.pipelines.parity.story import Story
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy

SECOND = 1_000_000_000


def parity(
    folder: SessionFolder,
    *,
    price_bps: float = 0.0,
    seconds: float = 0.0,
    allowed: int = 0,
    strategy: type[Strategy] | None = None,
    models: Mapping[str, Callable[[], Model]] | None = None,
    plugins: Plugins | None = None,
) -> ParityReport:
    """Compare a session with the backtest of what it saw; it may still be running.

    Args:
        folder: The session.
        price_bps: Basis points within which two prices count as the same.
        seconds: Seconds within which two times count as the same.
        allowed: How many differences are accepted.
        strategy: The class itself where it cannot be found by name.
        models: What makes the models that cannot be found by name, by the signals they make.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        NotFoundError: If the session has recorded nothing, or its strategy or a model is gone.
        DataError: If the recording is damaged, or says too little.
    """
    plan, settings = SessionPlan.of(folder.manifest()), unpinned(folder.settings())
    if not folder.record.exists():
        raise NotFoundError(
            f"session {folder.id} has recorded nothing",
            hint="a session records once its strategy runs; tradectl ps --all shows how it is",
        )
    resolved = resolve_plan(plan, settings, plugins, strategy)
    forecasting = pinned_models(plan.models, models or {}, plugins)
    report = compare_recording(
        folder.record,
        resolved.engine,
        Timeframe.parse(plan.timeframe),
        models=forecasting,
        price_bps=price_bps,
        seconds=seconds,
        allowed=allowed,
    )
    other = [f"the model of {name}" for name in other_models(forecasting, plan.models)]
    if plan.code and plan.code != class_hash(resolved.found.cls):
        other.insert(0, "the strategy's code")
    notes = [f"{what} is not what it was when the session was started" for what in other]
    return replace(report, notes=(*notes, *report.notes))


def compare_recording(
    path: Path,
    plan: Plan,
    timeframe: Timeframe,
    *,
    models: Sequence[SignalModel] = (),
    price_bps: float = 0.0,
    seconds: float = 0.0,
    allowed: int = 0,
) -> ParityReport:
    """Compare a session with the backtest of what it saw; it may still be running.

    Args:
        path: The recording.
        plan: What the session ran, without data.
        timeframe: Of the bars that drove its strategy.
        models: What made its signals, in its order.
        price_bps: Basis points within which two prices count as the same.
        seconds: Seconds within which two times count as the same.
        allowed: How many differences are accepted.

    Raises:
        DataError: If the recording is damaged, or says too little.
    """
    frames = read_frames(path)
    began = next(frames, None)
    if not isinstance(began, Began):
        raise DataError(
            f"{path.name} does not say what was run", hint="the session may not have started yet"
        )
    names = [str(one.id) for one in plan.instruments]
    worth = Market(plan.instruments, Feed()).value
    story = read_story(itertools.chain([began], frames), names, worth)
    outcome, whole = replay(plan, story, timeframe, models)
    around = Circumstances(
        bar=timeframe.nanoseconds,
        late=frozenset(story.late),
        downs=tuple(story.downs),
        price_bps=price_bps,
        patience=round(seconds * SECOND),
    )
    mine, theirs = story.orders.facts, facts_of(outcome.orders, outcome.fills)
    matched, differences = compare(mine, theirs, around)
    account = Account(time=outcome.times, equity=outcome.equity)
    return ParityReport(
        session=began.session,
        mode=began.mode,
        strategy=began.strategy,
        instruments=tuple(plan.instruments),
        bars=len(story.told),
        warmup=story.warmed,
        lives=story.lives,
        matched=matched,
        differences=tuple(differences),
        allowed=allowed,
        ours=Side.of(decisions(mine), story.account),
        theirs=Side.of(decisions(theirs), account),
        drift=Drift.between(story.account, account),
        notes=(*_notes(story), *story.forecasts.compared(names, whole.signals)),
    )


def _notes(story: Story) -> list[str]:
    notes = [f"{one.what}: {one.text}".rstrip(": ") for one in story.notices]
    if story.orders.former:
        notes.append(f"{story.orders.former} orders were open before the session began")
    if story.orders.strangers:
        notes.append(f"{story.orders.strangers} fills were of orders that are not the session's")
    if story.failed:
        notes.append(f"the strategy failed: {story.failed}")
    return notes
