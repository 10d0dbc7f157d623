"""The report as a reader meets it: in a browser, wide and narrow, light and dark, by keyboard."""

from __future__ import annotations

import base64
import re
import struct
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk import (
    RunStore,
    Settings,
    SweepStore,
    WalkStore,
    backtest,
    sweep,
    walkforward,
    write_report,
    write_sweep_report,
    write_walk_report,
)
from tradectl_sdk.plugins import Plugins
from tradectl_sdk.report import Section, Words
from tradectl_sdk.report.page import Group
from tradectl_sdk.report.page import page as page_text

if TYPE_CHECKING:
    from pathlib import Path

    from browser import Browser

NAME = '"><img src=x onerror=document.title="broken"><script>document.title="broken"</script>'
PAPER = 718  # CSS pixels between the margins of a sheet of A4
MAP = "document.querySelector('#map table')"
FACTS = "document.querySelector('#sweep table')"
CAPTION = f"{MAP}.querySelector('caption').textContent"
RIGHT_EDGES = (
    "[...document.querySelectorAll('th,td,p,dd,svg')].map(e => e.getBoundingClientRect().right)"
)
# Value and opacity of the colour of each cell of the first map
CELLS = (
    f"[...{MAP}.querySelectorAll('td')].map(e => [Number(e.textContent), Number((getComputedStyle("
    "e).backgroundColor.match(/[\\d.]+/g) ?? [0, 0, 0, 0])[3] ?? 1)])"
)
EQUITY = "document.querySelector('[data-chart$=\"equity\"]')"
READOUT = f"{EQUITY}.querySelector('.readout').textContent"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run over four years of days."""
    return _report(tmp_path_factory.mktemp("report"), 100)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on one page."""
    return _report(tmp_path_factory.mktemp("reports"), 100, 50)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep whose maps are as wide as they may be."""
    folder = tmp_path_factory.mktemp("sweep")
    found = sweep(
        "sma-cross", "SPX.SAMPLE", {"fast": [2, 4, 6], "slow": "8:67:1"}, start="2018-06-01",
        mode="interpreted", workers=1, store=SweepStore(folder / "runs"),
    )  # fmt: skip
    settings = Settings.model_validate({"runs": {"directory": folder / "runs"}})
    return write_sweep_report(found.sweep.sweep_id, folder / "sweep.html", settings=settings).page


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A walk forward over some windows."""
    folder = tmp_path_factory.mktemp("walk")
    settings = Settings.model_validate({"runs": {"directory": folder / "runs"}})
    found = walkforward(
        "sma-cross", "SPX.SAMPLE", {"fast": [5, 10]}, parameters={"slow": 20}, train=60, test=40,
        start="2018-01-01", mode="interpreted", workers=1, settings=settings,
        store=WalkStore(folder / "runs"),
    )  # fmt: skip
    return write_walk_report(found.walk_id[:8], folder / "walk.html", settings=settings).page


@pytest.fixture(params=["both", "swept", "walked"])
def each(request: pytest.FixtureRequest) -> Path:
    """Every kind of page, one after another."""
    found: Path = request.getfixturevalue(request.param)
    return found


