"""What instrument foreign bars belong to, and whether their prices lie on its grid."""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tradectl_sdk.data import grid
from tradectl_sdk.data.bars import PRICE_COLUMNS, VALUE_COLUMNS
from tradectl_sdk.data.cadence import infer_calendar
from tradectl_sdk.data.findings import run_rules
from tradectl_sdk.data.rules import Rule
from tradectl_sdk.domain.instrument import Instrument, parse_instrument_id
from tradectl_sdk.domain.money import plain

if TYPE_CHECKING:
    from tradectl_sdk.data.loading import Job
    from tradectl_sdk.domain.timeframe import Timeframe

_ADJUSTED_PLACES = 6  # grid of adjusted prices, which are quotients and lie on no grid


def infer_instrument(job: Job, name: str, frame: Timeframe) -> Instrument:
    """Define an instrument by what was given and, for the rest, by its bars."""
    symbol, venue = parse_instrument_id(name)
    base, slash, quote = symbol.partition("/")
    tick = job.options.tick_size or _infer_tick(job)
    lot = job.options.lot_size or _infer_lot(job)
    calendar: str | None = job.options.calendar
    if calendar is None:
        calendar = infer_calendar(job.connection, frame)
        job.notes.append(f"the calendar was inferred as {calendar}")
    return Instrument(
        symbol=symbol,
        venue=venue,
        tick_size=tick,
        lot_size=lot,
        base=base if slash else "",
        quote=quote.partition(":")[0] if slash else "USD",
        calendar=calendar,
    )


def _infer_tick(job: Job) -> Decimal:
    if job.options.adjust:
        return Decimal(1).scaleb(-_ADJUSTED_PLACES)
    tick = grid.find_tick(job.connection)
    if tick is None and grid.unrounded_single_precision(job.connection):
        grid.shorten_single_precision(job.connection)
        job.notes.append("prices were single precision, taken by their shortest decimals")
        tick = grid.find_tick(job.connection)
    if tick is None:
        tick = Decimal(1).scaleb(-grid.MAX_PLACES)  # what does not fit it is found next
    job.notes.append(f"the tick size was inferred as {plain(tick)} from the prices")
    return tick


def _infer_lot(job: Job) -> Decimal:
    lot = grid.find_lot(job.connection) or Decimal(1).scaleb(-grid.MAX_PLACES)
    job.notes.append(f"the lot size was inferred as {plain(lot)} from the volumes")
    return lot


def fit_grid(job: Job, instrument: Instrument) -> Rule:
    """Hold prices to the tick size; adjusted ones are rounded, since they lie on no grid."""
    for column in VALUE_COLUMNS:
        step = instrument.lot_size if column == "volume" else instrument.tick_size
        grid.check_range(job.connection, column, step)
    _note_rounded_volume(job, instrument.lot_size)
    tick = instrument.tick_size
    if job.options.adjust:
        job.notes.append(f"adjusted prices were rounded to {plain(tick)}")
        return Rule("off_tick", "", "")
    find = " UNION ALL ".join(
        f"SELECT row, '{c}', {c}::VARCHAR, {grid.snapped(c, tick)}::VARCHAR FROM work"
        f" WHERE {grid.is_off(c, tick)}"
        for c in PRICE_COLUMNS
    )
    rule = Rule("off_tick", f"prices are multiples of {plain(tick)}", find, ("SELECT 1",))
    run_rules(job.connection, [rule], job.source, job.outcome, repair=job.options.repair)
    return rule


def _note_rounded_volume(job: Job, lot: Decimal) -> None:
    """Volume is a statistic, so it is rounded to whole lots, but never in silence."""
    off = f"SELECT count(*) FROM work WHERE {grid.is_off('volume', lot)}"
    row = job.connection.execute(off).fetchone()
    if row and row[0]:
        job.notes.append(f"{row[0]} volumes were rounded to lots of {plain(lot)}")
