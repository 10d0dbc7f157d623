"""The help screen, drawn from the command table without importing any command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl import __version__
from tradectl.layout import Cell
from tradectl.options import GLOBAL_OPTIONS
from tradectl.table import PANELS, rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl.console import Output

SLOGAN = "backtest, paper and live trading through one engine"


def help_screen(out: Output) -> None:
    """Print the commands, grouped, and the options all of them take."""
    out.cells(Cell("tradectl", "bold"), Cell(f" {__version__} - {SLOGAN}"))
    out.line()
    out.cells(Cell("usage: ", "dim"), Cell("tradectl COMMAND [OPTIONS]"))
    listed = rows()
    sections = {
        panel: [(row.name, row.help) for row in listed if row.panel == panel] for panel in PANELS
    }
    sections["Options of every command"] = [
        (_spelling(option.names, option.metavar), option.help) for option in GLOBAL_OPTIONS
    ]
    name_width = max(len(name) for section in sections.values() for name, _ in section)
    for title, section in sections.items():
        if section:
            _section(out, title, section, name_width)
    out.result(
        "commands/1",
        [{"name": row.name, "panel": row.panel, "summary": row.help} for row in listed],
    )
    out.next("tradectl doctor", "tradectl COMMAND --help")


def global_options_line() -> str:
    """Return the one line about global options below every command's help."""
    spellings = "  ".join(_spelling(option.names, option.metavar) for option in GLOBAL_OPTIONS)
    return f"\b\nEvery command: {spellings}"


def _section(out: Output, title: str, section: Iterable[tuple[str, str]], name_width: int) -> None:
    out.line()
    out.line(title, "bold")
    room = None if out.width is None else out.width - name_width - 4
    for name, text in section:
        out.line(f"  {name:<{name_width}}  {_shortened(text, room)}")


def _shortened(text: str, room: int | None) -> str:
    text = " ".join(text.split())
    return text if room is None or len(text) <= room else f"{text[: max(room - 3, 0)]}..."


def _spelling(names: Iterable[str], metavar: str) -> str:
    return ", ".join(names) + (f" {metavar}" if metavar else "")
