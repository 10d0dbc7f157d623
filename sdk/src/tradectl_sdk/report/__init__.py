"""Runs as documents for people: values of a run record in, HTML and SVG text out.

The room writes text and nothing else: it opens no file of a user's and knows nothing of how a run
came about. The parts from the ground up: ``contents`` (plain values), ``thinning``, ``curves``,
``axes``, ``drawing`` (SVG), the sections (what is told: ``inputs``, ``returns``, ``dealings``,
``sections``, ``comparing``), ``markup`` and ``page`` (HTML), ``exporting`` (other files).

What a plugin adds is made of the same plain values::

    from tradectl_sdk.report import Section, Table


    def longest_trades(run):
        bars = sorted(run.trades["bars"].tolist(), reverse=True)[:5]
        rows = tuple((str(place), str(count)) for place, count in enumerate(bars, 1))
        table = Table(key="longest", caption="Longest trades", head=("Place", "Bars"), rows=rows)
        return Section(key="longest-trades", title="Longest trades", parts=(table,))
"""

from __future__ import annotations

from tradectl_sdk.report.contents import (
    Cell,
    Chart,
    Line,
    Marks,
    Prices,
    ReportedRun,
    Section,
    Table,
    Words,
)
from tradectl_sdk.report.page import report_page

__all__ = [
    "Cell",
    "Chart",
    "Line",
    "Marks",
    "Prices",
    "ReportedRun",
    "Section",
    "Table",
    "Words",
    "report_page",
]
