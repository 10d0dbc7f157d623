"""``tradectl explain``: the long text behind an error code."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer
from tradectl_sdk.errors import (
    ExitStatus,
    NotFoundError,
    TradectlError,
    did_you_mean,
    error_classes,
)

from tradectl.layout import Column
from tradectl.session import session_of


def _codes() -> dict[str, type[TradectlError]]:
    return {kind.code: kind for kind in error_classes() if kind is not TradectlError}


def _matching(incomplete: str) -> list[str]:
    return [code for code in _codes() if code.startswith(incomplete.upper())]


def explain(
    context: typer.Context,
    code: Annotated[
        str,
        typer.Argument(help="An error code; all of them when left out.", autocompletion=_matching),
    ] = "",
) -> ExitStatus:
    """Explain an error code: what happened, why tradectl insists, what to do."""
    out = session_of(context).out
    codes = _codes()
    if not code:
        rows = [(name, str(int(kind.exit_status)), _summary(kind)) for name, kind in codes.items()]
        out.table(
            [
                Column(title="CODE"),
                Column(title="EXIT", right=True),
                Column(title="MEANING", wrap=True),
            ],
            rows,
        )
        out.result("codes/1", [{"code": c, "exit": int(e), "summary": s} for c, e, s in rows])
        out.next("tradectl explain CODE")
        return ExitStatus.OK
    kind = codes.get(code.upper().replace("-", "_"))
    if kind is None:
        near = did_you_mean(code.upper(), codes)
        raise NotFoundError(
            f"there is no error code {code!r}", hint=near or "tradectl explain lists the codes"
        )
    text = inspect.getdoc(kind) or ""
    out.line(f"{kind.code} (exit status {int(kind.exit_status)})", "bold")
    out.line()
    out.text(text.replace("``", ""))
    out.result("explain/1", {"code": kind.code, "exit": int(kind.exit_status), "text": text})
    return ExitStatus.OK


def _summary(kind: type[TradectlError]) -> str:
    return (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ").removesuffix(".")
