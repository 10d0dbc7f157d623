"""``tradectl config``: the settings in force, where they came from, and what is wrong with them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus, NotFoundError, did_you_mean

from tradectl.commands import noun
from tradectl.layout import Cell, Column
from tradectl.session import session_of

app = noun("Show and check the settings in force.")


def _keys(incomplete: str) -> list[str]:
    """Complete a section first, and the keys in it once it is named."""
    from tradectl_sdk.config import describe_settings

    names = [name for row in describe_settings() for name in _above(row.key)]
    deep = "." in incomplete
    return [name for name in dict.fromkeys(names) if deep or "." not in name]


@app.command()
def show(
    context: typer.Context,
    section: Annotated[
        str,
        typer.Argument(
            help="A section or key, such as backtest; all when left out.", autocompletion=_keys
        ),
    ] = "",
    *,
    origin: Annotated[
        bool, typer.Option("--origin", help="Say where each value came from.")
    ] = False,
) -> ExitStatus:
    """Show every setting in force.

    A value comes from an option, the environment, the project's tradectl.toml, the user's
    config.toml, or the default, in this order.
    """
    session = session_of(context)
    values = list(session.settings().values())
    chosen = [v for v in values if not section or f"{v.key}.".startswith(f"{section}.")]
    if not chosen:
        near = did_you_mean(section, {name for v in values for name in _above(v.key)})
        raise NotFoundError(
            f"there is no setting {section!r}", hint=near or "tradectl config show lists them"
        )
    columns = [Column(title="SETTING"), Column(title="VALUE", wrap=True)]
    rows = [[Cell(v.key), Cell(_shown(v.value))] for v in chosen]
    if origin:
        columns.append(Column(title="ORIGIN"))
        for row, value in zip(rows, chosen, strict=True):
            row.append(Cell(str(value.origin), "dim" if value.origin.kind == "default" else ""))
    session.out.table(columns, rows)
    session.out.result("config/1", chosen)
    session.out.next("tradectl config validate" if origin else "tradectl config show --origin")
    return ExitStatus.OK


@app.command()
def validate(context: typer.Context) -> ExitStatus:
    """Check every settings file and variable, and start nothing.

    Plugins are loaded for it: their tables are held to what they take, and the rules and models
    that settings name to what plugins offer.
    """
    session = session_of(context)
    loaded, plugins = session.checked()
    files = [str(file) for file in loaded.files]
    for failure in plugins.failures:
        session.out.warn(str(failure), hint=failure.hint or "tradectl plugin list")
    given = [value.key for value in loaded.values() if value.origin.kind != "default"]
    count = "1 setting" if len(given) == 1 else f"{len(given)} settings"
    what = f"{count} given" if given else "everything is at its default"
    session.out.cells(Cell("valid", "ok"), Cell(f"  {what} ({', '.join(files) or 'no file'})"))
    session.out.result("config-validate/1", {"files": files, "given": given})
    session.out.next("tradectl config show --origin")
    return ExitStatus.OK


@app.command()
def schema(context: typer.Context) -> ExitStatus:
    """Print the JSON schema of tradectl.toml, for editors.

    tradectl config schema > tradectl.schema.json, then put #:schema ./tradectl.schema.json into
    the first line of tradectl.toml: editors with a TOML language server complete and check it.
    """
    from tradectl_sdk.config import json_schema

    out = session_of(context).out
    document = json_schema()
    out.line(json.dumps(document, indent=2))
    out.result("config-schema/1", document)
    return ExitStatus.OK


@app.command()
def path(context: typer.Context) -> ExitStatus:
    """Show which files settings are read from, and which folders are in use."""
    session = session_of(context)
    places = _places(session.options.project)
    loaded = session.settings()
    places["catalog"] = str(loaded.settings.data.catalog)
    places["runs"] = str(loaded.settings.runs.directory)
    read = {str(file) for file in loaded.files}
    rows = [
        (name, value or "none here", "read" if value in read else "")
        for name, value in places.items()
    ]
    session.out.table([Column(title="WHAT"), Column(title="PATH"), Column(title="")], rows)
    session.out.result("config-path/1", places)
    session.out.next("tradectl config show --origin")
    return ExitStatus.OK


def _places(project: Any) -> dict[str, str | None]:
    import os

    from tradectl_sdk.config import find_files

    files = find_files(environment=os.environ, project=project)
    return {
        "project file": str(files.project) if files.project else None,
        "user file": str(files.user),
    }


def _above(key: str) -> list[str]:
    """Return a key and the sections it is in."""
    parts = key.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
