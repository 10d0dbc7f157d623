"""What every plugin is held to, whatever it offers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import PluginError
from tradectl_sdk.plugins.records import Phase, Status
from tradectl_sdk.plugins.references import split_reference
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, Suite, require
from tradectl_sdk.testing.imports import ImportReport, probe_import

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tradectl_sdk.plugins.collection import Provided
    from tradectl_sdk.plugins.host import Plugins
    from tradectl_sdk.plugins.records import PluginInfo

# Listing what is installed must stay quick: these belong into the modules behind a factory
HEAVY_MODULES: Final = frozenset(
    {
        "duckdb",
        "matplotlib",
        "numba",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "scipy",
        "sklearn",
        "tensorflow",
        "torch",
    }
)
LONGEST_SUMMARY: Final = 80


class PluginSubject:
    """One plugin under test: what the host says of it and what its import did.

    Args:
        plugin: The plugin, after everything was loaded and collected.
        components: What it offers.
        providers: The provider hooks it implements.
        environment: The environment of the interpreters it is imported in.
    """

    def __init__(
        self,
        plugin: PluginInfo,
        components: Iterable[Provided[Any]],
        *,
        providers: Iterable[str],
        environment: Mapping[str, str],
    ) -> None:
        self.plugin = plugin
        self.components = tuple(components)
        self.providers = sorted(providers)
        self.environment = environment

    @cached_property
    def imported(self) -> ImportReport:
        """What importing it does, in a fresh interpreter."""
        return self.probe(hash_seed=0)

    def probe(self, *, hash_seed: int) -> ImportReport:
        """Import it in a fresh interpreter.

        Raises:
            CheckSkippedError: When it is blocked, refused before import, or known to raise there:
                ``loads_without_failure`` tells that, once.
            CheckFailedError: When its import raises in the fresh interpreter alone.
        """
        if self.plugin.status is Status.BLOCKED:
            raise CheckSkippedError(f"it is blocked: {self.plugin.reason}")
        failure = self.plugin.failure
        if failure is not None and failure.phase is Phase.IMPORT:
            raise CheckSkippedError("it cannot be imported")
        try:
            module, attribute = split_reference(self.plugin.reference)
        except ValueError as error:
            raise CheckSkippedError(f"its entry point {error}") from error
        report = probe_import(
            module,
            attribute,
            self.providers,
            environment=self.environment,
            hash_seed=hash_seed,
        )
        require(not report.error, f"import raised {report.error}")
        return report


def plugin_subject(name: str, plugins: Plugins) -> PluginSubject:
    """Load and collect everything, and return one plugin to look at.

    Raises:
        NotFoundError: When no plugin is called that.
    """
    components = plugins.offered_by(name)
    plugin = plugins.info(name)
    return PluginSubject(
        plugin,
        components,
        providers=set(plugin.hooks) & plugins.hooks.providers.keys(),
        environment=plugins.initial_environment,
    )


PLUGIN: Final[Suite[PluginSubject]] = Suite("plugin")


@PLUGIN.check()
def loads_without_failure(subject: PluginSubject) -> None:
    """It passes the gate, imports, registers, and what it yields is sound and not yet taken."""
    plugin = subject.plugin
    require(plugin.failure is None, str(plugin.failure))
    require(plugin.status is Status.LOADED, f"was {plugin.status}: {plugin.reason}")


@PLUGIN.check()
def implements_a_hook(subject: PluginSubject) -> None:
    """It implements at least one hook; a plugin without any is never called."""
    if subject.plugin.status is not Status.LOADED:
        raise CheckSkippedError("it is not loaded")
    require(subject.plugin.hooks, "implements no hook, expected at least one marked @hookimpl")


@PLUGIN.check()
def describes_itself(subject: PluginSubject) -> None:
    """Its distribution has a summary, and each component one of at most 80 characters."""
    require(subject.plugin.summary, f"{subject.plugin.distribution} has no summary")
    for component in subject.components:
        length = len(component.spec.summary)
        require(
            length <= LONGEST_SUMMARY,
            f"summary of {component.name!r} has {length} characters, "
            f"expected at most {LONGEST_SUMMARY}",
        )


@PLUGIN.check()
def factories_resolve(subject: PluginSubject) -> None:
    """Every component can be imported and is a class of the right kind."""
    for component in _components(subject):
        try:
            component.load()
        except PluginError as error:
            raise CheckFailedError(error.message) from error


@PLUGIN.check()
def settings_forbid_unknown_keys(subject: PluginSubject) -> None:
    """Settings refuse keys they do not know, nested ones too: a typo must not pass in silence."""
    for component in _components(subject):
        try:
            model = component.load_settings()
        except PluginError as error:
            raise CheckFailedError(error.message) from error
        for title in _open_models(model.model_json_schema()) if model is not None else ():
            raise CheckFailedError(
                f"settings of {component.name!r}: {title} accepts unknown keys, "
                "expected model_config = ConfigDict(extra='forbid')"
            )


def _components(subject: PluginSubject) -> tuple[Provided[Any], ...]:
    if not subject.components:
        raise CheckSkippedError("it offers no component")
    return subject.components


def _open_models(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the models in a JSON schema that take more keys than they declare."""
    for model in (schema, *schema.get("$defs", {}).values()):
        if model.get("type") == "object" and model.get("additionalProperties") is not False:
            yield model.get("title", "the model")


@PLUGIN.check()
def import_is_light(subject: PluginSubject) -> None:
    """Importing it brings in no heavy library, so that listing plugins stays quick."""
    top = {module.partition(".")[0] for module in subject.imported.modules}
    heavy = sorted(top & HEAVY_MODULES)
    require(not heavy, f"import brought in {', '.join(heavy)}; import them where they are used")


@PLUGIN.check()
def import_prints_nothing(subject: PluginSubject) -> None:
    """Importing it writes nothing to standard output or standard error."""
    printed = subject.imported.printed
    require(not printed, f"import printed {printed[:60]!r}")


@PLUGIN.check()
def import_opens_no_socket(subject: PluginSubject) -> None:
    """Importing it does not touch the network."""
    _nothing("import used the network", subject.imported.sockets)


@PLUGIN.check()
def import_starts_no_thread(subject: PluginSubject) -> None:
    """Importing it starts no thread."""
    _nothing("import started a thread", subject.imported.threads)


@PLUGIN.check()
def import_starts_no_process(subject: PluginSubject) -> None:
    """Importing it starts no process."""
    _nothing("import started a process", subject.imported.processes)


@PLUGIN.check()
def import_writes_no_file(subject: PluginSubject) -> None:
    """Importing it opens no file for writing."""
    _nothing("import wrote a file", subject.imported.files)


@PLUGIN.check()
def import_leaves_the_environment(subject: PluginSubject) -> None:
    """Importing it changes no environment variable."""
    _nothing("import changed the environment", subject.imported.environment)


def _nothing(what: str, found: list[str]) -> None:
    require(not found, f"{what}: {', '.join(sorted(set(found)))}")


@PLUGIN.check()
def offers_the_same_every_time(subject: PluginSubject) -> None:
    """What it yields is the same in two processes with different string hashes."""
    first, second = subject.imported.records, subject.probe(hash_seed=1).records
    require(first == second, f"yielded {first} in one process and {second} in another")
