"""The sections that tell of a walk forward: a verdict, the stitched equity, windows, choices."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.report.contents import Cell, Chart, Line, Marks, Section, Table, Words
from tradectl_sdk.report.curves import drawdown
from tradectl_sdk.report.exporting import csv_text
from tradectl_sdk.report.inputs import moment, named, value_text
from tradectl_sdk.report.sections import conventions_table
from tradectl_sdk.runs.metrics.definition import percent
from tradectl_sdk.runs.metrics.table import METRICS
from tradectl_sdk.runs.rendering import iso_times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.research import WalkForward
    from tradectl_sdk.research.walked import Piece

_METRICS = (
    "total_return", "cagr", "annual_volatility", "sharpe_ratio", "max_drawdown",
    "max_drawdown_duration", "calmar_ratio",
)  # fmt: skip
_LARGE = 0.02  # a window's return from which on its cell is coloured stronger
_UNKNOWN = "-"


def walk_sections(walk: WalkForward) -> tuple[Section, ...]:
    """Tell of one walk forward."""
    return (_verdict(walk), _equity(walk), _windows(walk), _choices(walk), _metrics(walk))


def _verdict(walk: WalkForward) -> Section:
    train, test = walk.pieces[0].bars
    kept, steady = walk.efficiency, walk.stability
    how = "every window from the first bar on" if walk.anchored else "rolling windows"
    pairs = [
        ("Walk", walk.walk_id),
        ("Strategy", walk.strategy),
        ("Data", f"{', '.join(walk.data)} {walk.timeframe}"),
        ("Windows", f"{len(walk.pieces):,}, {how}: {train:,} bars, then {test:,}"),
        ("Embargo", f"{walk.embargo:,} bars" if walk.embargo else ""),
        *((name, ", ".join(map(value_text, values))) for name, values in walk.axes.items()),
        ("The same in all", named(walk.given)),
        ("Chosen by", METRICS[walk.metric].label),
        ("Tried", f"{walk.trials:,} trials, all of them counted"),
        *((f"{count:,} failed", reason) for reason, count in walk.failures.items()),
        ("Unused", f"{walk.unused:,} bars at the end" if walk.unused else ""),
        ("Gaining", f"{percent(walk.gaining)} of the windows"),
        ("Efficiency", _UNKNOWN if kept is None else f"{percent(kept)} of the growth in sample"),
        ("Stability", _UNKNOWN if steady is None else f"{percent(steady)} moved a step at most"),
    ]
    words = Words((f"{walk.words[0].upper()}{walk.words[1:]}.",), tone=_tone(walk))
    table = Table(
        key="facts",
        caption="What was walked, and what came of it",
        head=("What", "Value"),
        rows=tuple(pair for pair in pairs if pair[1]),
        text_columns=frozenset({1}),
    )
    return Section(key="verdict", title="Verdict", parts=(words, table))


def _tone(walk: WalkForward) -> str:
    return "" if walk.verdict == "hold" else "warn"


def _equity(walk: WalkForward) -> Section:
    value = walk.metrics.text
    equity = Chart(
        key="equity",
        title="Equity out of sample, one window after another",
        summary=f"From {walk.initial:,.0f} to {float(walk.equity[-1]):,.0f} {walk.currency}, "
        f"a return of {value('total_return')} over {len(walk.pieces):,} windows.",
        lines=(Line(name="equity", time=walk.times, values=walk.equity),),
        marks=(_beginnings(walk),),
        unit=walk.currency,
        note="Each window begins, at a dot, with what the one before left. No bar was chosen on.",
    )
    fallen = Chart(
        key="drawdown",
        title="Drawdown out of sample",
        summary=f"The deepest was {value('max_drawdown')}.",
        lines=(
            Line(
                name="drawdown",
                time=walk.times,
                values=drawdown(walk.equity, walk.initial),
                filled=True,
            ),
        ),
        unit="percent",
    )
    return Section(key="equity-section", title="Equity out of sample", parts=(equity, fallen))


def _beginnings(walk: WalkForward) -> Marks:
    counts = [len(piece.times) for piece in walk.pieces]
    places = np.cumsum([0, *counts[:-1]])
    return Marks(
        name="a window begins",
        time=walk.times[places],
        values=walk.equity[places],
        shape="dot",
    )


def _windows(walk: WalkForward) -> Section:
    label = METRICS[walk.metric].label
    names = [name for name, values in walk.axes.items() if len(values) > 1]
    begins = _begins(walk)
    chart = Chart(
        key="in-and-out",
        title=f"{label} of the choices, in sample and out of it",
        summary=f"{percent(walk.gaining)} of the windows gained out of sample.",
        lines=tuple(
            Line(name=name, time=begins, values=np.array(values))
            for name, values in (
                ("in sample", [piece.in_sample for piece in walk.pieces]),
                ("out of sample", [piece.out_of_sample for piece in walk.pieces]),
            )
        ),
        unit="percent" if METRICS[walk.metric].kind.value == "percent" else "",
        note="One point for each window, where its traded bars begin.",
    )
    table = Table(
        key="windows",
        caption="Windows: the choice of each, and what it was worth on the bars after it",
        head=(
            "Window",
            "From",
            "To",
            *names,
            f"{label} in",
            f"{label} out",
            "Return out",
            "Trades",
        ),
        rows=tuple(
            (str(number), *_row(piece, names, walk)) for number, piece in enumerate(walk.pieces, 1)
        ),
    )
    return Section(key="windows-section", title="Windows", parts=(chart, table))


def _row(piece: Piece, names: list[str], walk: WalkForward) -> Iterator[Cell | str]:
    chosen, form = piece.parameters or {}, METRICS[walk.metric].kind.format
    gained = float(piece.equity[-1]) / walk.initial - 1
    strength = 3 if abs(gained) > _LARGE else 1
    tone = f"{'gain' if gained > 0 else 'loss'}-{strength}" if gained else ""
    for border in (piece.begin, piece.end):
        yield moment(border).removesuffix(" 00:00")
    for name in names:
        yield value_text(chosen[name]) if name in chosen else _UNKNOWN
    yield form(piece.in_sample)
    yield form(piece.out_of_sample)
    yield Cell(percent(gained, 2), tone)
    yield f"{piece.trades:,}"


def _choices(walk: WalkForward) -> Section:
    varied = {name: values for name, values in walk.axes.items() if len(values) > 1}
    made = [piece.parameters for piece in walk.pieces if piece.parameters]
    title = "Parameter stability"
    if not made:
        words = Words(("Nothing could be chosen in any window.",), tone="warn")
        return Section(key="choices", title=title, parts=(words,))
    rows = []
    for name, values in varied.items():
        counts = Counter(value_text(each[name]) for each in made)
        told = (f"{value_text(one)}: {counts[value_text(one)]:,}" for one in values)
        rows.append((name, ", ".join(told)))
    table = Table(
        key="chosen",
        caption=f"How often each value was chosen, in {len(made):,} windows",
        head=("Parameter", "Value: times"),
        rows=tuple(rows),
        text_columns=frozenset({1}),
        note="Choices that jump about follow noise.",
    )
    return Section(key="choices", title=title, parts=(table, *_moves(walk, list(varied))))


def _moves(walk: WalkForward, names: list[str]) -> Iterator[Chart]:
    """How each parameter that is a number moved from window to window."""
    begins = _begins(walk)
    for name in names:
        chosen = [(piece.parameters or {}).get(name) for piece in walk.pieces]
        if any(isinstance(value, str | bool) for value in chosen):
            continue
        values = np.array([np.nan if value is None else value for value in chosen], float)
        known = np.isfinite(values)
        low, high = values[known].min(), values[known].max()
        yield Chart(
            key=f"chosen-{name}",
            title=f"Chosen {name}",
            summary=f"Between {low:g} and {high:g}; {min(walk.axes[name])} to "
            f"{max(walk.axes[name])} was tried.",
            lines=(Line(name=name, time=begins, values=values),),
            marks=(Marks(name="choices", time=begins[known], values=values[known], shape="dot"),),
        )


def _begins(walk: WalkForward) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([piece.begin for piece in walk.pieces], np.int64)


def _metrics(walk: WalkForward) -> Section:
    report = walk.metrics
    table = Table(
        key="metrics",
        caption="The stitched curve",
        head=("Metric", "Value"),
        rows=tuple((METRICS[name].label, report.text(name)) for name in _METRICS),
    )
    return Section(
        key="metrics-section",
        title="Metrics out of sample",
        parts=(table, conventions_table(report)),
    )


def walk_csv_files(walk: WalkForward) -> Iterator[tuple[str, str]]:
    """Write the numbers of a walk, none thinned or rounded, as (file name, text) pairs."""
    yield (
        "equity.csv",
        csv_text(("time", "equity"), zip(iso_times(walk.times), walk.equity.tolist(), strict=True)),
    )
    names = list(walk.axes)
    windows = ("first", "chosen", "begin", "end")
    values = ("in_sample", "out_of_sample", "in_growth", "trades", "order_list_hash")
    yield (
        "windows.csv",
        csv_text(
            [*windows, *names, *values],
            (
                [
                    *iso_times(np.array([getattr(piece, name) for name in windows])),
                    *((piece.parameters or {}).get(name) for name in names),
                    *(_known(getattr(piece, name)) for name in values),
                ]
                for piece in walk.pieces
            ),
        ),
    )
    metrics = walk.metrics
    rows = ((name, value, metrics.undefined.get(name)) for name, value in metrics.values.items())
    yield "metrics.csv", csv_text(("metric", "value", "undefined"), rows)


def _known(value: float | str) -> float | str | None:
    return None if isinstance(value, float) and math.isnan(value) else value
