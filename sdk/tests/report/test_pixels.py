"""Letters in PNG files are drawn with whatever font there is."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from tradectl_sdk.report.pixels import FAMILIES, draws_letters, png_renderer


def with_fonts(monkeypatch: pytest.MonkeyPatch, *families: str) -> list[str]:
    """Let the machine have these fonts only; return the families that were drawn with."""
    drawn = []

    def svg_to_bytes(*, svg_string: str, sans_serif_family: str, **_: object) -> bytes:
        drawn.append(sans_serif_family)
        has_letters = ">8<" in svg_string and sans_serif_family in families
        return b"letters" if has_letters else b"none"

    drawing = SimpleNamespace(svg_to_bytes=svg_to_bytes)
    monkeypatch.setitem(sys.modules, "resvg_py", drawing)  # type: ignore[arg-type]
    return drawn


@pytest.mark.parametrize("family", FAMILIES)
def test_any_usual_font_will_do(monkeypatch: pytest.MonkeyPatch, family: str):
    drawn = with_fonts(monkeypatch, family)
    render = png_renderer()
    drawn.clear()
    assert draws_letters(render)
    assert set(drawn) == {family}


def test_the_first_of_several_is_taken_and_none_is_no_failure(monkeypatch: pytest.MonkeyPatch):
    drawn = with_fonts(monkeypatch, *FAMILIES[3:5])
    png_renderer()("<svg/>")
    assert drawn[-1] == FAMILIES[3]
    with_fonts(monkeypatch)
    assert not draws_letters(png_renderer())
