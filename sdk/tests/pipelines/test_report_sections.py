"""Sections of plugins: in the report where they are sound, named where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.pipelines.report_sections import added_sections
from tradectl_sdk.report.markup import section_html
from tradectl_sdk.testing.sample_runs import traded_run

if TYPE_CHECKING:
    from collections.abc import Callable

TOP = """
from tradectl_sdk.hooks import ReportSectionSpec
from tradectl_sdk.report import Section, Words

def sound(run):
    return Section(key="a", title="<b>Sound</b>", parts=(Words((run.strategy,)),))

def silent(run):
    return None

def raises(run):
    print("on standard output")
    raise SystemExit("<i>over</i>")

def wrong(run):
    return "<script>alert(1)</script>"
"""
BODY = """
@hookimpl
def tradectl_report_sections(self):
    for name in {names}:
        yield ReportSectionSpec(name=name, summary="One", factory=__name__ + ":" + name)
"""


@pytest.fixture
def install(site) -> Callable[..., None]:
    def one(name: str, *names: str) -> None:
        site.plugin(name, BODY.format(names=names), top=TOP)

    return one


def test_a_sound_section_is_taken_and_cannot_meet_another(site, install):
    install("acme", "sound", "silent")
    (section,), problems = added_sections(traded_run(), site.plugins())
    assert problems == ()
    assert section.key == "added-sound-a"
    assert '<h2 id="added-sound-a-title">&lt;b&gt;Sound&lt;/b&gt;</h2>' in section_html(section)


def test_what_fails_is_named_and_the_rest_is_there(site, install, capsys):
    install("acme", "raises", "wrong", "missing")
    install("other", "sound")
    sections, problems = added_sections(traded_run(), site.plugins())
    assert [each.title for each in sections] == ["<b>Sound</b>"]
    missing, raises, wrong = problems
    assert missing.startswith("No section missing: ")
    assert "tradectl-acme 1.0" in raises
    assert "it raised SystemExit: <i>over</i>" in raises
    assert "gave a str, expected a Section or None" in wrong
    assert capsys.readouterr().out == ""
