"""``tradectl doctor``: is this installation in order, and if not, what mends it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.checkup import Finding, examine, warm_up
from tradectl.layout import Cell, Column
from tradectl.session import session_of


def doctor(
    context: typer.Context,
    *,
    warmup: Annotated[
        bool, typer.Option("--warmup", help="Compile a small strategy kernel too.")
    ] = False,
) -> ExitStatus:
    """Check this installation, and say what mends it.

    Every row that is not ok says what to do about it. The exit status is 1 when a row failed.
    """
    out = session_of(context).out
    findings = list(examine(session_of(context)))
    if warmup:
        findings.append(warm_up(out.note))
    columns = [Column(title=""), Column(title="CHECK"), Column(title="FOUND", wrap=True)]
    out.table(columns, [_row(finding) for finding in findings])
    counts = Counter(finding.verdict for finding in findings)
    out.note(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    out.result("doctor/1", findings)
    failed = counts["fail"] > 0
    out.next(*([] if failed else ["tradectl plugin list"]))
    return ExitStatus.FINDING if failed else ExitStatus.OK


def _row(finding: Finding) -> tuple[Cell, str, str]:
    text = f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message
    return Cell(finding.verdict, finding.verdict), finding.check, text
