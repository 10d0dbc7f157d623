from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.hooks import HOOKS, Hooks, Spec

if TYPE_CHECKING:
    from pathlib import Path

METHODS = [name for name in vars(Hooks) if name.startswith("tradectl_")]


def example(hook: str) -> str:
    """Return the code in a hook's docstring."""
    doc = inspect.getdoc(getattr(Hooks, hook)) or ""
    return textwrap.dedent(doc.split("::\n", 1)[1])


def test_the_table_lists_every_hook_and_nothing_else() -> None:
    assert sorted(METHODS) == list(HOOKS.names)


def test_each_kind_of_record_has_one_hook() -> None:
    kinds = list(HOOKS.providers.values())

    assert len(set(kinds)) == len(kinds)
    assert all(HOOKS.provider_of(kind) == hook for hook, kind in HOOKS.providers.items())
    with pytest.raises(KeyError, match="Spec"):
        HOOKS.provider_of(Spec)


@pytest.mark.parametrize("hook", METHODS)
def test_a_plugin_that_implements_nothing_offers_nothing(hook: str) -> None:
    assert list(getattr(Hooks(), hook)()) == []


@pytest.mark.parametrize("hook", sorted(HOOKS.providers))
def test_the_example_in_the_docstring_is_a_complete_plugin(hook: str) -> None:
    namespace: dict[str, Any] = {"__name__": "tradectl_acme"}
    exec(compile(example(hook), hook, "exec"), namespace)  # noqa: S102 - our own docstring

    plugin = namespace["plugin"]

    assert isinstance(plugin, Hooks)
    assert [type(record) for record in getattr(plugin, hook)()] == [HOOKS.providers[hook]]


def checked(tmp_path: Path, **plugins: str) -> dict[str, str]:
    """Run a type checker over plugins at once; return what it says of each."""
    for name, code in plugins.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    options = ["--strict", "--no-error-summary", "--no-sqlite-cache"]
    files = [f"{name}.py" for name in plugins]
    finished = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *files],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
    )
    assert finished.stderr == ""
    said = finished.stdout.splitlines()
    assert all(line.startswith(tuple(files)) for line in said)
    return {
        name: "\n".join(line for line in said if line.startswith(f"{name}.py:")) for name in plugins
    }


@pytest.mark.slow
def test_a_type_checker_accepts_the_examples_and_rejects_wrong_plugins(tmp_path: Path) -> None:
    sound = example("tradectl_strategies")
    wrong_result = sound.replace("Iterable[StrategySpec]:", "Iterable[int]:").replace(
        "yield StrategySpec(", "yield 1 if True else int("
    )
    wrong_argument = sound.replace("(self)", "(self, settings: int)")
    wrong_field = sound.replace("name=", "nmae=")

    said = checked(
        tmp_path, sound=sound, result=wrong_result, argument=wrong_argument, field=wrong_field
    )
    assert said["sound"] == ""
    assert "[override]" in said["result"]
    assert "[override]" in said["argument"]
    assert 'Unexpected keyword argument "nmae"' in said["field"]
