"""``tradectl plugin``: the plugins there are, whether they are sound, and how to write one."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus, NotFoundError, pip_install
from tradectl_sdk.plugins import PluginFailure, PluginInfo, Plugins

from tradectl import table
from tradectl.commands import noun
from tradectl.layout import Cell, Column
from tradectl.scaffold import KINDS, LICENSES, NewPlugin
from tradectl.session import Session, session_of

if TYPE_CHECKING:
    from tradectl_sdk.testing import CheckResult, PluginReport

    from tradectl.console import Output

app = noun("List, check and write plugins.")

_OUTCOME_STYLES = {"passed": "ok", "failed": "fail", "xfail": "warn", "skipped": "skip"}
_STATUS_STYLES = {"loaded": "ok", "failed": "fail", "blocked": "skip"}


def _installed(incomplete: str) -> list[str]:
    """Complete the name of a plugin, from metadata alone."""
    return [info.name for info in Plugins.discover().infos if info.name.startswith(incomplete)]


_Name = Annotated[
    str,
    typer.Argument(help="The plugin, or the distribution it comes in.", autocompletion=_installed),
]


@app.command("list")
def list_(
    context: typer.Context,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 2 when a plugin failed.")
    ] = False,
) -> ExitStatus:
    """List the installed plugins and what they provide.

    A plugin that fails is named with the reason and what mends it; the others go on.
    """
    session = session_of(context)
    loaded = session.settings()
    plugins = session.plugins(loaded)
    provided = _components(plugins)
    failures = (*plugins.failures, *table.refused(loaded.settings.plugins.disabled))
    columns = [
        Column(title="PLUGIN"),
        Column(title="FROM", rank=1),
        Column(title="STATUS"),
        Column(title="PROVIDES", wrap=True, rank=2),
    ]
    rows = [
        (i.name, i.source, Cell(i.status, _STATUS_STYLES.get(i.status, "")), _provides(i, provided))
        for i in plugins.infos
    ]
    if rows:
        session.out.table(columns, rows)
    else:
        session.out.note("no plugins are installed")
    for failure in failures:
        session.out.warn(str(failure), hint=failure.hint)
    session.out.result(
        "plugin-list/1",
        {
            "plugins": [_document(info, provided) for info in plugins.infos],
            "failures": [_failure(failure) for failure in failures],
        },
    )
    session.out.next(*_next_after_list(plugins))
    return ExitStatus.USAGE if strict and failures else ExitStatus.OK


@app.command()
def info(
    context: typer.Context,
    name: _Name,
) -> ExitStatus:
    """Show everything about one plugin."""
    session = session_of(context)
    plugins = _loaded(session)
    provided = _components(plugins)
    found = _find(plugins, name)
    out = session.out
    out.fields(
        [
            ("plugin", found.name),
            ("from", found.source),
            ("about", found.summary or "-"),
            ("status", Cell(found.status, _STATUS_STYLES.get(found.status, ""))),
            *([("reason", found.reason)] if found.reason else []),
            ("plugin API", str(found.api)),
            ("entry point", found.reference),
            ("needs", ", ".join(found.requires) or "nothing"),
            ("hooks", ", ".join(found.hooks) or "-"),
            ("import", f"{found.import_ms:.1f} ms" if found.import_ms else "-"),
        ]
    )
    components = [c for c in provided if c["plugin"] == found.name]
    if components:
        out.line()
        out.table(
            [Column(title="KIND"), Column(title="NAME"), Column(title="ABOUT", wrap=True)],
            [(c["kind"], c["name"], c["summary"]) for c in components],
        )
    if found.failure is not None:
        out.warn(str(found.failure), hint=found.failure.hint)
    out.result("plugin-info/1", _document(found, provided))
    out.next(f"tradectl plugin check {found.name}")
    return ExitStatus.OK


@app.command()
def check(
    context: typer.Context,
    name: _Name,
) -> ExitStatus:
    """Hold a plugin to what tradectl expects of it.

    The same checks run in the plugin's own tests. The exit status is 1 when one failed.
    """
    from tradectl_sdk.testing import Outcome, check_plugin

    session = session_of(context)
    out = session.out
    plugins = _loaded(session)
    report = check_plugin(_find(plugins, name).name, plugins)
    _results(out, f"plugin {report.plugin.name} ({report.plugin.source})", report)
    counts = [(report.count(outcome), outcome) for outcome in Outcome]
    out.note(", ".join(f"{count} {outcome}" for count, outcome in counts if count))
    out.result("plugin-check/1", report.as_dict())
    out.next("tradectl plugin list" if report.passed else "tradectl explain PLUGIN")
    return ExitStatus.OK if report.passed else ExitStatus.FINDING


@app.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    *,
    kind: Annotated[
        str,
        typer.Option(
            help=f"What it provides: {', '.join(KINDS)}.", autocompletion=lambda: [*KINDS]
        ),
    ] = "strategy",
    into: Annotated[Path, typer.Option(help="The folder the repository is made in.")] = Path(),
    license_: Annotated[
        str,
        typer.Option(
            "--license", help=f"{', '.join(LICENSES)}.", autocompletion=lambda: [*LICENSES]
        ),
    ] = "MIT",
    author: Annotated[str, typer.Option(help="Who holds the copyright.")] = "",
    summary: Annotated[str, typer.Option(help="One line about it.")] = "",
) -> ExitStatus:
    """Write the repository of a new plugin, tested and ready to publish."""
    out = session_of(context).out
    plugin = NewPlugin(name=name, kind=kind, license=license_, author=author, summary=summary)
    folder = plugin.write(into)
    written = sorted(plugin.contents())
    out.cells(Cell("created", "ok"), Cell(f"  {folder}"))
    for file in written:
        out.line(f"  {file}")
    out.result("plugin-new/1", {"plugin": name, "folder": folder, "files": written})
    out.next(
        pip_install(f"-e {quote(str(folder))}"),
        f"tradectl plugin check {name}",
    )
    return ExitStatus.OK


def _loaded(session: Session) -> Plugins:
    return session.plugins(session.settings())


def _find(plugins: Plugins, name: str) -> PluginInfo:
    try:
        return plugins.info(name)
    except NotFoundError as error:
        hint = error.hint or "tradectl plugin list shows what is installed"
        raise NotFoundError(error.message, hint=hint) from None


def _components(plugins: Plugins) -> list[dict[str, str]]:
    """Return what all plugins provide; collecting may add to their failures."""
    return [
        {
            "kind": provided.spec.kind,
            "name": provided.name,
            "summary": provided.spec.summary,
            "plugin": provided.plugin.name,
        }
        for kind in plugins.hooks.providers.values()
        for provided in plugins.collect(kind).values()
    ]


def _provides(info: PluginInfo, components: list[dict[str, str]]) -> str:
    """Return one line a kind: ``strategy: a, b``; the reason instead when there is nothing."""
    kinds: dict[str, list[str]] = {}
    for component in components:
        if component["plugin"] == info.name and info.status == "loaded":
            kinds.setdefault(component["kind"], []).append(component["name"])
    if not kinds:
        return info.reason or (f"failed at {info.failure.phase}" if info.failure else "nothing")
    return "\n".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())


def _results(out: Output, title: str, report: PluginReport) -> None:
    """Print the checks under what they look at; a passed one needs no more than its name."""
    width = max(len(result.name.rpartition(":")[2]) for result in report.results)
    groups = groupby(report.results, key=lambda result: result.name.rpartition(":")[0])
    for subject, results in groups:
        out.line(subject.replace(":", " ") or title, "bold")
        out.table(
            [Column(title=""), Column(title=""), Column(title="", wrap=True)],
            [_result(result, width) for result in results],
        )
        out.line()


def _result(result: CheckResult, width: int) -> tuple[Cell, str, str]:
    found = "" if result.status == "passed" else f"{result.message}\nrule: {result.doc}"
    name = result.name.rpartition(":")[2]
    return Cell(f"  {result.status}", _OUTCOME_STYLES[result.status]), f"{name:<{width}}", found


def _document(info: PluginInfo, components: list[dict[str, str]]) -> dict[str, object]:
    return {
        "name": info.name,
        "distribution": info.distribution,
        "version": info.version,
        "summary": info.summary,
        "api": info.api,
        "reference": info.reference,
        "requires": info.requires,
        "status": info.status,
        "reason": info.reason,
        "hooks": info.hooks,
        "import_ms": info.import_ms,
        "provides": [
            {key: c[key] for key in ("kind", "name", "summary")}
            for c in components
            if c["plugin"] == info.name
        ],
        "failure": _failure(info.failure),
    }


def _failure(failure: PluginFailure | None) -> dict[str, str] | None:
    if failure is None:
        return None
    return {
        "plugin": failure.plugin,
        "distribution": failure.distribution,
        "phase": failure.phase,
        "message": failure.message,
        "hint": failure.hint,
    }


def _next_after_list(plugins: Plugins) -> list[str]:
    loaded = [plugin.name for plugin in plugins.infos if plugin.status == "loaded"]
    return [f"tradectl plugin info {loaded[0]}"] if loaded else ["tradectl plugin new NAME"]
