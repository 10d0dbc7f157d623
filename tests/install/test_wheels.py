"""What a user installs holds what it needs, and works without the checkout."""

from __future__ import annotations

import email
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tradectl import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "sdk": "tradectl_sdk",
    "cli": "tradectl",
    "strategies": "tradectl_strategies",
    "samples": "tradectl_samples",
    "risk": "tradectl_risk",
    "ml": "tradectl_ml",
    "sandbox": "tradectl_sandbox",
    "dask": "tradectl_dask",
}


def members(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def test_every_distribution_builds_one_pure_wheel(wheels: dict[Path, Path]) -> None:
    assert set(PACKAGES) <= {folder.name for folder in wheels}
    assert all(wheel.name.endswith("-py3-none-any.whl") for wheel in wheels.values())


def test_a_wheel_holds_its_package_whole_and_nothing_else(wheels: dict[Path, Path]) -> None:
    for folder, wheel in wheels.items():
        source = folder / "src"
        expected = {
            file.relative_to(source).as_posix()
            for file in source.rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }
        held = {name for name, _ in members(wheel) if ".dist-info/" not in name}
        assert held == expected
        assert any(name.endswith("/py.typed") for name in held)


def test_a_wheel_carries_the_licence(wheels: dict[Path, Path]) -> None:
    licence = (ROOT / "LICENSE").read_bytes()
    for wheel in wheels.values():
        files = {name.partition(".dist-info/")[2]: data for name, data in members(wheel)}
        assert files["licenses/LICENSE"] == licence
        metadata = email.message_from_bytes(files["METADATA"])
        assert metadata["License-Expression"] == "Apache-2.0"
        assert metadata["Requires-Python"] == ">=3.11"
        assert metadata.get_payload()


def test_the_command_line_brings_its_templates(wheels: dict[Path, Path]) -> None:
    names = {name for name, _ in members(wheels[ROOT / "cli"])}
    assert "tradectl/templates/strategy/strategy.py.tmpl" in names


def test_the_installed_packages_are_not_the_checkout(installed: Environment) -> None:
    program = (
        "import importlib, sys; [print(importlib.import_module(m).__file__) for m in sys.argv[1:]]"
    )
    files = installed.run("python", "-c", program, *PACKAGES.values()).splitlines()
    assert len(files) == len(PACKAGES)
    for file in files:
        assert Path(file).is_relative_to(installed.folder)


def test_the_installed_command_says_its_version(installed: Environment) -> None:
    assert installed.run("tradectl", "--version") == f"tradectl {__version__}\n"
    assert installed.run("python", "-m", "tradectl", "--version") == f"tradectl {__version__}\n"


def test_the_installed_command_lists_the_plugins_that_came_with_it(installed: Environment) -> None:
    answer = json.loads(installed.run("tradectl", "plugin", "list", "--json"))
    assert answer["ok"] is True
    listed = json.dumps(answer["data"])
    assert "tradectl-strategies" in listed
    assert "tradectl-samples" in listed


def test_the_installed_command_finds_its_settings(installed: Environment) -> None:
    (installed.desk / "tradectl.toml").write_text("backtest.cash = 12345\n", encoding="utf-8")
    shown = installed.run("tradectl", "config", "show", "--json")
    assert "12345" in shown
