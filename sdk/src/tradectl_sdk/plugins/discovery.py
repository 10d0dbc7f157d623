"""Discover and gate: which plugins are installed, and which of them may be imported.

Nothing here imports a plugin, so a plugin that is refused has run no code of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tradectl_sdk.errors import did_you_mean, pip_install
from tradectl_sdk.plugins.metadata import Distribution, scan
from tradectl_sdk.plugins.names import is_name, normalise_name
from tradectl_sdk.plugins.records import Phase, PluginFailure, PluginInfo, Status
from tradectl_sdk.plugins.references import split_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

API_VERSION: Final = 1
GROUP: Final = f"tradectl.v{API_VERSION}"
COMMAND_GROUP: Final = "tradectl.commands"
ENVIRONMENT_VARIABLE: Final = "TRADECTL_PLUGINS"

# https://packaging.python.org/specifications/version-specifiers: the compatible release clause
_COMPATIBLE: Final = re.compile(r"[\w.-]+\s*(?:\[[\w\s,.-]*\])?\s*~=\s*([0-9]+(?:\.[0-9]+)+)")
_PLAIN_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_API_GROUP: Final = re.compile(r"tradectl\.v(?P<api>[0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which plugins the user wants; names of plugins or distributions, in any spelling.

    Attributes:
        only: Nothing but these, from the environment; None allows all.
        disabled: None of these, from the configuration.
    """

    only: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()

    @classmethod
    def read(cls, environment: Mapping[str, str], disabled: Iterable[str] = ()) -> Policy:
        """Take ``TRADECTL_PLUGINS`` (empty: none; ``a,b``: only these) and the disabled names."""
        value = environment.get(ENVIRONMENT_VARIABLE)
        return cls(
            only=None if value is None else _names(value.split(",")),
            disabled=_names(disabled),
        )

    def refusal(self, names: Iterable[str]) -> str:
        """Say why what goes by these names is blocked; an empty string when it is not."""
        names = _names(names)
        if self.only is not None and not names & self.only:
            return f"not named in {ENVIRONMENT_VARIABLE}"
        return "disabled in the configuration" if names & self.disabled else ""


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(normalise_name(name.strip()) for name in names if name.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Every installed plugin and how it fared at the gate, sorted by name and distribution.

    Attributes:
        plugins: Found, blocked or failed; none imported.
        failures: What concerns no single plugin: broken distributions, misspelt names.
    """

    plugins: tuple[PluginInfo, ...]
    failures: tuple[PluginFailure, ...]


def discover(
    policy: Policy | None = None, *, path: Sequence[str | Path] | None = None
) -> Discovery:
    """Find the installed plugins and gate them, importing none.

    Args:
        policy: Which plugins the user wants; all by default.
        path: Folders to look in; ``sys.path`` when None.
    """
    policy = policy or Policy()
    found = scan(path)
    candidates = sorted(
        (plugin for dist in found.distributions for plugin in _plugins_of(dist)),
        key=lambda plugin: (plugin.name, normalise_name(plugin.distribution), plugin.api),
    )
    misplaced = (failure for dist in found.distributions for failure in _unknown_groups(dist))
    return Discovery(
        plugins=tuple(_gate(candidates, policy)),
        failures=(*found.failures, *misplaced, *_unknown_names(policy, found.distributions)),
    )


def _plugins_of(dist: Distribution) -> Iterator[PluginInfo]:
    for group, entry_points in dist.entry_points.items():
        match = _API_GROUP.fullmatch(group)
        if match is None:
            continue
        for name, reference in entry_points.items():
            yield PluginInfo(
                name=normalise_name(name),
                distribution=dist.name,
                version=dist.version,
                summary=dist.summary,
                api=int(match["api"]),
                reference=reference,
                requires=dist.requires,
            )


def _unknown_groups(dist: Distribution) -> Iterator[PluginFailure]:
    for group in sorted(dist.entry_points):
        if group != COMMAND_GROUP and not _API_GROUP.fullmatch(group):
            yield PluginFailure(
                plugin="",
                distribution=dist.name,
                version=dist.version,
                phase=Phase.DISCOVER,
                message=f"entry-point group {group!r} is not known",
                hint=did_you_mean(group, (GROUP, COMMAND_GROUP)),
            )


def _unknown_names(policy: Policy, dists: Iterable[Distribution]) -> Iterator[PluginFailure]:
    """Report names that mean nobody: a typo must not let the wrong plugin in, or keep one out.

    A disabled plugin need not be installed, so that name is reported only when it resembles one.
    """
    known = _names(name for dist in dists for name in names_of(dist))
    wanted = [(name, ENVIRONMENT_VARIABLE, True) for name in policy.only or ()]
    disabled = [(name, "the list of disabled plugins", False) for name in policy.disabled]
    for name, place, must_exist in sorted(wanted + disabled):
        near = did_you_mean(name, sorted(known))
        if name not in known and (must_exist or near):
            yield PluginFailure(
                plugin=name,
                distribution="",
                version="",
                phase=Phase.GATE,
                message=f"{place} names it, but it is not installed",
                hint=near,
            )


def names_of(dist: Distribution) -> Iterator[str]:
    """Yield the names by which users may mean a distribution: its own, its plugins', commands'."""
    yield dist.name
    for entry_points in dist.entry_points.values():
        yield from entry_points


def _gate(candidates: Iterable[PluginInfo], policy: Policy) -> Iterator[PluginInfo]:
    taken: dict[str, PluginInfo] = {}
    for plugin in candidates:
        if reason := policy.refusal((plugin.name, plugin.distribution)):
            yield replace(plugin, status=Status.BLOCKED, reason=reason)
            continue
        failure = _gate_failure(plugin, taken.get(plugin.name))
        if failure is None:
            taken[plugin.name] = plugin
            yield plugin
        else:
            yield replace(plugin, status=Status.FAILED, failure=failure)


def _gate_failure(plugin: PluginInfo, holder: PluginInfo | None) -> PluginFailure | None:
    if plugin.api != API_VERSION:
        older = "the plugin" if plugin.api < API_VERSION else "tradectl-sdk"
        return plugin.failed(
            Phase.GATE,
            f"built for plugin API {plugin.api}, this is API {API_VERSION}",
            hint=f"{older} is the older one: "
            + pip_install(f"--upgrade {plugin.distribution} tradectl-sdk"),
        )
    if not is_name(plugin.name):
        return plugin.failed(
            Phase.GATE, "expected a name of lower-case letters, digits and hyphens"
        )
    if holder is not None:
        return plugin.failed(
            Phase.GATE,
            f"the name {plugin.name!r} is already taken by {holder.source}",
            hint=f"disable {plugin.distribution} or {holder.distribution}",
        )
    return _reference_failure(plugin) or _requirement_failure(plugin)


def _reference_failure(plugin: PluginInfo) -> PluginFailure | None:
    try:
        split_reference(plugin.reference)
    except ValueError as error:
        return plugin.failed(Phase.GATE, f"its entry point {error}")
    return None


def _requirement_failure(plugin: PluginInfo) -> PluginFailure | None:
    """Hold the plugin to its own Requires-Dist: pip checks it, but pip can be bypassed."""
    from tradectl_sdk import __version__

    lines = [line for line in plugin.requires if _requires_sdk(line)]
    open_lines = [line for line in lines if not is_plainly_met(line, __version__)]
    if not open_lines:
        return None
    from packaging.requirements import InvalidRequirement, Requirement

    for line in open_lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            return plugin.failed(Phase.GATE, f"Requires-Dist {line!r} is not valid: {reason}")
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(__version__, prereleases=True):
            return plugin.failed(
                Phase.GATE,
                f"needs tradectl-sdk{requirement.specifier}, this is {__version__}",
                hint=pip_install(f"--upgrade {plugin.distribution} tradectl-sdk"),
            )
    return None


def is_plainly_met(line: str, version: str) -> bool:
    """Whether a requirement is a lone ``~=`` of plain numbers that a version meets.

    That is what nearly every plugin says, and it spares every start the import of a parser for all
    that could be said. False decides nothing.

    Args:
        line: A Requires-Dist.
        version: Of what it names.
    """
    clause = _COMPATIBLE.fullmatch(line.strip())
    if clause is None or _PLAIN_VERSION.fullmatch(version) is None:
        return False
    least, ours = ([int(part) for part in text.split(".")] for text in (clause[1], version))
    ours += [0] * (len(least) - len(ours))
    return ours >= least and ours[: len(least) - 1] == least[:-1]


def _requires_sdk(line: str) -> bool:
    match = re.match(r"[\w.-]+", line.strip())
    return match is not None and normalise_name(match[0]) == "tradectl-sdk"
