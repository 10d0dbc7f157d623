"""Collect: ask plugins what they offer, and keep what is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tradectl_sdk.hooks import Spec
from tradectl_sdk.plugins.faults import PhaseError, blame
from tradectl_sdk.plugins.records import Phase, PluginFailure, PluginInfo

if TYPE_CHECKING:
    from pydantic import BaseModel

S = TypeVar("S", bound=Spec)
T = TypeVar("T")

# A hook that yields more than this is taken for one that never ends
MOST_RECORDS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Provided(Generic[S]):
    """A component on offer, and the plugin it comes from.

    Attributes:
        spec: What the plugin says of it.
        plugin: The plugin.
        rivals: Other plugins that offer another one by this name; while there are any, nobody
            can tell which is meant, and none of them is loaded.
    """

    spec: S
    plugin: PluginInfo
    rivals: tuple[PluginInfo, ...] = ()

    @property
    def name(self) -> str:
        """What configuration and commands call it."""
        return self.spec.name

    @property
    def source(self) -> str:
        """Where it comes from, such as ``tradectl-strategies 0.1.0``."""
        return self.plugin.source

    def load(self) -> Any:
        """Import the component's class, or the function that makes it for kinds that take one.

        Raises:
            PluginError: When it cannot be imported, or another plugin offers this name too; names
                the plugins and their distributions.
        """
        return self._attempt(self.spec.load)

    def load_settings(self) -> type[BaseModel] | None:
        """Import the model of the component's settings; None when it has none.

        Raises:
            PluginError: As for ``load``.
        """
        return self._attempt(self.spec.load_settings)

    def contested_by(self, rival: PluginInfo) -> PluginFailure:
        """Return the failure of this component's plugin that a rival causes."""
        return self.plugin.failed(
            Phase.COLLECT,
            f"{self.spec.kind} {self.name!r} is also provided by "
            f"plugin {rival.name!r} ({rival.source})",
            hint=f"disable {self.plugin.name!r} or {rival.name!r}, or have one of them renamed",
        )

    def _attempt(self, work: Callable[[], T]) -> T:
        if self.rivals:
            raise self.contested_by(self.rivals[0]).error()
        try:
            with blame(self.plugin, Phase.IMPORT, f"{self.spec.kind} {self.name!r}"):
                return work()
        except PhaseError as error:
            raise error.failure.error() from error.failure.cause


Provider = tuple[PluginInfo, Callable[[], object]]


def collect_records(
    providers: Iterable[Provider], hook: str, kind: type[S]
) -> tuple[Mapping[str, Provided[S]], tuple[tuple[PluginInfo, PluginFailure], ...]]:
    """Call one provider hook of each plugin and merge the records by name.

    What a plugin yields is taken whole or not at all. A name that several plugins offer is
    listed once and belongs to none of them: had one of them precedence, installing a plugin
    could put other code behind a name that is in use.

    Args:
        providers: Plugins and their implementations of the hook, in order.
        hook: The hook, for messages.
        kind: The record that it must yield.

    Returns:
        Name -> component, sorted by name; and the plugins that failed, with the reason.
    """
    merged: dict[str, Provided[S]] = {}
    failures: list[tuple[PluginInfo, PluginFailure]] = []
    for plugin, call in providers:
        try:
            own = _by_name(plugin, _records(plugin, hook, call, kind))
        except PhaseError as error:
            failures.append((plugin, error.failure))
            continue
        for name in sorted(own.keys() & merged.keys()):
            holder, latest = merged[name], own.pop(name)
            if not holder.rivals:
                failures.append((holder.plugin, holder.contested_by(plugin)))
            failures.append((plugin, latest.contested_by(holder.plugin)))
            merged[name] = replace(holder, rivals=(*holder.rivals, plugin))
        merged |= own
    return MappingProxyType(dict(sorted(merged.items()))), tuple(failures)


def _records(
    plugin: PluginInfo, hook: str, call: Callable[[], object], kind: type[S]
) -> Iterator[S]:
    """Yield what one plugin's hook yields, once it is known to be of the right kind."""
    with blame(plugin, Phase.COLLECT, f"hook {hook!r}"):
        result = call()
        if isinstance(result, Spec) or not isinstance(result, Iterable):
            hint = f"write yield {type(result).__name__}(...)" if isinstance(result, Spec) else ""
            raise PhaseError(_wrong_type(plugin, hook, "returned", result, kind, hint))
        records = list(islice(result, MOST_RECORDS + 1))
    if len(records) > MOST_RECORDS:
        message = f"hook {hook!r} yielded more than {MOST_RECORDS} records"
        raise PhaseError(plugin.failed(Phase.COLLECT, message))
    for record in records:
        if not isinstance(record, kind):
            raise PhaseError(_wrong_type(plugin, hook, "yielded", record, kind))
        yield record


def _wrong_type(
    plugin: PluginInfo, hook: str, verb: str, value: object, kind: type[Spec], hint: str = ""
) -> PluginFailure:
    wanted = f"an iterable of {kind.__name__}" if verb == "returned" else kind.__name__
    message = f"hook {hook!r} {verb} a {type(value).__name__}, expected {wanted}"
    return plugin.failed(Phase.COLLECT, message, hint=hint)


def _by_name(plugin: PluginInfo, records: Iterable[S]) -> dict[str, Provided[S]]:
    found: dict[str, Provided[S]] = {}
    for record in records:
        if record.name in found:
            message = f"it offers {record.kind} {record.name!r} twice"
            raise PhaseError(plugin.failed(Phase.COLLECT, message))
        found[record.name] = Provided(record, plugin)
    return found
