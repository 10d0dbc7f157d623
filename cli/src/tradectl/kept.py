"""The store of finished runs, and the completion of their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradectl_sdk.runs import RunStore

    from tradectl.session import Session


def store_of(session: Session) -> RunStore:
    """Return the store that the settings name."""
    from tradectl_sdk.runs import RunStore

    return RunStore(session.settings().settings.runs.directory)


def run_ids(incomplete: str) -> list[tuple[str, str]]:
    """Complete the id of a run; the newest come first."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.runs import RunStore
    from tradectl_sdk.runs.store import short_ids

    found = RunStore(discover_settings().settings.runs.directory).list()
    shorts = short_ids(each.run_id for each in found)
    return [
        (short, str(each.manifest.get("strategy", "")))
        for short, each in zip(shorts, found, strict=True)
        if short.startswith(incomplete)
    ]
