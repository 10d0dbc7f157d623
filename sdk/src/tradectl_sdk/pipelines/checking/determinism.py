"""Does the same run give the same result again, here and in other processes?"""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.pipelines.checking.cutting import Subject, part
from tradectl_sdk.pipelines.checking.watching import Story, watch
from tradectl_sdk.pipelines.checking.words import moment
from tradectl_sdk.pipelines.checks import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.config.settings import Settings
    from tradectl_sdk.pipelines.series import LoadedSeries
    from tradectl_sdk.strategy import ParameterValue, Strategy

HASH_SEEDS = ("1", "2")
PATIENCE = 120  # seconds a process may take beyond what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What another process needs to make the same run.

    Attributes:
        strategy: Its name, ``path.py:Class``, or a class that can be imported.
        parameters: Of the strategy.
        series: The data.
        settings: Everything that is assumed.
        signals: Prepared columns.
        warmup: Bars before orders are accepted.
    """

    strategy: str | type[Strategy]
    parameters: Mapping[str, ParameterValue]
    series: tuple[LoadedSeries, ...]
    settings: Settings
    signals: Mapping[str, object]
    warmup: int


def determinism(subject: Subject) -> Check:
    """Equal runs hold and do the same: twice in this process, and in two that hash otherwise.

    What depends on the order of a set of texts, on a clock, on chance without a seed or on a
    variable that outlives the run comes out differently.
    """
    plan = part(subject, int(subject.times[-1]))
    first, second = watch(plan), watch(plan)
    bars = len(subject.times)
    if fingerprint(first) != fingerprint(second):
        when = _parting(first, second)
        text = f"two runs on the same data differ{when}"
        return Check(name="determinism", status="fail", text=text, facts={"bars": bars})
    answers = [_elsewhere(subject, seed) for seed in HASH_SEEDS]
    wrong = next((one for one in answers if one.failed), None)
    if wrong is not None:
        text = f"the same twice over {bars:,} bars; not tried in other processes: {wrong.failed}"
        return Check(name="determinism", status="ok", text=text, facts={"bars": bars})
    if any(one.digest != fingerprint(first) for one in answers):
        text = "it runs otherwise in a process with another PYTHONHASHSEED"
        return Check(name="determinism", status="fail", text=text, facts={"bars": bars})
    text = f"the same twice, and in {len(answers)} other processes, over {bars:,} bars"
    return Check(name="determinism", status="ok", text=text, facts={"bars": bars})


def fingerprint(story: Story) -> str:
    """A hash of all that a watched run held and did."""
    digest = hashlib.blake2b(b"".join(story.digests), digest_size=16)
    digest.update(story.raised.encode())
    if story.outcome is not None:
        for table in (story.outcome.orders, story.outcome.fills, story.outcome.equity):
            digest.update(table.tobytes())
    return digest.hexdigest()


def _parting(first: Story, second: Story) -> str:
    pairs = zip(first.times, first.digests, second.digests, strict=False)
    at = next((time for time, one, other in pairs if one != other), None)
    return "" if at is None else f" from {moment(at)} on"


@dataclass(frozen=True, slots=True)
class _Answer:
    digest: str = ""
    failed: str = ""


def _elsewhere(subject: Subject, seed: str) -> _Answer:
    """Run in a process with another seed of hashes; say why where that cannot be."""
    try:
        errand = pickle.dumps((sys.path, _errand(subject)))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        return _Answer(failed=f"{subject.job.found.name} cannot be taken there ({error})")
    done = subprocess.run(
        [sys.executable, "-m", "tradectl_sdk.pipelines.checking.twin"],
        input=errand,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": seed},
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return _Answer(failed=lines[-1] if lines else f"exit status {done.returncode}")
    return _Answer(digest=done.stdout.decode().strip())


def _errand(subject: Subject) -> Errand:
    job, last = subject.job, int(subject.times[-1])
    plan = part(subject, last)
    series = tuple(
        type(one)(
            bars=one.bars.rows(0, len(columns.time)), content_hash=one.content_hash,
            origin=one.origin, gaps=one.gaps,
        )
        for one, columns in zip(job.series, plan.columns, strict=True)
    )  # fmt: skip
    return Errand(
        strategy=subject.reference,
        parameters=dict(job.identity["parameters"]),
        series=series,
        settings=subject.settings,
        signals=plan.signals,
        warmup=plan.warmup,
    )
