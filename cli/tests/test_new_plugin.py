"""A new plugin is born working: built, installed, tested, listed and checked, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import tradectl
import tradectl_sdk
from tradectl.scaffold import KINDS

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    process = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
        timeout=300,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def _pip(python: Path) -> list[str]:
    """Return a pip that installs into an environment without one of its own."""
    outside = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
    for candidate in (Path(sys.executable), outside):
        command = [candidate, "-m", "pip", "--version"]
        found = subprocess.run(command, capture_output=True, check=False)
        if found.returncode == 0:
            return [str(candidate), "-m", "pip", "--python", str(python)]
    pytest.skip("pip is absent: neither this environment nor the Python beneath it has one")


def _environment_on_top_of_this_one(folder: Path) -> Path:
    """Make an environment that also sees what this one has; return its interpreter."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    variables = {"base": str(folder), "platbase": str(folder)}
    own = Path(sysconfig.get_path("purelib", "venv", variables))
    sources = {Path(module.__file__).parents[1] for module in (tradectl, tradectl_sdk)}
    lines = [sysconfig.get_path("purelib"), *sorted(map(str, sources))]
    (own / "development.pth").write_text("\n".join(lines) + "\n")
    return python


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_builds_installs_and_passes_its_own_tests(kind: str, tmp_path: Path) -> None:
    python = _environment_on_top_of_this_one(tmp_path / "environment")
    words = ["plugin", "new", "born-well", "--kind", kind, "--license", "Apache-2.0", "--json"]
    created = json.loads(_run(sys.executable, "-m", "tradectl", *words, cwd=tmp_path))
    folder = tmp_path / created["data"]["folder"]

    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", folder, cwd=tmp_path)
    (wheel,) = (folder / "dist").glob("*.whl")
    assert wheel.name == "tradectl_born_well-0.1.0-py3-none-any.whl"
    _run(*_pip(python), "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)

    assert " passed" in _run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    _run(python, "-m", "mypy", "--no-sqlite-cache", cwd=folder)
    _run(python, "-m", "ruff", "check", ".", cwd=folder)
    _run(python, "-m", "ruff", "format", "--check", ".", cwd=folder)

    listed = json.loads(_run(python, "-m", "tradectl", "plugin", "list", "--json", cwd=tmp_path))
    plugins = {plugin["name"]: plugin for plugin in listed["data"]["plugins"]}
    assert plugins["born-well"]["status"] == "loaded"
    assert [c["name"] for c in plugins["born-well"]["provides"]] == ["born-well"]

    check = _run(python, "-m", "tradectl", "plugin", "check", "born-well", "--json", cwd=tmp_path)
    report = json.loads(check)["data"]
    assert report["passed"] is True
    assert report["counts"]["failed"] == report["counts"]["skipped"] == 0
    assert report["counts"]["passed"] > 5