def _report(folder: Path, *slow: int) -> Path:
    settings = Settings.model_validate({"runs": {"directory": folder / "runs"}})
    store, plugins = RunStore(folder / "runs"), Plugins.discover().load()
    runs = [
        backtest(
            "sma-cross", "SPX.SAMPLE", parameters={"slow": each}, end="2003-01-01",
            mode="interpreted", store=store, settings=settings, plugins=plugins,
        ).record
        for each in slow
    ]  # fmt: skip
    return write_report(runs, folder / "page.html", settings=settings, plugins=plugins).page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_a_page_is_quiet_asks_nobody_and_fits(
    browser: Browser, each: Path, width: int, scheme: str
) -> None:
    browser.open(each, width=width, scheme=scheme)
    assert browser.complaints() == []
    assert browser.requests() == []
    assert browser.ask("document.documentElement.scrollWidth") <= width
    browser.ask("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.ask("document.documentElement.scrollWidth") <= width
    bright = browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert bright == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_said_can_be_read_on_its_ground(browser: Browser, each: Path, scheme: str) -> None:
    browser.open(each, scheme=scheme)
    browser.ask("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.ask(CONTRAST) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_curves_and_marks_can_be_told_from_their_ground(
    browser: Browser, each: Path, scheme: str
) -> None:
    browser.open(each, scheme=scheme)
    drawn = "[...document.querySelectorAll('.canvas .line,.canvas .mark')]"
    assert browser.ask(f"{drawn}.length") > 0 or "sweep" in each.name
    assert browser.ask(DRAWN) >= 3.0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_better_a_cell_of_a_map_the_stronger_its_colour(
    browser: Browser, swept: Path, scheme: str
) -> None:
    browser.open(swept, scheme=scheme)
    assert browser.ask(CAPTION).endswith("the stronger the colour, the higher")
    cells = browser.ask(CELLS)
    assert len(cells) == 3 * 60
    assert len({strength for _, strength in cells}) == 5
    strengths = [strength for _, strength in sorted(cells)]
    assert strengths == sorted(strengths)


def test_a_caption_is_as_wide_as_it_needs_and_stays_in_sight(browser: Browser, swept: Path) -> None:
    browser.open(swept)
    assert browser.ask(f"{FACTS}.querySelector('caption').offsetHeight") < 40
    browser.open(swept, width=390, height=844)
    shown = browser.ask(
        f"(() => {{ const map = {MAP}; map.parentElement.scrollLeft = 500;"
        " const { left, right } = map.querySelector('caption').getBoundingClientRect();"
        " return [left, right]; })()"
    )
    assert 0 <= shown[0] < shown[1] <= 390


def test_pointing_at_a_chart_reads_its_values(browser: Browser, page: Path) -> None:
    browser.open(page)
    x, y, right = _place(browser)
    browser.hover(x + 200, y)
    early = browser.ask(READOUT)
    assert early[:4] in {"1999", "2000"}
    assert "UTC: 1" in early
    browser.hover(right - 20, y)
    assert browser.ask(READOUT)[:4] == "2002"
    assert browser.ask(f"{EQUITY}.querySelector('.cross').getAttribute('d')").startswith("M")


def test_dragging_zooms_every_chart_and_a_button_shows_all(browser: Browser, page: Path) -> None:
    browser.open(page)
    x, y, _ = _place(browser)
    whole = _ticks(browser)
    browser.drag((x + 100, y), (x + 250, y + 10))
    near = _ticks(browser)
    assert near != whole
    assert browser.ask(TICKS.replace("equity", "drawdown")) == near
    browser.ask(f"{EQUITY}.querySelectorAll('button')[2].click()")
    assert _ticks(browser) == whole


def test_fingers_pinch_drag_and_read(browser: Browser, page: Path) -> None:
    browser.open(page, width=390, height=844)
    left, y, right = _place(browser)
    middle, whole = (left + right) / 2 + 26, _span(browser)  # of the axis, which begins later
    browser.touch([(middle, y)])
    assert "2000-11" < browser.ask(READOUT)[:7] < "2001-02"
    assert _span(browser) == whole
    fingers = [[(middle - 20 - d, y), (middle + 20 + d, y)] for d in (0, 10, 20, 40, 60)]
    browser.touch(*fingers)
    near = _span(browser)
    assert (near[1] - near[0]) < (whole[1] - whole[0]) / 3
    assert near[0] < sum(whole) / 2 < near[1]
    drawdown = browser.ask(TICKS.replace("equity", "drawdown"))
    assert drawdown == _ticks(browser)  # every chart goes along
    browser.touch(*[[(middle - d, y + 2)] for d in (0, 20, 40, 60, 80)])
    later = _span(browser)
    assert later[0] > near[0] + 0.2
    assert later[1] - later[0] == pytest.approx(near[1] - near[0], abs=0.05)
    for _ in range(4):
        browser.touch(*[[(left + 80 + d, y)] for d in (0, 20, 100, 250)])
    assert _span(browser)[0] == whole[0]  # no farther than there is something
    browser.touch(*reversed(fingers))
    first, last = _span(browser)
    assert last - first > 2 * (near[1] - near[0])
    for _ in range(2):
        browser.touch(*reversed(fingers))
    assert _span(browser) == whole
    assert browser.complaints() == []


def test_a_walk_forward_draws_its_curves(browser: Browser, walked: Path) -> None:
    browser.open(walked)
    drawn = browser.ask("document.querySelectorAll('[data-chart] .canvas .line').length")
    assert drawn == 2 + 2 + 1  # equity, drawdown, the metric in and out, and the choices


def test_a_finger_that_goes_up_a_chart_scrolls_the_page(browser: Browser, page: Path) -> None:
    browser.open(page, width=390, height=844)
    left, y, right = _place(browser)
    before, whole, middle = browser.ask("scrollY"), _span(browser), (left + right) / 2
    browser.touch(*[[(middle, y - d)] for d in range(0, 140, 10)])
    assert browser.ask(SETTLED) > before + 50
    assert _span(browser) == whole
    browser.ask(f"scrollTo(0, {before})")
    browser.touch(*[[(middle - 20 - d, y), (middle + 20 + d, y)] for d in (0, 20, 60)])
    near = _span(browser)
    browser.touch(*[[(middle, y - d)] for d in range(0, 140, 10)])
    assert browser.ask(SETTLED) > before + 50
    assert _span(browser) == pytest.approx(near, rel=1e-3)


def test_the_keyboard_reads_and_zooms(browser: Browser, page: Path) -> None:
    browser.open(page)
    whole = _ticks(browser)
    reached = []
    for _ in range(40):
        browser.press("Tab")
        reached.append(browser.ask("document.activeElement.tagName.toLowerCase()"))
        if reached[-1] == "svg":
            break
    assert reached[0] == "a"  # to skip what is on every page
    assert reached[-1] == "svg"
    assert browser.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Home")
    first = browser.ask(READOUT)
    browser.press("ArrowRight")
    second = browser.ask(READOUT)
    assert first[:10] < second[:10]
    browser.press("ArrowLeft")
    assert browser.ask(READOUT) == first
    browser.press("End")
    assert browser.ask(READOUT)[:4] == "2003"
    browser.press("+")
    assert _ticks(browser) != whole
    browser.press("0")
    assert _ticks(browser) == whole
    browser.press("Tab")
    assert browser.ask("document.activeElement.getAttribute('aria-label')") == "Zoom in: Equity USD"


def test_the_values_shown_are_those_of_the_table_behind(browser: Browser, page: Path) -> None:
    browser.open(page)
    stamp, value = browser.ask(
        f"[...{EQUITY}.querySelector('tbody tr:last-child').children].map(e => e.textContent)"
    )
    assert browser.ask(READOUT) == f"{stamp} UTC: {value}"


def test_whoever_sees_nothing_hears_names(browser: Browser, page: Path) -> None:
    browser.open(page)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    said = [
        (each.get("role", {}).get("value"), each.get("name", {}).get("value", ""))
        for each in nodes
        if not each.get("ignored")
    ]
    charts = [name for role, name in said if role in {"image", "img"}]
    assert any(name.startswith("Equity. From 100,000 to") for name in charts)
    assert all(name for role, name in said if role in {"button", "link", "region", "table"})
    headings = [name for role, name in said if role == "heading"]
    assert headings[:2] == ["sma-cross", "Checks and warnings"]
    assert browser.ask("document.querySelectorAll('[role=status]').length") >= 6


def test_colours_can_be_chosen(browser: Browser, page: Path) -> None:
    browser.open(page, scheme="dark")
    seen = set()
    for _ in range(3):
        browser.ask("document.getElementById('theme').click()")
        said = browser.ask("document.getElementById('theme').textContent")
        seen.add((said, browser.ask("getComputedStyle(document.body).backgroundColor")))
    white, dark = "rgb(255, 255, 255)", "rgb(15, 20, 25)"
    assert seen == {
        ("Colours: light", white), ("Colours: dark", dark), ("Colours: system", dark),
    }  # fmt: skip


def test_on_paper_it_is_light_and_has_no_buttons(browser: Browser, page: Path) -> None:
    browser.open(page, scheme="dark")
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert (
            browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )
        assert browser.ask("getComputedStyle(document.querySelector('.bar')).display") == "none"
        assert browser.ask(f"{EQUITY}.querySelector('svg').getBoundingClientRect().height") > 100
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


def test_paper_holds_all_of_a_page(browser: Browser, each: Path) -> None:
    browser.open(each, width=PAPER, scheme="dark")
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.ask("document.documentElement.scrollWidth") <= PAPER
        assert browser.ask(f"Math.max(...{RIGHT_EDGES})") <= PAPER
        assert browser.ask("getComputedStyle(document.querySelector('.help')).display") == "none"
        assert browser.ask(CONTRAST) >= 4.5
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
    printed = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 2


def test_without_a_script_the_charts_are_there(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        picture = browser.picture()
        root = browser.call("DOM.getDocument", depth=-1)["root"]["nodeId"]
        found = browser.call("DOM.querySelectorAll", nodeId=root, selector="svg .line")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert len(found["nodeIds"]) >= 6
    assert struct.unpack(">II", picture[16:24]) == (1200, 900)


def test_a_page_without_charts_is_quiet_and_has_its_colours(
    browser: Browser, tmp_path: Path
) -> None:
    told = Section(key="told", title="Told", parts=(Words(("All there is.",)),))
    bare = tmp_path / "bare.html"
    bare.write_text(page_text("Bare", (Group(key="told", title="Told", sections=(told,)),)))
    browser.open(bare, width=390)
    assert browser.complaints() == []
    assert not browser.ask("document.getElementById('theme').hidden")


def test_a_hostile_name_stays_text(browser: Browser, page: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    store = RunStore(page.parent / "runs")
    record = store.load(store.list()[0].run_id)
    hostile = replace(record, strategy=NAME, warnings=(f"{NAME}: {NAME}",), currency=NAME)
    written = write_report([hostile], tmp_path / "hostile.html").page
    browser.open(written)
    assert browser.complaints() == []
    assert browser.requests() == []
    assert browser.ask("document.title") == f"{NAME}: report"
    assert browser.ask("document.querySelector('h1').textContent") == NAME


def _place(browser: Browser) -> tuple[float, float, float]:
    """Return the left, the middle height and the right of the equity chart, in sight."""
    browser.ask(f"{EQUITY}.scrollIntoView()")
    left, top, width, height = browser.ask(
        f"(box => [box.x, box.y, box.width, box.height])"
        f"({EQUITY}.querySelector('svg').getBoundingClientRect())"
    )
    return left, top + height / 2, left + width


def _ticks(browser: Browser) -> list[str]:
    found: list[str] = browser.ask(TICKS)
    return found


def _span(browser: Browser) -> list[float]:
    """The years at the left and the right edge of the equity chart, read at its ends."""
    found: list[float] = []
    for key in ("Home", "End"):
        browser.ask(
            f"{EQUITY}.querySelector('svg').dispatchEvent(new KeyboardEvent('keydown',"
            f"{{key: '{key}'}}))"
        )
        year, month, day = map(int, browser.ask(READOUT)[:10].split("-"))
        found.append(year + (month - 1) / 12 + (day - 1) / 365)
    return found


SETTLED = "new Promise(done => setTimeout(() => done(scrollY), 300))"
TICKS = (
    "[...document.querySelectorAll('[data-chart=\"equity\"] text[text-anchor=middle]')]"
    ".map(e => e.textContent)"
)
# The least ratio of brightness between a text and what it stands on (WCAG 2).
_GROUNDS = """  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const bright = rgb => rgb.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement)
      layers.unshift(numbers(getComputedStyle(e).backgroundColor));
    return layers.reduce((under, over) => {
      const share = over.length > 3 ? over[3] : 1;
      return under.map((v, i) => v * (1 - share) + over[i] * share);
    }, [255, 255, 255]);
  };
  const against = (colour, e) => {
    const [a, b] = [bright(numbers(colour)), bright(ground(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
"""
CONTRAST = (
    """(() => {
"""
    + _GROUNDS
    + """
  let worst = 99;
  for (const e of document.querySelectorAll(
      "p,th,td,dt,dd,a,button,h1,h2,h3,summary,li,text,caption,figcaption,span,footer")) {
    if (!e.textContent.trim()) continue;
    const style = getComputedStyle(e);
    worst = Math.min(worst, against(e.tagName === "text" ? style.fill : style.color, e));
  }
  return worst;
})()"""
)
DRAWN = (
    """(() => {
"""
    + _GROUNDS
    + """
  let worst = 99;
  for (const e of document.querySelectorAll(".canvas .line,.canvas .mark,.key path")) {
    const style = getComputedStyle(e);
    worst = Math.min(worst, against(style.fill === "none" ? style.stroke : style.fill, e));
  }
  return worst;
})()"""
)
