"""Sections from outside are taken whole or refused with a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tradectl_sdk.errors import PluginError
from tradectl_sdk.report import Chart, Line, Marks, Section, Table, Words
from tradectl_sdk.report.checking import checked

TIME = np.arange(3) * 86_400_000_000_000
LINE = Line(name="a", time=TIME, values=np.array([1.0, np.nan, 3.0]))
CHART = Chart(key="chart", title="Chart", summary="One.", lines=(LINE,))
TABLE = Table(key="table", caption="Table", head=("a", "b"), rows=(("1", "2"),))


def of(*parts) -> Section:
    return Section(key="own", title="Own", parts=parts)


def test_a_section_that_fits_together_is_taken():
    section = of(CHART, TABLE, Words(("One.",)))
    assert checked(section) is section


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("<b>bold</b>", "gave a str, expected a Section"),
        (of("<b>bold</b>"), "had a str as a part"),
        (Section(key="own", title=3, parts=()), "title was a int, expected text"),
        (of(replace(CHART, lines=())), "had 0 lines, expected 1 to 8"),
        (of(replace(CHART, lines=(LINE,) * 9)), "had 9 lines"),
        (of(replace(CHART, lines=(replace(LINE, values=TIME[:2]),))), "had times (3,) and values"),
        (of(replace(CHART, lines=(replace(LINE, time=TIME[::-1]),))), "went back"),
        (of(replace(CHART, lines=(replace(LINE, time=TIME / 2),))), "were float64"),
        (
            of(replace(CHART, marks=(Marks(name="m", time=TIME, values=TIME, shape="x"),))),
            "shape 'x'",
        ),
        (of(replace(TABLE, rows=(("1",),))), "had 1 cells, expected 2"),
        (of(replace(TABLE, rows=((1, "2"),))), "a cell of 'table' was a int"),
        (of(replace(TABLE, rows=(("1", "x" * 600_000),))), "expected at most 500,000"),
    ],
)
def test_what_no_page_can_show_is_refused(section, said):
    with pytest.raises(PluginError) as refused:
        checked(section)
    assert said in refused.value.message
