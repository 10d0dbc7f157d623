"""The command table: help, completion and ``tradectl COMMAND`` start here.

To add a command, write a module in :mod:`tradectl.commands` and add one row to ``BUILT_IN``.
Nothing is imported to list the table; only the command that runs is. Commands that plugins bring
come from the entry-point group ``tradectl.commands`` and are listed from metadata; a built-in
command of the same name wins, so that no plugin can replace ``live``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tradectl_sdk.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tradectl_sdk.plugins import PluginCommand, PluginCommands, PluginFailure
    from typer.core import TyperCommand, TyperGroup

PANELS = ("Start here", "Research", "Trading", "Ecosystem", "Help", "From plugins")


# Options Typer adds to an app unless told not to; ``tradectl completion`` is the one way here.
_TYPERS_OWN = frozenset({"install_completion", "show_completion"})


class Row(NamedTuple):
    """One command.

    Attributes:
        name: The word after ``tradectl``.
        panel: The part of the help screen it stands in, one of ``PANELS``.
        help: One line, in the imperative, without a full stop.
        target: ``module:name`` of a function or of a Typer app with sub-commands; the module of
            a built-in command lies in :mod:`tradectl.commands`.
        plugin: The command as the plugin host found it; None for built-in commands.
    """

    name: str
    panel: str
    help: str
    target: str
    plugin: PluginCommand | None = None


BUILT_IN = (
    Row("doctor", "Start here", "Check this installation, and say what mends it", "doctor:doctor"),
    Row("backtest", "Start here", "Run a strategy over past bars", "backtest:backtest"),
    Row("paper", "Start here", "Trade a strategy on paper", "paper:app"),
    Row("live", "Start here", "Trade a strategy with real money", "live:app"),
    Row("status", "Start here", "Show how a session is", "watching:status"),
    Row("data", "Research", "Import, pull, list, check and export market data", "data:app"),
    Row("strategy", "Research", "List, show, write and check strategies", "strategy:app"),
    Row("sweep", "Research", "Run a strategy with many parameter sets", "sweep:sweep"),
    Row("optimize", "Research", "Look for good parameters, trial by trial", "optimize:optimize"),
    Row(
        "walkforward",
        "Research",
        "Choose parameters, trade the next bars, and go on",
        "walkforward:walkforward",
    ),
    Row("walks", "Research", "List, show and delete finished walks forward", "walks:app"),
    Row("sweeps", "Research", "List, show and delete finished sweeps", "sweeps:app"),
    Row(
        "overfitting",
        "Research",
        "Ask whether the best of many trials was luck",
        "overfitting:overfitting",
    ),
    Row(
        "significance",
        "Research",
        "Compare a strategy's entries with random ones",
        "significance:significance",
    ),
    Row(
        "montecarlo",
        "Research",
        "Change a run by chance, and see where it stands",
        "montecarlo:montecarlo",
    ),
    Row("model", "Research", "List, show and try models that forecast", "model:app"),
    Row("runs", "Research", "List, show and compare finished runs", "runs:app"),
    Row("report", "Research", "Write a report on runs as one HTML file", "report:report"),
    Row("ps", "Trading", "List the sessions that run", "watching:ps"),
    Row("logs", "Trading", "Show what a session's processes have logged", "watching:logs"),
    Row("orders", "Trading", "Show the orders of a session", "account:orders"),
    Row("fills", "Trading", "Show the fills of a session", "account:fills"),
    Row("positions", "Trading", "Show what a session holds", "account:positions"),
    Row("balance", "Trading", "Show the money of a session", "account:balance"),
    Row("parity", "Trading", "Compare a session with its backtest", "parity:parity"),
    Row(
        "reconcile", "Trading", "Compare a session's account with the venue's", "controls:reconcile"
    ),
    Row("risk", "Trading", "Throw or release the kill switch", "controls:risk"),
    Row("panic", "Trading", "Halt a session and cancel all its orders", "controls:panic"),
    Row("node", "Trading", "Run one node of a session by itself", "node:node"),
    Row("exchange", "Trading", "List, describe and try exchanges", "exchange:app"),
    Row("keys", "Trading", "Store, list, check and replace API keys", "keys:app"),
    Row("notify", "Trading", "List the senders of notices, and try them", "notify:app"),
    Row("plugin", "Ecosystem", "List, check and write plugins", "plugin:app"),
    Row("config", "Ecosystem", "Show and check the settings in force", "config:app"),
    Row("help", "Help", "Explain exit codes, environment or output", "help:help_"),
    Row("explain", "Help", "Explain an error code", "explain:explain"),
    Row("completion", "Help", "Print the completion script of a shell", "completion:completion"),
    Row("version", "Help", "Show the versions of everything that matters", "version:version"),
)


def rows() -> tuple[Row, ...]:
    """Return every command in the order of the help screen.

    Metadata are scanned once a process; the plugin host keeps what it read.
    """
    return (*BUILT_IN, *_from_plugins())


def find(name: str) -> Row:
    """Return a command's row.

    Raises:
        UsageError: There is no such command.
    """
    known = {row.name: row for row in rows()}
    if name not in known:
        near = did_you_mean(name, known)
        raise UsageError(
            f"tradectl has no command {name!r}", hint=near or "tradectl --help lists the commands"
        )
    return known[name]


def load(row: Row) -> TyperCommand | TyperGroup:
    """Import one command and make it ready to run.

    Raises:
        PluginError: It comes from a plugin and could not be imported.
    """
    if row.plugin is not None:
        return _ready(row, row.plugin.load())
    module, _, name = row.target.partition(":")
    return _ready(row, getattr(importlib.import_module(f"tradectl.commands.{module}"), name))


def _ready(row: Row, target: Any) -> TyperCommand | TyperGroup:
    import typer
    from typer.core import TyperGroup
    from typer.main import get_command

    if not isinstance(target, typer.Typer):
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        app.command(name=row.name)(target)
        target = app
    target.rich_markup_mode = None  # a stranger's app may not have switched it off
    command = cast("TyperCommand | TyperGroup", get_command(target))
    command.name = row.name
    command.params = [p for p in command.params if p.name not in _TYPERS_OWN]
    _mention_global_options(command)
    for child in command.commands.values() if isinstance(command, TyperGroup) else ():
        _mention_global_options(cast("TyperCommand", child))
    return command


def _mention_global_options(command: TyperCommand | TyperGroup) -> None:
    from tradectl.screens import global_options_line

    command.epilog = "\n\n".join(filter(None, (command.epilog, global_options_line())))


def refused(disabled: Iterable[str] = ()) -> tuple[PluginFailure, ...]:
    """Return why commands that plugins bring are not in the table.

    Args:
        disabled: Plugins or distributions that are not wanted, so nobody needs to hear of them.
    """
    return _discovered(disabled).failures


def _discovered(disabled: Iterable[str] = ()) -> PluginCommands:
    from tradectl_sdk.plugins import discover_commands

    return discover_commands(builtins={row.name for row in BUILT_IN}, disabled=disabled)


def _from_plugins() -> Iterator[Row]:
    for command in _discovered().commands.values():
        yield Row(command.name, PANELS[-1], command.summary, command.reference, command)
