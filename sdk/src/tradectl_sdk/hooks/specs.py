"""The records that provider hooks yield: enough to list a component without importing it.

To add a kind of component, add its ``*Spec`` here, its hook in ``hookspecs.py`` with a complete
example, and one line in ``HOOKS`` there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from tradectl_sdk.errors import PluginError, did_you_mean
from tradectl_sdk.plugins.names import is_name, normalise_name
from tradectl_sdk.plugins.references import import_hint, resolve, split_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One component on offer.

    Attributes:
        name: What configuration and commands call it: lower-case letters, digits and hyphens.
        summary: One line for lists.
        factory: ``package.module:Class`` of the component, imported when it is used; for the kinds
            that say so, a function that makes it will do.
        settings: The pydantic model of its settings, as a class or as ``package.module:Model``;
            None when it has none beyond its own parameters.
        capabilities: What it claims to do, out of ``known_capabilities``; each claim switches on
            the conformance checks that hold it to that.

    Raises:
        PluginError: When a field is not of this form; the host adds whose plugin it was.
    """

    kind: ClassVar[str] = "component"
    # Class that the factory must derive from, as package.module:Class; empty when any class will do
    base: ClassVar[str] = ""
    # Whether a function will do, where what matters is how the factory is called
    takes_function: ClassVar[bool] = False
    # Whether the table [plugins.<plugin>] holds its settings, and not one of tradectl's own
    has_plugin_table: ClassVar[bool] = True
    # Capability -> what it claims
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType({})

    name: str
    summary: str
    factory: str
    settings: type[BaseModel] | str | None = None
    capabilities: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what a list, a command line or the loader could not work with."""
        self._check_name()
        self._check_summary()
        self._check_reference("factory", self.factory)
        if isinstance(self.settings, str):
            self._check_reference("settings", self.settings)
        elif self.settings is not None and not isinstance(self.settings, type):
            raise self._error(f"settings was {self.settings!r}, expected a pydantic model")
        self._check_capabilities()

    def load(self) -> Any:
        """Import the factory and return it: a class, or a function for the kinds that take one.

        Raises:
            PluginError: When it cannot be imported or is not of the right kind.
        """
        factory = self._resolve("factory", self.factory)
        base = resolve(self.base) if self.base else object
        if self.takes_function and callable(factory):
            return factory
        if not isinstance(factory, type):
            found = type(factory).__name__
            wanted = "a class or a function" if self.takes_function else "a class"
            raise self._error(f"factory {self.factory!r} was a {found}, expected {wanted}")
        if isinstance(base, type) and not issubclass(factory, base):
            raise self._error(
                f"factory {self.factory!r} does not derive from {base.__name__}",
                hint=f"write class {factory.__name__}({base.__name__})",
            )
        return factory

    def load_settings(self) -> type[BaseModel] | None:
        """Import the model of the settings; None when the component has none.

        Raises:
            PluginError: When it cannot be imported or is no pydantic model.
        """
        if self.settings is None:
            return None
        from pydantic import BaseModel

        model = self.settings
        found = self._resolve("settings", model) if isinstance(model, str) else model
        if not isinstance(found, type) or not issubclass(found, BaseModel):
            raise self._error(f"settings {self.settings!r} is no pydantic model")
        return found

    def _resolve(self, field: str, reference: str) -> object:
        try:
            return resolve(reference)
        except ImportError as error:
            raise self._error(
                f"{field} {reference!r} could not be imported: {error}",
                hint=import_hint(error, reference),
            ) from error
        except AttributeError as error:
            raise self._error(f"{field} {reference!r} does not exist: {error}") from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a component must not end the program with SystemExit
            what = f"{type(error).__name__}: {error}"
            raise self._error(f"{field} {reference!r} raised on import: {what}") from error

    def _check_name(self) -> None:
        if not isinstance(self.name, str) or not is_name(self.name):
            near = normalise_name(str(self.name).replace(" ", "-"))
            raise PluginError(
                f"name of a {self.kind} was {self.name!r}, "
                "expected lower-case letters, digits and hyphens",
                hint=f"call it {near!r}" if is_name(near) else "",
            )

    def _check_summary(self) -> None:
        if not isinstance(self.summary, str) or not self.summary.strip():
            raise self._error("summary was empty, expected one line")
        if len(self.summary.splitlines()) > 1:
            raise self._error("summary had several lines, expected one")

    def _check_reference(self, field: str, reference: str) -> None:
        try:
            split_reference(reference)
        except (ValueError, TypeError) as error:
            raise self._error(f"{field} {error}") from error

    def _check_capabilities(self) -> None:
        if not isinstance(self.capabilities, frozenset):
            found = type(self.capabilities).__name__
            raise self._error(f"capabilities was a {found}, expected a frozenset")
        for unknown in sorted(self.capabilities - self.known_capabilities.keys(), key=str):
            raise self._error(
                f"capability {unknown!r} is not known",
                hint=did_you_mean(str(unknown), self.known_capabilities)
                or f"known are {', '.join(sorted(self.known_capabilities)) or 'none yet'}",
            )

    def _error(self, message: str, *, hint: str = "") -> PluginError:
        return PluginError(f"{self.kind} {self.name!r}: {message}", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySpec(Spec):
    """A strategy; the factory derives from ``tradectl_sdk.strategy.Strategy``."""

    kind: ClassVar[str] = "strategy"
    base: ClassVar[str] = "tradectl_sdk.strategy:Strategy"
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "compiled": "its handlers run as machine code",
            "multi-instrument": "trades several instruments at once",
            "multi-timeframe": "reads bars of a longer timeframe beside its own",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSourceSpec(Spec):
    """A source of market data that ``tradectl data`` can import from."""

    kind: ClassVar[str] = "data source"
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"offline": "needs no network once it is installed"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRuleSpec(Spec):
    """A rule of the risk gate, the part that every order passes before a venue sees it.

    The factory is called as ``factory(settings, instruments, assumptions)`` and returns a fresh
    :class:`~tradectl_sdk.engine.Rule`, or None when the settings set no limit. ``settings`` is an
    instance of the model in ``settings``: ``[risk]`` itself for the model ``RiskSection``,
    otherwise the table ``[plugins.<plugin>]``; None when there is no model.

    Attributes:
        example: Settings that switch the rule on, for the conformance checks.
    """

    kind: ClassVar[str] = "risk rule"
    takes_function: ClassVar[bool] = True
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"observes-equity": "wants to see the account's equity at the end of each instant"}
    )

    example: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSpec(Spec):
    """A way to reach a person.

    The factory is called as ``factory(settings, secrets)`` and returns a
    :class:`~tradectl_sdk.notify.Notifier`. ``settings`` is an instance of the model in
    ``settings``, made from the sender's table ``[notify.<sender>]``; None when there is no model.
    ``secrets`` maps those of ``secrets`` that the table refers to, to a
    :class:`~tradectl_sdk.exchange.Secret` each.

    Attributes:
        secrets: Names of the settings that refer to a secret.
    """

    kind: ClassVar[str] = "notifier"
    takes_function: ClassVar[bool] = True
    has_plugin_table: ClassVar[bool] = False

    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModelSpec(Spec):
    """A model of what trading costs: fees or slippage, as its capability says.

    The factory is called as ``factory(settings, instruments)`` and returns a fresh
    :class:`~tradectl_sdk.engine.FeeModel` or :class:`~tradectl_sdk.engine.SlippageModel`.
    ``settings`` is an instance of the model in ``settings``, made from ``[backtest.fees]`` or
    ``[backtest.slippage]``; None when there is no model.
    """

    kind: ClassVar[str] = "cost model"
    takes_function: ClassVar[bool] = True
    has_plugin_table: ClassVar[bool] = False
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "fees": "says what a fill pays to venue and broker",
            "slippage": "says how much worse than its reference price a taking fill is",
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec(Spec):
    """A model that makes a signal: a forecast beside each bar, for strategies to read.

    The factory is called as ``factory(settings)`` and returns a fresh
    :class:`~tradectl_sdk.models.Model`. ``settings`` is an instance of the model in ``settings``,
    made from what stands behind the model's name in ``--model``; None when there is none.
    """

    kind: ClassVar[str] = "model"
    base: ClassVar[str] = "tradectl_sdk.models:Model"
    takes_function: ClassVar[bool] = True
    has_plugin_table: ClassVar[bool] = False
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"returns": "forecasts are in units of return, not only larger for better"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSectionSpec(Spec):
    """A section that ``tradectl report`` adds to each run.

    The factory is called as ``factory(run)`` with a :class:`~tradectl_sdk.runs.RunRecord` and
    returns a :class:`~tradectl_sdk.report.Section`, or None where it has nothing to say of the
    run. A section is plain values: text in it is shown as it is, never as markup. One that cannot
    be made is left out, and the report says why.
    """

    kind: ClassVar[str] = "report section"
    takes_function: ClassVar[bool] = True
    has_plugin_table: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedSpec(Spec):
    """A component that lends something to try it with.

    Attributes:
        rehearsal: ``package.module:function``; what it lends depends on the kind.
    """

    rehearsal: str = ""

    def __post_init__(self) -> None:
        """Check what every record has, and the rehearsal."""
        Spec.__post_init__(self)
        if self.rehearsal:
            self._check_reference("rehearsal", self.rehearsal)

    def load_rehearsal(self) -> Any:
        """Import the rehearsal; None when there is none.

        Raises:
            PluginError: When it cannot be imported.
        """
        return self._resolve("rehearsal", self.rehearsal) if self.rehearsal else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSpec(RehearsedSpec):
    """An exchange that sessions can trade at and data can be pulled from.

    The factory is called as ``factory(settings, credentials)`` and returns an
    :class:`~tradectl_sdk.exchange.Exchange` that has not been opened. ``settings`` is an instance
    of the model in ``settings``, made from the table ``[plugins.<plugin>]``; None when there is no
    model. ``credentials`` is a :class:`~tradectl_sdk.exchange.Credentials`; None for public data
    only. What the exchange can do is in its :class:`~tradectl_sdk.exchange.Card`.

    Attributes:
        rehearsal: ``package.module:function`` that is called without arguments and returns an
            asynchronous context manager that yields a
            :class:`~tradectl_sdk.testing.ExchangeStage`: a venue to try the adapter against
            without money and without a network. The conformance checks trade there; without it
            only what needs no venue is checked.
    """

    kind: ClassVar[str] = "exchange"
    base: ClassVar[str] = "tradectl_sdk.exchange:Exchange"
    takes_function: ClassVar[bool] = True
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"simulated": "no real money can move there"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSpec(RehearsedSpec):
    """A place where the trials of a sweep run.

    The factory is called as ``factory(settings)`` and returns an
    :class:`~tradectl_sdk.research.Executor`. ``settings`` is an instance of the model in
    ``settings``, made from the table ``[plugins.<plugin>]``; None when there is no model.

    Attributes:
        rehearsal: ``package.module:function`` that is called without arguments and returns a
            context manager that yields the settings with which workers can be reached that were
            started for the occasion; several may be open at once. The conformance checks run
            trials there; without it they are skipped.
    """

    kind: ClassVar[str] = "executor"
    base: ClassVar[str] = "tradectl_sdk.research:Executor"
    takes_function: ClassVar[bool] = True
    known_capabilities: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"remote": "its workers share neither memory nor environment with whoever asks"}
    )
