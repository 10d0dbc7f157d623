"""Runs as documents for people: values of a run record in, HTML and SVG text out.

The room writes text and nothing else: it opens no file of a user's and knows nothing of how a run
came about. The parts from the ground up: ``contents`` (plain values), ``thinning``, ``curves``,
``axes``, ``drawing`` (SVG), ``sections`` and ``comparing`` (what is told), ``markup`` and ``page``
(HTML).
"""

from __future__ import annotations

from tradectl_sdk.report.contents import Prices, ReportedRun
from tradectl_sdk.report.page import report_page

__all__ = ["Prices", "ReportedRun", "report_page"]
