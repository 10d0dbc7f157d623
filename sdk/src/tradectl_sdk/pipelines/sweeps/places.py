"""What a sweep runs over: all series in one account, or each by itself; all bars, or windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.series import LoadedSeries, Window, load_all, series_of
from tradectl_sdk.pipelines.sweeps.windows import (
    Span,
    check_filled,
    check_within,
    equal_windows,
    name_of,
    read_windows,
)
from tradectl_sdk.research.places import Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tradectl_sdk.data import Bars
    from tradectl_sdk.plugins import Plugins


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One place of a sweep and the series there.

    Attributes:
        place: How it is called; nothing where it is the only one.
        series: What a trial runs over.
    """

    place: Place
    series: tuple[LoadedSeries, ...]


def places_of(
    data: str | Bars | Sequence[str | Bars],
    timeframe: str,
    span: Window,
    root: Path,
    plugins: Plugins | None,
    *,
    each: bool,
    windows: int | Sequence[str] | None,
) -> list[Placed]:
    """Load what a sweep runs over, place by place: an instrument, and its windows in order.

    Every place has the very bars that a backtest of that instrument and window has.

    Args:
        data: One series or several.
        timeframe: Of the bars, where they are given by name.
        span: The part of the data to use.
        root: The folder of the catalog.
        plugins: Installed plugins, if they are loaded already.
        each: Whether every series has an account of its own.
        windows: Windows of time, or into how many to cut the data; all bars at once unless given.

    Raises:
        UsageError: If an instrument is there twice, or a window is none.
        DataMissingError: If there is no such data.
    """
    if not each and windows is None:
        return [Placed(Place(), load_all(data, timeframe, span, root, plugins))]
    if not isinstance(windows, int | None) and span != Window():
        raise UsageError(
            "windows were given beside a start or an end, expected one of them",
            hint="a window says itself from when to when it is",
        )

    def load(account: Sequence[str | Bars], window: Window) -> tuple[LoadedSeries, ...]:
        return load_all(account, timeframe, window, root, plugins)

    wanted = series_of(data)
    accounts = [[one] for one in wanted] if each else [wanted]
    whole = [load(account, span) for account in accounts]
    names = [str(series[0].bars.instrument.id) if each else "" for series in whole]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice} was given twice, expected each series once")
    if windows is None:
        return [Placed(Place(name), series) for name, series in zip(names, whole, strict=True)]
    spans = [Span.of(series) for series in whole]
    if isinstance(windows, int):
        cut = equal_windows(spans, windows)
    else:
        cut = read_windows([windows] if isinstance(windows, str) else windows)
    found = []
    for account, name, own, series in zip(accounts, names, spans, whole, strict=True):
        for window in cut:
            check_within(window, own, name or ", ".join(str(s.bars.instrument.id) for s in series))
            part = load(account, window)
            check_filled(part, window)
            found.append(Placed(Place(name, name_of(window)), part))
    return found
