"""Series of the catalog by the name a person types, and their completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.errors import DataMissingError, TradectlError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.data import Catalog
    from tradectl_sdk.domain.timeframe import Timeframe

    from tradectl.session import Session

SeriesName = tuple[str, "Timeframe"]


def catalog_of(session: Session) -> Catalog:
    """Return the catalog that the settings name."""
    from tradectl_sdk.data import Catalog

    return Catalog(session.settings().settings.data.catalog)


def matching(catalog: Catalog, instrument: str = "", timeframe: str = "") -> Sequence[SeriesName]:
    """Return the series an instrument has, narrowed to a timeframe where one is given.

    Raises:
        DataMissingError: If there is none; everything matches when nothing is asked for.
        UsageError: If the timeframe is none.
    """
    from tradectl_sdk.domain.timeframe import Timeframe

    names = catalog.names()
    wanted = Timeframe.parse(timeframe) if timeframe else None
    own = [frame for name, frame in names if not instrument or name == instrument]
    found = [
        (name, frame)
        for name, frame in names
        if (not instrument or name == instrument) and wanted in {None, frame}
    ]
    if found or not (instrument or timeframe):
        return found
    missing = f"{instrument or 'any instrument'} {timeframe}".rstrip()
    if own:
        hint = f"it is there as {', '.join(map(str, own))}"
    else:
        near = did_you_mean(instrument, {name for name, _ in names})
        hint = near or "tradectl data list shows what is there"
    raise DataMissingError(f"{missing} is not in the catalog", hint=hint)


def only(catalog: Catalog, instrument: str, timeframe: str = "") -> SeriesName:
    """Return the one series that is meant.

    Raises:
        DataMissingError: If there is none.
        UsageError: If the instrument has several and no timeframe was given.
    """
    found = matching(catalog, instrument, timeframe)
    if len(found) > 1:
        frames = [str(frame) for _, frame in found]
        raise UsageError(
            f"{instrument} is in the catalog as {', '.join(frames)}",
            hint=f"say which with --timeframe {frames[0]}",
        )
    return found[0]


def instruments(incomplete: str) -> list[str]:
    """Complete an instrument of the catalog."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.data import Catalog

    names = Catalog(discover_settings().settings.data.catalog).names()
    return [
        name for name in dict.fromkeys(name for name, _ in names) if name.startswith(incomplete)
    ]


def timeframes(incomplete: str) -> list[str]:
    """Complete a timeframe that the catalog has, or a usual one."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.data import Catalog

    usual = ("1m", "5m", "15m", "1h", "4h", "1d", "1w")
    try:
        names = Catalog(discover_settings().settings.data.catalog).names()
    except TradectlError:
        names = []
    frames = sorted({frame for _, frame in names})
    return [
        text for text in dict.fromkeys([*map(str, frames), *usual]) if text.startswith(incomplete)
    ]
