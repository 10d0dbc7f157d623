"""The report: stored runs in, one HTML file out.

::

    from tradectl_sdk import write_report

    write_report("r-1a2b3c", "report.html")
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.data import Catalog
from tradectl_sdk.data.bars import COLUMNS
from tradectl_sdk.data.hashing import hash_blocks, hash_columns
from tradectl_sdk.errors import DataError, TradectlError, UsageError, did_you_mean
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.report_files import ExportFolders, Exports, write_whole
from tradectl_sdk.pipelines.report_sections import added_sections
from tradectl_sdk.pipelines.series import Window, content_hash, load_series
from tradectl_sdk.pipelines.words import assumptions_in_words, remarks
from tradectl_sdk.report import Prices, ReportedRun
from tradectl_sdk.report.exporting import csv_files
from tradectl_sdk.report.page import Group, page_of, run_groups
from tradectl_sdk.report.page import page as page_text
from tradectl_sdk.runs import RunRecord, RunStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from tradectl_sdk.data import Bars
    from tradectl_sdk.plugins import Plugins


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles(Exports):
    """What a report left on the disk.

    Attributes:
        page: The HTML file.
        runs: The runs it tells of.
    """

    page: Path
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFiles(Exports):
    """What a report on a sweep left on the disk.

    Attributes:
        page: The HTML file.
        sweep: The sweep it tells of.
    """

    page: Path
    sweep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkFiles(Exports):
    """What a report on a walk forward left on the disk.

    Attributes:
        page: The HTML file.
        walk: The walk it tells of.
    """

    page: Path
    walk: str


def write_report(
    runs: str | RunRecord | Sequence[str | RunRecord],
    page: str | Path | None = None,
    *,
    svg: str | Path | None = None,
    png: str | Path | None = None,
    csv: str | Path | None = None,
    store: RunStore | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
) -> ReportFiles:
    """Write a report on one run, or on several side by side.

    Args:
        runs: Runs, or ids of stored ones or unique beginnings of these.
        page: The HTML file; ``report-`` and the beginning of the first run's id unless given. A
            file of that name is replaced.
        svg: A folder for the charts as SVG files that stand alone; none unless given.
        png: A folder for the charts as PNG files; none unless given.
        csv: A folder for the numbers as CSV files, one folder in it for each of several runs; none
            unless given.
        store: Where runs are kept; where the settings say unless given.
        settings: Where runs and bars are; the defaults unless given.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        UsageError: If no run is named, or one is named twice, or what draws PNG files is missing.
        NotFoundError: If there is no such run.
        DataError: If a run is damaged, or a file cannot be written.
    """
    settings = settings or Settings()
    folders = ExportFolders(svg, png, csv)
    wanted = [runs] if isinstance(runs, str | RunRecord) else list(runs)
    records = _records(wanted, store or RunStore(settings.runs.directory))
    plugins = loaded(plugins)
    reported = [_reported(each, settings, plugins) for each in records]
    target = Path(page) if page is not None else Path(f"report-{records[0].run_id[2:10]}.html")
    groups = run_groups(reported)
    write_whole(target, page_of(reported, groups))
    numbers = ((f"{folder}{name}", text) for folder, name, text in _numbers(records))
    exports = folders.write((one for group in groups for one in group.sections), numbers)
    missing = tuple(text for each in reported for text in (*each.missing, *each.failed))
    return ReportFiles(
        page=target,
        runs=tuple(each.run_id for each in records),
        **asdict(replace(exports, missing=(*missing, *exports.missing))),
    )


def write_sweep_report(
    sweep: str,
    page: str | Path | None = None,
    *,
    metric: str = "sharpe_ratio",
    svg: str | Path | None = None,
    png: str | Path | None = None,
    csv: str | Path | None = None,
    settings: Settings | None = None,
) -> SweepFiles:
    """Write a report on a sweep: its map, its best trials, and what speaks against them.

    Args:
        sweep: The id of a stored sweep, or a unique beginning of it.
        page: The HTML file; ``report-`` and the beginning of the id unless given. A file of that
            name is replaced.
        metric: By which trials are ranked.
        svg: A folder for the maps as SVG files that stand alone; none unless given.
        png: A folder for the maps as PNG files; none unless given.
        csv: A folder for all trials as a CSV file; none unless given.
        settings: Where sweeps are; the defaults unless given.

    Raises:
        UsageError: If the sweep has no such metric, or what draws PNG files is missing.
        NotFoundError: If there is no such sweep.
        DataError: If the sweep is damaged, or the file cannot be written.
    """
    from tradectl_sdk.report.map_drawing import map_files
    from tradectl_sdk.report.sweeping import sweep_sections, trials_csv
    from tradectl_sdk.research import SweepStore

    folders = ExportFolders(svg, png, csv)
    store = SweepStore((settings or Settings()).runs.directory)
    found = store.load(sweep)
    if metric not in found.table.metrics:
        raise UsageError(
            f"{metric} was not computed in this sweep; there is {', '.join(found.table.metrics)}",
            hint=did_you_mean(metric, found.table.metrics) or "run the sweep again with --metric",
        )
    target = Path(page) if page is not None else Path(f"report-{found.sweep_id[2:10]}.html")
    sections = sweep_sections(found, metric, store.weighing(found.sweep_id))
    group = Group(key="sweep", title="Sweep", sections=sections)
    write_whole(target, page_text(f"{found.about['strategy']}, sweep", (group,)))
    exports = folders.write(sections, [("trials.csv", trials_csv(found))], map_files(found, metric))
    return SweepFiles(page=target, sweep=found.sweep_id, **asdict(exports))


def write_walk_report(
    walk: str,
    page: str | Path | None = None,
    *,
    svg: str | Path | None = None,
    png: str | Path | None = None,
    csv: str | Path | None = None,
    settings: Settings | None = None,
) -> WalkFiles:
    """Write a report on a walk forward: its windows, their stitched equity, how choices moved.

    Args:
        walk: The id of a stored walk, or a unique beginning of it.
        page: The HTML file; ``report-`` and the beginning of the id unless given. A file of that
            name is replaced.
        svg: A folder for the charts as SVG files that stand alone; none unless given.
        png: A folder for the charts as PNG files; none unless given.
        csv: A folder for equity, windows and metrics as CSV files; none unless given.
        settings: Where walks are; the defaults unless given.

    Raises:
        NotFoundError: If there is no such walk.
        DataError: If the walk is damaged, or a file cannot be written.
        UsageError: If what draws PNG files is missing.
    """
    from tradectl_sdk.report.walking import walk_csv_files, walk_sections
    from tradectl_sdk.research import WalkStore

    folders = ExportFolders(svg, png, csv)
    found = WalkStore((settings or Settings()).runs.directory).load(walk)
    target = Path(page) if page is not None else Path(f"report-{found.walk_id[2:10]}.html")
    sections = walk_sections(found)
    group = Group(key="walk", title="Walk forward", sections=sections)
    write_whole(target, page_text(f"{found.strategy}, walking forward", (group,)))
    exports = folders.write(sections, walk_csv_files(found))
    return WalkFiles(page=target, walk=found.walk_id, **asdict(exports))


def _numbers(records: Sequence[RunRecord]) -> Iterator[tuple[str, str, str]]:
    """Yield the numbers of runs as (folder, file name, text), each run in a folder of several."""
    for record in records:
        folder = f"{record.run_id[:10]}/" if len(records) > 1 else ""
        yield from ((folder, name, text) for name, text in csv_files(record))


def _records(wanted: Sequence[str | RunRecord], store: RunStore) -> list[RunRecord]:
    if not wanted:
        raise UsageError("no run was named, expected at least one")
    records = [store.load(each) if isinstance(each, str) else each for each in wanted]
    ids = [each.run_id for each in records]
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if twice is not None:
        raise UsageError(f"run {twice[:10]} was named twice, expected each run once")
    return records


def _reported(record: RunRecord, settings: Settings, plugins: Plugins) -> ReportedRun:
    prices, missing = [], []
    for described in record.identity["data"]:
        try:
            prices.append(_prices(described, record, settings, plugins))
        except TradectlError as error:
            name = described["instrument"]
            missing.append(f"No price of {name}: {error.message}.")
    added, problems = added_sections(record, plugins)
    return ReportedRun(
        record=record,
        assumptions=assumptions_in_words(record),
        remarks=remarks(record),
        prices=tuple(prices),
        missing=tuple(missing),
        added=added,
        failed=problems,
    )


def _prices(
    described: Mapping[str, Any], record: RunRecord, settings: Settings, plugins: Plugins
) -> Prices:
    """Find the very bars that a run used.

    Raises:
        DataMissingError: If they are not there any more.
        DataError: If what is there under their name is something else.
    """
    name, frame = described["instrument"], described["timeframe"]
    series = load_series(name, frame, Window(), settings.data.catalog, plugins)
    if series.content_hash == described["hash"]:
        bars = series.bars
    else:
        close = series.bars.close_time
        first, last = (int(record.time[place]) for place in (0, -1))
        start, end = np.searchsorted(close, [first, last + 1]).tolist()
        bars = series.bars.rows(start, end)
        if described["hash"] not in _hashes(bars, Catalog(settings.data.catalog)):
            raise DataError(f"the bars stored as {name} {frame} are not those of the run")
    return Prices(instrument=name, time=bars.close_time, close=bars.floats("close"))


def _hashes(bars: Bars, catalog: Catalog) -> Iterator[str]:
    """Yield what the same bars are called as part of a series, and as a whole one."""
    yield content_hash(bars)
    key = (bars.instrument.id, bars.timeframe)
    if key in catalog.names():
        columns = {name: getattr(bars, name) for name in COLUMNS}
        values = hash_columns(list(hash_blocks([columns])))
        yield replace(catalog.info(*key), columns_hash=values).content_hash
