"""What a user can meet is in the documentation: in the built pages, where a reader would look."""

from __future__ import annotations

import html
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tradectl_ml
import tradectl_sdk
import tradectl_strategies
from page_examples import ROOT
from tradectl import table
from tradectl.options import GLOBAL_OPTIONS
from tradectl_ml.features import FEATURES
from tradectl_risk import costs
from tradectl_sdk import indicators
from tradectl_sdk.config import SettingRow, describe_settings
from tradectl_sdk.config.settings import RULE_SETTINGS
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.reasons import CloseReason, DenyReason, FillReason
from tradectl_sdk.errors import ExitStatus, error_classes
from tradectl_sdk.hooks import HOOKS
from tradectl_sdk.runs.metrics import METRICS, Metric

pytestmark = pytest.mark.slow

NO_INDICATORS = {"Indicator", "compute", "compute_outputs"}

Reader = Callable[[str], str]
Build = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def build(
    tmp_path_factory: pytest.TempPathFactory,
) -> Build:
    folder = tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-n", "-W", "--keep-going"]
    # Each page would copy the lists of objects of all pages, to show one of them beside it: a third
    # of the time, and nothing that is looked at here.
    command += ["-D", "toc_object_entries=0", "-d", str(folder / "trees")]
    process = subprocess.run(
        [*command, str(ROOT / "docs"), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return folder / "html", process


@pytest.fixture(scope="session")
def read(build: Build) -> Reader:
    def text_of(name: str) -> str:
        page = (build[0] / f"{name}.html").read_text(encoding="utf-8")
        article = page[page.index("<article") : page.index("</article>")]
        return html.unescape(re.sub(r"<[^>]+>", "", article))

    return text_of


def test_the_documentation_builds_without_a_warning(
    build: Build,
) -> None:
    assert (build[1].stdout + build[1].stderr).splitlines() == []
    assert build[1].returncode == 0


def test_built_pages_fetch_nothing(build: Build) -> None:
    fetched = re.compile(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="((?:https?:)?//[^"]*)"')
    found = {
        (page.name, address)
        for page in build[0].rglob("*.html")
        for address in fetched.findall(page.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize("hook", HOOKS.names)
def test_every_hook_is_documented_with_its_exact_arguments(hook: str, read: Reader) -> None:
    function = getattr(HOOKS.specification, hook)
    arguments = ", ".join(
        str(parameter).replace("'", "")
        for parameter in inspect.signature(function).parameters.values()
    )
    lines = read("reference/hooks").splitlines()  # a line of its own, not that of the example
    assert any(line.startswith(f"{hook}({arguments}) -> ") for line in lines)


def commands() -> list[str]:
    paths = []
    for row in table.BUILT_IN:
        verbs = getattr(table.load(row), "commands", {})
        paths += [f"tradectl {row.name} {verb}" for verb in verbs] or [f"tradectl {row.name}"]
    return paths


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str, read: Reader) -> None:
    assert re.search(rf"Usage: {re.escape(command)}\s", read("reference/commands"), re.IGNORECASE)


@pytest.mark.parametrize("name", [name for option in GLOBAL_OPTIONS for name in option.names])
def test_every_global_option_is_documented(name: str, read: Reader) -> None:
    page = read("reference/commands")
    assert name in page[page.index("Options of every command") :].split()


@pytest.mark.parametrize("row", describe_settings(), ids=lambda row: row.key)
def test_every_setting_is_documented_with_its_meaning(row: SettingRow, read: Reader) -> None:
    page = read("reference/settings")
    assert row.key in page.split()
    assert row.description
    assert row.description in page


@pytest.mark.parametrize("cls", list(error_classes()), ids=lambda cls: cls.code)
def test_every_error_code_is_explained(cls: type[tradectl_sdk.TradectlError], read: Reader) -> None:
    page = " ".join(read("reference/errors").split())
    summary = " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].replace("``", "").split())
    assert f"{cls.__name__}, exit status {int(cls.exit_status)}." in page
    assert summary in page


@pytest.mark.parametrize("status", list(ExitStatus), ids=lambda status: status.name)
def test_every_exit_status_is_documented(status: ExitStatus, read: Reader) -> None:
    assert re.search(rf"^{int(status)}$", read("reference/exit-codes"), re.MULTILINE)
    assert status.summary in read("reference/exit-codes")


@pytest.mark.parametrize(
    "reason", [*FillReason, *DenyReason, *CloseReason], ids=lambda reason: reason.name
)
def test_every_reason_is_documented(
    reason: FillReason | DenyReason | CloseReason, read: Reader
) -> None:
    page = read("reference/reasons")
    assert reason.name in page.split()
    assert " ".join(reason.summary.split()) in " ".join(page.split())


@pytest.mark.parametrize("status", list(OrderStatus), ids=lambda status: status.name)
def test_every_order_status_is_documented(status: OrderStatus, read: Reader) -> None:
    headings = re.findall(
        r"^(\w+)(?: \(terminal\))?¶$", read("reference/order-states"), re.MULTILINE
    )
    assert status.name in headings


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_is_defined(metric: Metric, read: Reader) -> None:
    page = " ".join(read("reference/metrics").split())
    assert f" {metric.name} {metric.label} " in page
    assert metric.definition in page


@pytest.mark.parametrize("name", sorted(set(indicators.__all__) - NO_INDICATORS))
def test_every_indicator_is_listed_with_its_outputs(name: str, read: Reader) -> None:
    outputs = ", ".join(getattr(indicators, name).OUTPUTS)
    row = re.compile(rf"\b{name} update\([\w, ]+\) {outputs} ")
    assert row.search(" ".join(read("reference/indicators").split()))


@pytest.mark.parametrize("page", ["reference/risk-rules", "guides/risk"])
@pytest.mark.parametrize("rule", RULE_SETTINGS)
def test_every_risk_rule_is_listed_with_its_limits(rule: str, page: str, read: Reader) -> None:
    text = " ".join(read(page).split())
    assert re.search(rf" {rule} [^.]* {', '.join(RULE_SETTINGS[rule])} (on|off) ", text)


def test_every_cost_model_has_its_settings(read: Reader) -> None:
    page = read("reference/cost-models")
    for spec in costs.plugin.tradectl_cost_models():
        own = page[page.index(f"\n{spec.name}¶") :]
        module, _, name = str(spec.settings).partition(":")
        settings = getattr(importlib.import_module(module), name)
        assert set(settings.model_fields) <= set(own.split())


def test_every_model_has_its_settings_and_every_feature_is_listed(read: Reader) -> None:
    page = read("reference/models")
    for spec in tradectl_ml.plugin.tradectl_models():
        own = page[page.index(f"\n{spec.name}¶") :]
        module, _, name = str(spec.settings).partition(":")
        settings = getattr(importlib.import_module(module), name)
        assert set(settings.model_fields) <= set(own.split())
    listed = " ".join(page[page.index("\nFeatures¶") :].split())
    assert [name for name, (_, what) in FEATURES.items() if f" {name} {what}" not in listed] == []


def test_every_reference_strategy_has_its_parameters(read: Reader) -> None:
    page = read("reference/strategies")
    for spec in tradectl_strategies.plugin.tradectl_strategies():
        module, _, name = spec.factory.partition(":")
        own = page[page.index(f"\n{spec.name}¶") :]
        parameters = getattr(importlib.import_module(module), name).parameters()
        assert {doc for one in parameters.values() for doc in [one.doc] if doc not in own} == set()


def test_every_golden_case_is_listed(read: Reader) -> None:
    sources = (ROOT / "tests" / "golden").glob("test_*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    cases = set(re.findall(r'shared\.expected\(\s*"([^"]+)"', text))
    assert len(cases) >= 12
    assert cases <= set(read("reference/golden-cases").split())


def test_every_environment_variable_in_the_code_is_documented(read: Reader) -> None:
    sources = [*ROOT.glob("*/src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
    variable = re.compile(r"""["'`](TRADECTL_[A-Z_]+|NO_COLOR|FORCE_COLOR)\b""")
    named = {
        name for path in sources for name in variable.findall(path.read_text(encoding="utf-8"))
    }
    documented = set(read("reference/environment").split())
    assert "TRADECTL_PLUGINS" in named
    assert {name for name in named if not name.endswith("__")} <= documented


@pytest.mark.parametrize("name", sorted(set(tradectl_sdk.__all__) - {"__version__"}))
def test_every_public_name_is_documented(name: str, read: Reader) -> None:
    assert re.search(rf"\btradectl_sdk\.{name}\b", read("reference/api"))
