"""From the words of a command line to an exit status."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from tradectl_sdk.errors import ExitStatus, PluginError, UsageError, did_you_mean

from tradectl import __version__, table
from tradectl.console import Output
from tradectl.failures import describe
from tradectl.options import GlobalOptions, split
from tradectl.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.plugins import PluginCommand

COMPLETION_VARIABLE = "_TRADECTL_COMPLETE"

# Pydantic imports whatever any distribution registers with it, past the gate that plugins of
# tradectl must pass, and falls over metadata it cannot read. Another value lets some of them in.
_NO_PYDANTIC_PLUGINS = ("PYDANTIC_DISABLE_PLUGINS", "__all__")
_LOADER = "pydantic.plugin._loader"

_ALONE = ("--help", "-h", "--version", "-V")


class _NoLoader(ModuleType):
    """Stands where pydantic keeps what looks for its plugins, whose imports take 20 ms.

    Pydantic asks it for plugins and nothing else; whatever else may be asked the real one answers.
    """

    get_plugins = staticmethod(tuple)

    def __init__(self) -> None:
        super().__init__(_LOADER)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(_LOADER) is self:
            del sys.modules[_LOADER]
        return getattr(importlib.import_module(_LOADER), name)


def run(words: Sequence[str]) -> int:
    """Run one command line and return the exit status; only a broken pipe is raised."""
    if os.environ.setdefault(*_NO_PYDANTIC_PLUGINS) == _NO_PYDANTIC_PLUGINS[1]:
        sys.modules.setdefault(_LOADER, _NoLoader())
    if shell := os.environ.get(COMPLETION_VARIABLE):
        from tradectl.completion import answer

        sys.stdout.write(answer(words, shell))
        return ExitStatus.OK
    options = GlobalOptions(json="--json" in words, debug="--debug" in words)
    try:
        options, words = split(words)
        out = _output(options)
        status = _dispatch(Session(out, options), list(words))
        out.finish(ok=status == ExitStatus.OK)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last stop of all errors
        command = " ".join(["tradectl", *words[:1]])
        failure = describe(error, command=command, debug=options.debug)
        _output(options).failure(failure)
        return failure.exit_status
    return status


def _output(options: GlobalOptions) -> Output:
    return Output(as_json=options.json, quiet=options.quiet, colour=not options.no_color)


def _dispatch(session: Session, words: list[str]) -> int:
    if not words or words in (["--help"], ["-h"]):
        from tradectl.screens import help_screen

        help_screen(session.out)
        return ExitStatus.OK
    if words in (["--version"], ["-V"]):
        session.out.line(f"tradectl {__version__}")
        session.out.result("version/1", {"tradectl": __version__})
        return ExitStatus.OK
    name, *rest = words
    if name.startswith("-"):
        if name in _ALONE:
            raise UsageError(
                f"{name} stands alone, was followed by {' '.join(rest)}", hint=_hint_on(rest)
            )
        near = did_you_mean(name, ["--help", "--version"])
        raise UsageError(
            f"tradectl has no option {name}", hint=near or "tradectl --help lists them"
        )
    return _invoke(session, table.find(name), rest)


def _hint_on(words: Sequence[str]) -> str:
    command = next((word for word in words if not word.startswith("-")), "")
    return f"tradectl {command} --help" if command else "tradectl --help"


def _invoke(session: Session, row: table.Row, words: list[str]) -> int:
    if row.plugin is not None:
        _refuse_disabled(session, row.plugin)
    command = table.load(row)
    path = f"tradectl {row.name}"
    import typer
    from typer.core import TyperGroup

    if isinstance(command, TyperGroup):
        _require_verb(path, words, list(command.commands))
    try:
        with command.make_context(
            path, words, obj=session, help_option_names=["--help", "-h"]
        ) as context:
            status = command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    return status if isinstance(status, int) else ExitStatus.OK


def _refuse_disabled(session: Session, command: PluginCommand) -> None:
    """Keep a plugin out that the settings disable; its code has not been imported yet."""
    from tradectl_sdk.plugins import discover_commands

    disabled = session.settings().settings.plugins.disabled
    if command.name not in discover_commands(disabled=disabled).commands:
        raise PluginError(
            f"the command {command.name!r} of {command.distribution} is disabled in the settings",
            hint="tradectl config show plugins --origin says where",
        )


def _require_verb(path: str, words: Sequence[str], verbs: Sequence[str]) -> None:
    """Refuse a noun without one of its verbs in the words of every other error."""
    choice = f"{', '.join(verbs[:-1])} or {verbs[-1]}" if len(verbs) > 1 else verbs[0]
    if not words:
        raise UsageError(f"{path} needs a command: {choice}", hint=f"{path} --help")
    if not words[0].startswith("-") and words[0] not in verbs:
        near = did_you_mean(words[0], verbs)
        raise UsageError(
            f"{path} has no command {words[0]!r}, it has {choice}", hint=near or f"{path} --help"
        )
