"""The whole report as one HTML file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tradectl_sdk.report.assets import asset
from tradectl_sdk.report.comparing import comparison
from tradectl_sdk.report.inputs import identity_pairs
from tradectl_sdk.report.markup import section_html
from tradectl_sdk.report.sections import run_sections
from tradectl_sdk.runs.metrics.table import METRICS
from tradectl_sdk.runs.shelf import short_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.report.contents import ReportedRun, Section
    from tradectl_sdk.runs.record import RunRecord

_TILES = ("total_return", "benchmark_return", "cagr", "sharpe_ratio", "max_drawdown", "trades")
_HELP = (
    "Charts: point at one to read its values and drag over it to zoom; with fingers, tap it to "
    "read, pinch to zoom, then drag to move; or focus it and use the arrow keys, Home, End, plus, "
    "minus and 0. Below each is a table of its values. Times are UTC."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Sections that belong together.

    Attributes:
        key: Names it within the page.
        title: What it is about.
        sections: What it tells.
        run: The run it tells of, if it is one.
    """

    key: str
    title: str
    sections: tuple[Section, ...]
    run: ReportedRun | None = None


def report_page(runs: Sequence[ReportedRun]) -> str:
    """Write the report on one run or several.

    Args:
        runs: At least one.

    Returns:
        A whole HTML document. It holds no address, and its policy forbids to load any.
    """
    return page_of(runs, run_groups(runs))


def page_of(runs: Sequence[ReportedRun], groups: Sequence[Group]) -> str:
    """Write the report on runs of which is known what to tell."""
    return page(" and ".join(dict.fromkeys(run.record.strategy for run in runs)), groups)


def run_groups(runs: Sequence[ReportedRun]) -> tuple[Group, ...]:
    """Tell of each run; of several, first of how they compare."""
    ids = short_ids(run.record.run_id for run in runs)
    names = [f"{run.record.strategy} {each}" for run, each in zip(runs, ids, strict=True)]
    several = len(runs) > 1
    groups = [
        Group(key=each, title=name, sections=run_sections(run, each if several else ""), run=run)
        for each, name, run in zip(ids, names, runs, strict=True)
    ]
    if several:
        both = comparison(runs, names)
        groups.insert(0, Group(key="runs", title="Comparison", sections=(both,)))
    return tuple(groups)


def page(title: str, groups: Sequence[Group]) -> str:
    """Put groups of sections on one page; where there are several each has its own heading."""
    style, script = (asset(name) for name in ("report.css", "report.js"))
    links = "".join(
        f'<li><a href="#{escape(key, quote=True)}">{escape(text)}</a></li>'
        for key, text in _places(groups)
    )
    body = "\n".join(_group(each, alone=len(groups) == 1) for each in groups)
    name = escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n<title>{name}: report</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the report</a>\n'
        f'<header class="top"><h1>{name}</h1>'
        '<button type="button" id="theme" hidden>Colours: system</button></header>\n'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main id="main">\n'
        f'<p class="note help">{escape(_HELP)}</p>\n{body}\n</main>\n'
        "<footer><p>Made by tradectl. Past results say little about future ones.</p></footer>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _places(groups: Sequence[Group]) -> list[tuple[str, str]]:
    if len(groups) == 1:
        return [(each.key, each.title) for each in groups[0].sections]
    return [(each.key, each.title) for each in groups]


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _group(group: Group, *, alone: bool) -> str:
    head = "" if group.run is None else _head(group.run.record)
    if alone:
        return head + "\n".join(map(section_html, group.sections))
    inner = "\n".join(section_html(each, 3) for each in group.sections)
    key = escape(group.key, quote=True)
    return f'<div class="group"><h2 id="{key}">{escape(group.title)}</h2>\n{head}\n{inner}</div>'


def _head(record: RunRecord) -> str:
    tiles = "".join(
        f"<div><dt>{escape(METRICS[name].label)}</dt>"
        f"<dd>{escape(record.metrics.text(name))}</dd></div>"
        for name in _TILES
    )
    pairs = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>"
        for name, text in identity_pairs(record)
    )
    return f'<dl class="tiles">{tiles}</dl><dl class="identity">{pairs}</dl>'
