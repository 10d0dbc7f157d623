"""``tradectl node``: one node of a session by itself, for sessions over several machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from tradectl_sdk.errors import NotFoundError


def node(
    context: typer.Context,  # noqa: ARG001 - every command takes it
    role: Annotated[
        Literal["gateway", "executor", "host"], typer.Argument(help="Which node to run.")
    ],
    *,
    session: Annotated[
        Path, typer.Option("--session", metavar="DIR", help="The session's folder.")
    ],
    alone: Annotated[
        bool, typer.Option("--alone", help="Run on when there is no supervisor.")
    ] = False,
) -> int:
    """Run one node of a session until it is stopped; its log goes to standard error.

    A supervisor starts nodes by itself. This is for a session whose nodes run on several machines:
    its folder is copied there with the key of that node only, [session.tcp] says who listens where,
    and --alone keeps the node running without a supervisor beside it.
    """
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.sessions.processes import run_process

    if not (session / "session.json").is_file():
        raise NotFoundError(f"{session} is no folder of a session", hint="tradectl ps --all")
    return run_process(role, SessionFolder(session.absolute()), alone=alone)
