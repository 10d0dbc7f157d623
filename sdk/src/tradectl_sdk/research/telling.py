"""What is said of a sweep in words, wherever it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.research.evidence import PEAK, UNKNOWN
from tradectl_sdk.runs.metrics import METRICS

if TYPE_CHECKING:
    from tradectl_sdk.research.evidence import Evidence
    from tradectl_sdk.research.storing import StoredSweep
    from tradectl_sdk.research.table import SweepTable


def around_words(evidence: Evidence, table: SweepTable) -> str:
    """Say what the points around the best trial tell of it, and whether they are on one side."""
    edge = f"; at the edge of {' and '.join(evidence.edges)}" if evidence.edges else ""
    return f"{_shape_words(evidence, table)}{edge}"


def trials_words(table: SweepTable) -> str:
    """Say how many trials there were, and in how many places if in several."""
    count, sets, places = len(table), table.sets, len(table.places)
    trials = "1 trial" if count == 1 else f"{count:,} trials"
    if not places:
        return trials
    one = "1 parameter set" if sets == 1 else f"{sets:,} parameter sets"
    return f"{trials}: {one} in {'1 place' if places == 1 else f'{places:,} places'}"


def data_words(sweep: StoredSweep) -> str:
    """Name the series of a sweep, each once, and say whether each was by itself."""
    data = [f"{one['instrument']} {one['timeframe']}" for one in sweep.identity["data"]]
    named = ", ".join(dict.fromkeys(data))
    return f"{named}, each by itself" if sweep.about.get("instruments") else named


def _shape_words(evidence: Evidence, table: SweepTable) -> str:
    if evidence.around is None and evidence.neighbours:
        return (
            f"a {PEAK}: most of its {len(evidence.neighbours):,} neighbours failed or have no value"
        )
    if evidence.around is None or evidence.best is None:
        return "unknown: too few neighbouring points were tried"
    form = METRICS[evidence.metric].kind.format
    best = form(float(table.metrics[evidence.metric][evidence.best]))
    count = len(evidence.neighbours)
    neighbours = "1 neighbour" if count == 1 else f"{count:,} neighbours"
    only = "only " if evidence.shape == PEAK else ""
    said = f"{neighbours} with {only}{form(evidence.around)} in the middle, beside its {best}"
    if evidence.shape == UNKNOWN:
        return f"unknown: {said}, and neither a point farther away nor a value above zero"
    return f"a {evidence.shape}: {said}"
