"""The store of finished runs, the completion of their ids, and how what is kept is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl.layout import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.research import SweepStore, WalkStore
    from tradectl_sdk.runs import RunStore

    from tradectl.console import Output
    from tradectl.session import Session


def store_of(session: Session) -> RunStore:
    """Return the store that the settings name."""
    from tradectl_sdk.runs import RunStore

    return RunStore(session.settings().settings.runs.directory)


def run_ids(incomplete: str) -> list[tuple[str, str]]:
    """Complete the id of a run; the newest come first."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.runs import RunStore
    from tradectl_sdk.runs.shelf import short_ids

    found = RunStore(discover_settings().settings.runs.directory).list()
    shorts = short_ids(each.run_id for each in found)
    return [
        (short, str(each.manifest.get("strategy", "")))
        for short, each in zip(shorts, found, strict=True)
        if short.startswith(incomplete)
    ]


def sweep_ids(incomplete: str) -> list[tuple[str, str]]:
    """Complete the id of a sweep; the newest come first."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.research import SweepStore

    found = SweepStore(discover_settings().settings.runs.directory).list()
    return [
        (name[:10], str(manifest.get("about", {}).get("strategy", "")))
        for name, manifest in found
        if name.startswith(incomplete)
    ]


def walk_ids(incomplete: str) -> list[tuple[str, str]]:
    """Complete the id of a walk forward; the newest come first."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.research import WalkStore

    found = WalkStore(discover_settings().settings.runs.directory).list()
    return [
        (name[:10], walk.strategy if walk else "damaged")
        for name, walk in found
        if name.startswith(incomplete)
    ]


def delete(
    out: Output, store: RunStore | SweepStore | WalkStore, references: Iterable[str], noun: str
) -> None:
    """Delete what references stand for, and say so; nothing when one of them is not there.

    Args:
        out: Where to.
        store: Where they are kept.
        references: Ids, or the first digits of them.
        noun: The noun of the command, such as ``runs``.
    """
    found = list(dict.fromkeys(store.resolve(each) for each in references))
    for each in found:
        store.remove(each)
        out.cells(Cell("deleted", "ok"), Cell(f"  {each}"))
    out.result(f"{noun}-rm/1", {"deleted": found})
    out.next(f"tradectl {noun} list")
