"""``tradectl sweeps``: the sweeps there are, and each of them as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.commands import noun
from tradectl.figures import shortened
from tradectl.kept import delete, sweep_ids
from tradectl.layout import Cell, Column
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.research import SweepStore

    from tradectl.session import Session

app = noun("List, show and delete finished sweeps.")

_COLUMNS = (
    Column(title="SWEEP"),
    Column(title="FINISHED", rank=2),
    Column(title="STRATEGY"),
    Column(title="DATA", rank=1),
    Column(title="PARAMETERS"),
    Column(title="TRIALS", right=True),
)
_Sweep = Annotated[
    str, typer.Argument(help="Its id, or the first digits of it.", autocompletion=sweep_ids)
]
_Sweeps = Annotated[
    list[str], typer.Argument(help="Ids, or the first digits of them.", autocompletion=sweep_ids)
]


def _store(session: Session) -> SweepStore:
    from tradectl_sdk.research import SweepStore

    return SweepStore(session.settings().settings.runs.directory)


@app.command("list")
def list_(context: typer.Context) -> ExitStatus:
    """List the sweeps, the newest first."""
    session = session_of(context)
    out, found = session.out, _store(session).list()
    if found:
        out.table(_COLUMNS, [_row(name, manifest) for name, manifest in found])
    else:
        out.note("there are no sweeps yet")
    out.result("sweeps-list/1", [_summary(name, manifest) for name, manifest in found])
    sound = [name for name, manifest in found if manifest]
    out.next(
        f"tradectl sweeps show {sound[0][:10]}"
        if sound
        else "tradectl sweep sma-cross --set fast=5:50:5"
    )
    return ExitStatus.OK


@app.command()
def show(
    context: typer.Context,
    sweep: _Sweep,
    *,
    metric: Annotated[str, typer.Option(help="Rank and map by it.")] = "sharpe_ratio",
    top: Annotated[int, typer.Option(min=1, help="Show so many of the best trials.")] = 10,
) -> ExitStatus:
    """Show a sweep: the map, the best trials, and why others failed."""
    from tradectl.sweep_screen import show_sweep, sweep_to_json

    session = session_of(context)
    found = _store(session).load(sweep)
    show_sweep(session.out, found, metric, top)
    session.out.result("sweep/1", sweep_to_json(found, metric))
    short = found.sweep_id[:10]
    if found.table.has_choice:
        session.out.next(f"tradectl overfitting {short}")
    session.out.next(f"tradectl report {short}", "tradectl sweeps list")
    return ExitStatus.OK


@app.command()
def rm(
    context: typer.Context,
    sweeps: _Sweeps,
) -> ExitStatus:
    """Delete sweeps; running one again brings it back.

    When one of them is not there, none is deleted.
    """
    session = session_of(context)
    delete(session.out, _store(session), sweeps, "sweeps")
    return ExitStatus.OK


def _row(name: str, manifest: Mapping[str, Any]) -> list[str | Cell]:
    if not manifest:
        return [name[:10], "", Cell("damaged", "fail"), "", "", ""]
    about, data = manifest["about"], manifest["identity"]["data"]
    return [
        name[:10],
        shortened(str(about["created"]).partition("+")[0]),
        str(about["strategy"]),
        ", ".join(dict.fromkeys(f"{one['instrument']} {one['timeframe']}" for one in data)),
        ", ".join(about["axes"]),
        f"{_trials(manifest):,}",
    ]


def _summary(name: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    if not manifest:
        return {"sweep": name, "problem": "damaged"}
    return {
        "sweep": name,
        "problem": None,
        **manifest["about"],
        "data": manifest["identity"]["data"],
        "trials": _trials(manifest),
        "failed": len(manifest["reasons"]),
    }


def _trials(manifest: Mapping[str, Any]) -> int:
    return len(manifest["points"]) * max(len(manifest.get("places", ())), 1)
