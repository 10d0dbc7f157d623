"""The page is one sound file, whatever the names in it are and however long the run was."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from tradectl_sdk.report import Prices, report_page
from tradectl_sdk.report.contents import Chart, Line, Section, Table, Words
from tradectl_sdk.report.drawing import data_of
from tradectl_sdk.report.exporting import svg_file
from tradectl_sdk.report.markup import section_html
from tradectl_sdk.runs.metrics.table import METRICS

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "--><style>*{display:none}</style>",
    "&lt;b&gt; \u2028 \x00 ]]>",
)
VOID = {"meta", "link", "path", "img", "br", "hr", "input"}


class Reading(HTMLParser):
    """Reads a page as a browser does; raises where elements do not close."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text.append(data)


def read(page: str) -> Reading:
    reading = Reading()
    reading.feed(page)
    reading.close()
    assert reading.open == []
    return reading


def test_the_page_is_sound_and_shows_the_numbers(told):
    reading = read(report_page([told]))
    said = " ".join(reading.text)
    for metric in METRICS.values():
        assert metric.label in said
    assert told.record.run_id in said
    ids = [attributes["id"] for _, attributes in reading.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"] for tag, a in reading.elements if tag == "a"}
    assert targets <= {f"#{each}" for each in ids}


def test_the_page_names_no_address_and_forbids_to_load_any(told):
    page = report_page([told])
    assert re.findall(r"\w+://[^\"' ]+", page) == []
    assert "default-src 'none'" in page
    loading = {"src", "srcset", "data", "action", "background"}
    assert not [a for _, a in read(page).elements if loading & set(a)]


def test_several_runs_share_a_page_without_sharing_names(both):
    reading = read(report_page(both))
    ids = [attributes["id"] for _, attributes in reading.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    charts = [a["data-chart"] for _, a in reading.elements if "data-chart" in a]
    assert len(charts) == len(set(charts)) > 12
    assert [tag for tag, _ in reading.elements].count("h1") == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_markup(told, name):
    record = told.record
    identity = {**record.identity, "parameters": {name: name}}
    hostile = replace(
        told,
        record=replace(
            record,
            strategy=name,
            identity=identity,
            warnings=(f"{name}: {name}",),
            environment={name: name},
            currency=name,
            engine={"mode": name, "reason": name},
        ),
        assumptions=((name, name),),
        remarks=(name,),
        missing=(name,),
    )
    clean, reading = read(report_page([told])), read(report_page([hostile]))
    kinds = {tag for tag, _ in reading.elements}
    assert kinds == {tag for tag, _ in clean.elements}
    assert not [a for _, a in reading.elements if any(key.startswith("on") for key in a)]
    scripts = sum(tag == "script" for tag, _ in clean.elements)
    assert sum(tag == "script" for tag, _ in reading.elements) == scripts
    assert name.replace("\x00", "") in "".join(reading.text).replace("\x00", "").replace(
        "\ufffd", ""
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_no_part_of_a_section_becomes_markup(name):
    time = np.arange(3) * 86_400_000_000_000
    line = Line(name=name, time=time, values=np.array([1.0, np.nan, 3.0]))
    section = Section(
        key=name,
        title=name,
        parts=(
            Chart(key=name, title=name, summary=name, lines=(line, line), unit=name, note=name),
            Table(key=name, caption=name, head=(name, name), rows=((name, name),), note=name),
            Words((name,), tone=name),
        ),
    )
    ET.fromstring(svg_file(section.parts[0]))  # noqa: S314 - our own text
    reading = read(section_html(section))
    assert not {tag for tag, _ in reading.elements} & {"img", "b"}
    assert [tag for tag, _ in reading.elements].count("script") == 1
    assert "<" not in data_of(section.parts[0])


def test_a_million_bars_stay_below_two_megabytes(told):
    count = 1_000_000
    time = np.arange(1, count + 1, dtype=np.int64) * 60_000_000_000
    walk = np.random.default_rng(5).normal(0, 10, count).cumsum()
    equity = 100_000 + walk - walk.min() / 2
    record = replace(told.record, time=time, equity=equity, exposure=np.abs(walk))
    prices = (Prices(instrument="SYN.TEST", time=time, close=equity),)
    page = report_page([replace(told, record=record, prices=prices)])
    assert len(page.encode()) < 2_000_000
    read(page)
    line = Line(name="equity", time=time, values=equity)
    points = data_of(Chart(key="a", title="a", summary="", lines=(line,)))
    assert points.count(",") < 4_000
