"""What importing costs, counted in modules: a stop-watch on a busy machine lies.

The budgets of the command line are kept beside it, in cli/tests/test_startup.py.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

COUNT = "import sys\n{statement}\nprint(*sorted(sys.modules))"

HEAVY = {"typer", "click", "rich", "pydantic", "numpy", "pandas", "numba", "llvmlite", "duckdb"}


def modules_after(statement: str) -> set[str]:
    """Return what is in ``sys.modules`` after a statement in a fresh process."""
    process = subprocess.run(
        [sys.executable, "-c", COUNT.format(statement=statement)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(process.stdout.split())


def heavy(loaded: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in loaded} & HEAVY


def test_the_sdk_is_next_to_nothing_to_import() -> None:
    loaded = modules_after("import tradectl_sdk")
    assert len(loaded) <= 120
    assert heavy(loaded) == set()


@pytest.mark.parametrize("module", ["errors", "hooks", "plugins", "domain.instrument"])
def test_what_listing_plugins_needs_loads_nothing_heavy(module: str) -> None:
    assert heavy(modules_after(f"import tradectl_sdk.{module}")) == set()


@pytest.mark.parametrize(
    "plugin", ["tradectl_strategies", "tradectl_samples", "tradectl_risk", "tradectl_ml"]
)
def test_a_plugin_can_be_registered_without_anything_heavy(plugin: str) -> None:
    assert heavy(modules_after(f"from {plugin} import plugin")) == set()


def test_settings_bring_pydantic_and_no_more() -> None:
    assert heavy(modules_after("import tradectl_sdk.config")) == {"pydantic"}


def test_an_import_that_is_heavy_is_seen() -> None:
    assert heavy(modules_after("import numpy")) == {"numpy"}
