"""Sub-commands that plugins add to the command line, found without importing them.

A distribution offers them in its entry points; the help text is the distribution's summary::

    [project.entry-points."tradectl.commands"]
    market = "tradectl_marketplace.cli:app"
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tradectl_sdk.plugins.discovery import COMMAND_GROUP, Policy, names_of
from tradectl_sdk.plugins.faults import PhaseError, blame
from tradectl_sdk.plugins.metadata import Distribution, scan
from tradectl_sdk.plugins.names import is_name, normalise_name
from tradectl_sdk.plugins.records import Phase, PluginFailure, PluginInfo
from tradectl_sdk.plugins.references import resolve, split_reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCommand:
    """A sub-command that a distribution adds.

    Attributes:
        name: What the user types after ``tradectl``.
        reference: The ``package.module:app`` behind it.
        summary: One line of help: the summary of the distribution.
        distribution: Name of the distribution.
        version: Version of the distribution.
        requires: Its lines of Requires-Dist.
    """

    name: str
    reference: str
    summary: str
    distribution: str
    version: str
    requires: tuple[str, ...] = ()

    def load(self) -> object:
        """Import the application behind the command.

        Raises:
            PluginError: When it cannot be imported; names the command and its distribution.
        """
        try:
            with blame(self._as_plugin(), Phase.IMPORT, f"command {self.name!r}"):
                return resolve(self.reference)
        except PhaseError as error:
            raise error.failure.error() from error.failure.cause

    def failed(self, phase: Phase, message: str, *, hint: str = "") -> PluginFailure:
        """Return a failure of this command."""
        return self._as_plugin().failed(phase, message, hint=hint)

    def _as_plugin(self) -> PluginInfo:
        return PluginInfo(
            name=self.name,
            distribution=self.distribution,
            version=self.version,
            summary=self.summary,
            api=0,
            reference=self.reference,
            requires=self.requires,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCommands:
    """The commands of all distributions by name, and what was wrong with the others."""

    commands: Mapping[str, PluginCommand]
    failures: tuple[PluginFailure, ...]


def discover_commands(
    *,
    builtins: Collection[str] = (),
    path: Sequence[str | Path] | None = None,
    environment: Mapping[str, str] | None = None,
    disabled: Iterable[str] = (),
) -> PluginCommands:
    """Find the sub-commands that plugins add, importing none.

    Args:
        builtins: Commands that exist already; a plugin cannot replace them.
        path: Folders to look in; ``sys.path`` when None.
        environment: Where ``TRADECTL_PLUGINS`` is read; the process's own when None.
        disabled: Plugins or distributions that are not wanted, from the configuration.
    """
    policy = Policy.read(os.environ if environment is None else environment, disabled)
    commands: dict[str, PluginCommand] = {}
    failures: list[PluginFailure] = []
    for dist in scan(path).distributions:
        if policy.refusal(names_of(dist)):
            continue
        for command in _commands_of(dist):
            failure = _failure(command, builtins, commands.get(command.name))
            if failure is None:
                commands[command.name] = command
            else:
                failures.append(failure)
    return PluginCommands(
        commands=MappingProxyType(dict(sorted(commands.items()))), failures=tuple(failures)
    )


def _commands_of(dist: Distribution) -> Iterator[PluginCommand]:
    for name, reference in sorted(dist.entry_points.get(COMMAND_GROUP, {}).items()):
        yield PluginCommand(
            name=normalise_name(name),
            reference=reference,
            summary=dist.summary,
            distribution=dist.name,
            version=dist.version,
            requires=dist.requires,
        )


def _failure(
    command: PluginCommand, builtins: Collection[str], holder: PluginCommand | None
) -> PluginFailure | None:
    if not is_name(command.name):
        message = "expected a command of lower-case letters, digits and hyphens"
        return command.failed(Phase.GATE, message)
    if command.name in builtins:
        return command.failed(Phase.GATE, f"tradectl {command.name} is built in and stays so")
    if holder is not None:
        return command.failed(
            Phase.GATE,
            f"command {command.name!r} is already taken by {holder.distribution} {holder.version}",
            hint=f"disable {command.distribution} or {holder.distribution}",
        )
    try:
        split_reference(command.reference)
    except ValueError as error:
        return command.failed(Phase.GATE, f"its entry point {error}")
    return None
