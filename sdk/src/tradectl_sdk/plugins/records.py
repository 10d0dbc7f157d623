"""What the plugin host tells about plugins: immutable records, cheap to import."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from tradectl_sdk.errors import PluginError


class Phase(enum.StrEnum):
    """How far a plugin came; the value is the word used in messages."""

    DISCOVER = "discover"
    GATE = "gate"
    IMPORT = "import"
    REGISTER = "register"
    COLLECT = "collect"
    OBSERVE = "observe"


class Status(enum.StrEnum):
    """The state of an installed plugin."""

    FOUND = "found"  # its metadata was read, nothing else happened yet
    BLOCKED = "blocked"  # the user does not want it; it was not imported
    LOADED = "loaded"  # imported and registered
    FAILED = "failed"  # see its failure


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFailure:
    """Why one plugin, or one distribution, could not be used; the others go on.

    Attributes:
        plugin: Name of the entry point; empty when the distribution's metadata are unreadable.
        distribution: Distribution it came in; empty when no distribution is to blame.
        version: Version of the distribution; empty when unknown.
        phase: How far it came.
        message: What happened, one sentence without a full stop.
        hint: What mends it, or an empty string.
        cause: The exception behind it, if any, for ``--debug``.
    """

    plugin: str
    distribution: str
    version: str
    phase: Phase
    message: str
    hint: str = ""
    cause: BaseException | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """Name the plugin, its distribution, the phase and what happened, on one line."""
        source = f"{self.distribution} {self.version}".strip()
        if not self.plugin:
            culprit = f"distribution {source}"
        else:
            culprit = f"plugin {self.plugin!r}" + (f" ({source})" if source else "")
        return f"{culprit} failed at {self.phase}: {self.message}"

    def error(self) -> PluginError:
        """Return the failure as an error to raise."""
        error = PluginError(str(self), hint=self.hint)
        error.__cause__ = self.cause
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """One installed plugin and its state.

    Attributes:
        name: Name of its entry point, normalised; what the user types.
        distribution: Name of the distribution it came in.
        version: Version of the distribution.
        summary: One line about the distribution.
        api: Plugin API it was built for, taken from the entry-point group.
        reference: The ``package.module:object`` its entry point names.
        requires: What the distribution needs, as its lines of Requires-Dist.
        status: Found, blocked, loaded or failed.
        reason: Why it is blocked; empty otherwise.
        hooks: Hooks it implements, sorted; empty until it is loaded.
        failure: Why it failed, if it did.
        import_ms: Milliseconds its import took; 0 until it is loaded.
    """

    name: str
    distribution: str
    version: str
    summary: str
    api: int
    reference: str
    requires: tuple[str, ...] = ()
    status: Status = Status.FOUND
    reason: str = ""
    hooks: tuple[str, ...] = ()
    failure: PluginFailure | None = None
    import_ms: float = 0.0

    @property
    def source(self) -> str:
        """The distribution and its version, such as ``tradectl-strategies 0.1.0``."""
        return f"{self.distribution} {self.version}"

    def failed(
        self, phase: Phase, message: str, *, hint: str = "", cause: BaseException | None = None
    ) -> PluginFailure:
        """Return a failure of this plugin."""
        return PluginFailure(
            plugin=self.name,
            distribution=self.distribution,
            version=self.version,
            phase=phase,
            message=message,
            hint=hint,
            cause=cause,
        )
