"""``tradectl walks``: the walks forward there are, and each of them as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.commands import noun
from tradectl.figures import UNDEFINED, shortened
from tradectl.kept import delete, walk_ids
from tradectl.layout import Cell, Column
from tradectl.session import session_of

if TYPE_CHECKING:
    from tradectl_sdk import WalkForward, WalkStore

    from tradectl.session import Session

app = noun("List, show and delete finished walks forward.")

_COLUMNS = (
    Column(title="WALK"),
    Column(title="FINISHED", rank=2),
    Column(title="STRATEGY"),
    Column(title="DATA", rank=1),
    Column(title="WINDOWS", right=True, rank=1),
    Column(title="RETURN OUT", right=True),
    Column(title="EFFICIENCY", right=True),
    Column(title="VERDICT"),
)
_Walk = Annotated[
    str, typer.Argument(help="Its id, or the first digits of it.", autocompletion=walk_ids)
]
_Walks = Annotated[
    list[str], typer.Argument(help="Ids, or the first digits of them.", autocompletion=walk_ids)
]


def _store(session: Session) -> WalkStore:
    from tradectl_sdk.research import WalkStore

    return WalkStore(session.settings().settings.runs.directory)


@app.command("list")
def list_(context: typer.Context) -> ExitStatus:
    """List the walks forward, the newest first."""
    session = session_of(context)
    out, found = session.out, _store(session).list()
    if found:
        out.table(_COLUMNS, [_row(name, walk) for name, walk in found])
    else:
        out.note("there are no walks forward yet")
    out.result("walks-list/1", [_summary(name, walk) for name, walk in found])
    sound = [name for name, walk in found if walk]
    out.next(
        f"tradectl walks show {sound[0][:10]}"
        if sound
        else "tradectl walkforward sma-cross --train 500 --test 250 --set fast=10,20,30"
    )
    return ExitStatus.OK


@app.command()
def show(context: typer.Context, walk: _Walk) -> ExitStatus:
    """Show a walk forward as it was: its windows, and what they made together."""
    from tradectl.walk_screen import show_walk

    session = session_of(context)
    found = _store(session).load(walk)
    show_walk(session.out, found)
    session.out.result("walkforward/1", found.to_json())
    session.out.next(f"tradectl report {found.walk_id[:10]}", "tradectl walks list")
    return ExitStatus.OK


@app.command()
def rm(context: typer.Context, walks: _Walks) -> ExitStatus:
    """Delete walks forward; walking again brings them back.

    When one of them is not there, none is deleted.
    """
    session = session_of(context)
    delete(session.out, _store(session), walks, "walks")
    return ExitStatus.OK


def _row(name: str, walk: WalkForward | None) -> list[str | Cell]:
    if walk is None:
        return [name[:10], "", Cell("damaged", "fail"), "", "", "", "", ""]
    from tradectl_sdk.runs.metrics.definition import percent

    kept = walk.efficiency
    return [
        name[:10],
        shortened(walk.created.partition("+")[0]),
        walk.strategy,
        f"{', '.join(walk.data)} {walk.timeframe}",
        f"{len(walk.pieces):,}",
        percent(walk.growth - 1, 1),
        UNDEFINED if kept is None else percent(kept),
        walk.verdict,
    ]


def _summary(name: str, walk: WalkForward | None) -> dict[str, Any]:
    if walk is None:
        return {"walk": name, "problem": "damaged"}
    whole = walk.to_json()
    left_out = ("windows", "time", "equity", "metrics", "stored")
    return {
        "problem": None,
        "windows": len(walk.pieces),
        **{key: value for key, value in whole.items() if key not in left_out},
    }
