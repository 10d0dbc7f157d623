"""What installed plugins offer of one kind, as a table and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl.layout import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.plugins import Plugins, Provided

    from tradectl.console import Output


def show_offers(
    out: Output, plugins: Plugins, found: Mapping[str, Provided[Any]], *, kind: str, none: str
) -> None:
    """List what was found, each with its summary and source.

    Args:
        out: Where to.
        plugins: The installed plugins; those that failed are warned of.
        found: By name; each spec has a summary and capabilities.
        kind: The noun of the command, such as ``strategy``.
        none: What to say where nothing was found.
    """
    columns = [
        Column(title=kind.upper()),
        Column(title="ABOUT", wrap=True),
        Column(title="FROM", rank=1),
    ]
    if found:
        out.table(columns, [(name, each.spec.summary, each.source) for name, each in found.items()])
    else:
        out.note(none)
    for failure in plugins.failures:
        out.warn(str(failure), hint=failure.hint)
    out.result(
        f"{kind}-list/1",
        [
            {
                "name": name,
                "summary": each.spec.summary,
                "source": each.source,
                "plugin": each.plugin.name,
                "capabilities": each.spec.capabilities,
            }
            for name, each in found.items()
        ],
    )
