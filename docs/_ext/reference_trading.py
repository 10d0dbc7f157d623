"""Reference pages about trading: metrics, indicators, strategies, limits, costs, golden cases."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tradectl_ml
import tradectl_risk
import tradectl_risk.costs
import tradectl_strategies
from rst import section, table
from tradectl_ml.features import FEATURES
from tradectl_sdk import indicators
from tradectl_sdk.config import describe_settings
from tradectl_sdk.config.settings import RULE_SETTINGS, RiskSection
from tradectl_sdk.runs.metrics import METRICS, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tradectl_sdk.config import SettingRow

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"


def metrics() -> Iterator[str]:
    """Yield the table of metrics, one section for each part of the report."""
    for group in Group:
        yield from section(group.value)
        yield from table(
            ("name", "in the report", "printed as", "definition", "undefined"),
            (
                (f"``{row.name}``", row.label, row.kind.value, row.definition, row.undefined)
                for row in METRICS.values()
                if row.group is group
            ),
        )


def indicator_table() -> Iterator[str]:
    """Yield the streaming indicators: how each is made, fed and read."""
    classes = [getattr(indicators, name) for name in indicators.__all__]
    yield from table(
        ("indicator", "each bar", "outputs", "what"),
        (
            (
                f":class:`~tradectl_sdk.indicators.{cls.__name__}`",
                f"``update({', '.join(list(inspect.signature(cls.update).parameters)[1:])})``",
                ", ".join(f"``{name}``" for name in cls.OUTPUTS),
                _first_sentence(cls),
            )
            for cls in classes
            if inspect.isclass(cls) and cls is not indicators.Indicator
        ),
    )


def strategies() -> Iterator[str]:
    """Yield one section for each reference strategy, with its parameters and their bounds."""
    for spec in tradectl_strategies.plugin.tradectl_strategies():
        cls = _load(spec.factory)
        yield from section(spec.name)
        yield from (inspect.getdoc(cls) or "").splitlines()
        yield ""
        parameters = cls.parameters().values()
        yield from (
            table(
                ("parameter", "default", "least", "greatest", "meaning"),
                (
                    (
                        f"``{one.name}``",
                        f"``{one.default}``",
                        _bound(one.ge),
                        _bound(one.le),
                        one.doc,
                    )
                    for one in parameters
                ),
            )
            if parameters
            else ("It has no parameters.",)
        )


def risk_rules() -> Iterator[str]:
    """Yield the rules of the risk gate and the settings each reads."""
    defaults = RiskSection()
    yield from table(
        ("rule", "what it holds orders to", "settings", "without any setting"),
        (
            (
                f"``{spec.name}``",
                spec.summary,
                ", ".join(f"``{name}``" for name in RULE_SETTINGS[spec.name]),
                "on" if _is_on(spec.name, defaults) else "off",
            )
            for spec in tradectl_risk.plugin.tradectl_risk_rules()
        ),
    )


def _is_on(rule: str, settings: RiskSection) -> bool:
    return rule == "account" or getattr(settings, RULE_SETTINGS[rule][0]) is not None


def cost_models() -> Iterator[str]:
    """Yield one section for each fee and slippage model, with its settings."""
    for spec in tradectl_risk.costs.plugin.tradectl_cost_models():
        yield from section(spec.name)
        yield f"{spec.summary}. For ``[backtest.{', '.join(sorted(spec.capabilities))}]``."
        yield ""
        yield from setting_table(describe_settings(_load(str(spec.settings))))


def models() -> Iterator[str]:
    """Yield one section for each model, with its settings, and the features they choose from."""
    for spec in tradectl_ml.plugin.tradectl_models():
        yield from section(spec.name)
        yield f"{spec.summary}."
        yield ""
        yield from setting_table(describe_settings(_load(str(spec.settings))))
    yield from section("Features")
    yield from table(
        ("feature", "what"), ((f"``{name}``", what) for name, (_, what) in FEATURES.items())
    )


def settings_of(prefix: str) -> Callable[[], Iterator[str]]:
    """Return a page with the settings of one section."""

    def page() -> Iterator[str]:
        yield from setting_table(
            row for row in describe_settings() if row.key.startswith(f"{prefix}.")
        )

    return page


def setting_table(rows: Iterable[SettingRow]) -> Iterator[str]:
    """Yield the table of some settings."""
    yield from table(
        ("key", "kind", "default", "meaning"),
        (
            (
                f"``{row.key}``",
                row.type,
                "" if row.default is None else f"``{row.default}``",
                row.description,
            )
            for row in rows
        ),
    )


def golden_cases() -> Iterator[str]:
    """Yield the published backtests that the tests reproduce, and those they do not."""
    for path in sorted(GOLDEN.glob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        cases = list(_cases(module))
        if cases:
            yield from section(_title(ast.get_docstring(module) or path.stem))
            yield from table(("case", "what is compared", f"test in ``{path.name}``"), cases)
    yield from section("Not reproduced")
    yield from table(
        ("case", "why not"), ((f"``{name}``", why) for name, why in _not_reproduced().items())
    )


def _cases(module: ast.Module) -> Iterator[tuple[str, str, str]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found = re.findall(r"shared\.expected\('([^']+)'\)", ast.unparse(node))
            words = node.name.removeprefix("test_").replace("_", " ")
            about = ast.get_docstring(node) or f"{words[0].upper()}{words[1:]}."
            about = " ".join(about.partition("\n\n")[0].split())
            for name in dict.fromkeys(found):
                yield f"``{name}``", about, f"``{node.name}``"


def _not_reproduced() -> dict[str, str]:
    module = ast.parse((GOLDEN / "test_cases.py").read_text(encoding="utf-8"))
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NOT_REPRODUCED":
            reasons: dict[str, str] = ast.literal_eval(node.value)
            return reasons
    return {}


def _title(docstring: str) -> str:
    return " ".join(docstring.partition("\n\n")[0].split()).partition(":")[0]


def _first_sentence(value: object) -> str:
    paragraph = (inspect.getdoc(value) or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).removesuffix(".")


def _bound(value: float | None) -> str:
    return "" if value is None else f"``{value:g}``"


def _load(factory: str) -> Any:
    module, _, name = factory.partition(":")
    return getattr(importlib.import_module(module), name)


PAGES: dict[str, Callable[[], Iterable[str]]] = {
    "metrics": metrics,
    "indicators": indicator_table,
    "strategies": strategies,
    "risk-rules": risk_rules,
    "cost-models": cost_models,
    "models": models,
    "backtest-settings": settings_of("backtest"),
    "risk-settings": settings_of("risk"),
    "golden-cases": golden_cases,
}
