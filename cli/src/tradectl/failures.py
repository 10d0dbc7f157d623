"""Any exception as what a person and a program are told about it."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import (
    ConfigError,
    ExitStatus,
    ImportRefusedError,
    Problem,
    TradectlError,
    did_you_mean,
)

from tradectl.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA = "tradectl.error/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a command failed.

    Attributes:
        code: What ``tradectl explain`` takes.
        exit_status: What the process returns.
        message: A sentence without a full stop.
        hint: What mends it.
        problems: Every single thing that is wrong with the settings, where they stand.
        findings: Every rule that data broke, where they did.
        traceback: The frames without their local variables, which may hold keys; with
            ``--debug`` only.
    """

    code: str
    exit_status: int
    message: str
    hint: str = ""
    problems: tuple[Problem, ...] = ()
    findings: tuple[object, ...] = ()
    traceback: str = ""

    def document(self) -> Mapping[str, Any]:
        """Return the error document of ``--json``."""
        error: dict[str, Any] = {
            "code": self.code,
            "exit": int(self.exit_status),
            "message": self.message,
            "hint": self.hint,
            "problems": [_problem(problem) for problem in self.problems],
        }
        if self.findings:
            error["findings"] = plain(self.findings)
        if self.traceback:
            error["traceback"] = self.traceback
        return {"schema": SCHEMA, "ok": False, "error": error}


def describe(error: BaseException, *, command: str = "tradectl", debug: bool = False) -> Failure:
    """Turn an exception into what is printed.

    Args:
        error: What a command raised.
        command: The command, for errors about the command line that do not name it.
        debug: Keep the traceback.
    """
    frames = "".join(traceback.format_exception(error)) if debug else ""
    if isinstance(error, TradectlError):
        return Failure(
            code=error.code,
            exit_status=error.exit_status,
            message=error.message,
            hint=error.hint or f"tradectl explain {error.code}",
            problems=error.problems if isinstance(error, ConfigError) else (),
            findings=error.findings if isinstance(error, ImportRefusedError) else (),
            traceback=frames,
        )
    if isinstance(error, KeyboardInterrupt):
        return Failure(
            code="INTERRUPTED", exit_status=ExitStatus.INTERRUPTED, message="interrupted"
        )
    if _is_typers(error):
        message, hint = _usage(error, command)
        return Failure(
            code="USAGE",
            exit_status=ExitStatus.USAGE,
            message=message,
            hint=hint,
            traceback=frames,
        )
    return Failure(
        code="INTERNAL",
        exit_status=ExitStatus.BUG,
        message=f"internal error: {type(error).__name__}: {error}".rstrip(": "),
        hint="" if debug else "run the same command again with --debug, and report what it prints",
        traceback=frames,
    )


def _problem(problem: Problem) -> Mapping[str, Any]:
    return {
        "key": problem.key,
        "file": str(problem.file) if problem.file else None,
        "line": problem.line or None,
        "column": problem.column or None,
        "origin": problem.origin or None,
        "message": problem.message,
    }


def _is_typers(error: BaseException) -> bool:
    """Say whether Typer raised it about the command line, without importing Typer to ask."""
    typer = sys.modules.get("typer")
    return typer is not None and isinstance(error, typer.TyperException)


def _usage(error: Any, command: str) -> tuple[str, str]:
    """Return message and hint for what Typer found wrong with the line."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else command
    help_hint = f"{path} --help shows what it takes"
    option = getattr(error, "option_name", "")
    if option and hasattr(error, "possibilities"):  # there is no such option
        known = set(_options_of(context))
        meant = next((each for each in _ELSEWHERE.get(option, ()) if each in known), "")
        near = f"did you mean {meant}?" if meant else did_you_mean(option, sorted(known))
        return f"{path} has no option {option}", near or help_hint
    return f"{path}: {_sentence(error.format_message())}", help_hint


# What other commands or programs call an option, beside what it may be here.
_ELSEWHERE = {
    **dict.fromkeys(("--range", "--grid", "--param", "--parameter", "--params"), ("--set",)),
    **dict.fromkeys(("--metric", "--objective"), ("--objective", "--metric")),
    **dict.fromkeys(("--from", "--since"), ("--start",)),
    **dict.fromkeys(("--to", "--until"), ("--end",)),
    **dict.fromkeys(("--jobs", "--processes", "--n-jobs"), ("--workers",)),
}


def _options_of(context: Any) -> Iterable[str]:
    from tradectl.options import GLOBAL_OPTIONS

    for parameter in context.command.get_params(context):
        yield from (*parameter.opts, *parameter.secondary_opts)
    for option in GLOBAL_OPTIONS:
        yield from option.names


def _sentence(text: str) -> str:
    """Return Typer's words the way ours are written: lower case first, no full stop."""
    text = text.strip().removesuffix(".")
    return text[:1].lower() + text[1:]
