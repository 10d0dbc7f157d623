"""Fixtures for the tests of the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tradectl.__main__ import main

sys.path.insert(0, str(Path(__file__).parent))  # for cli_market

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Answer:
    """What one command line gave."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The data of the JSON document on standard output."""
        return json.loads(self.out)["data"]

    @property
    def error(self) -> Any:
        """The error of the JSON document on standard error."""
        return json.loads(self.err)["error"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and nothing of the user's settings or environment."""
    for name in ("NO_COLOR", "COLUMNS", "TERM", "TRADECTL_PLUGINS", "_TRADECTL_COMPLETE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRADECTL_CONFIG_HOME", str(tmp_path / "user"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".git").mkdir()  # the search for tradectl.toml ends here
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command line in this process."""

    def run_here(*words: str) -> Answer:
        capsys.readouterr()
        status = main(words)
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    return run_here


@pytest.fixture
def start() -> Callable[..., Answer]:
    """Run a command line in a process of its own."""

    def run_there(*words: str, **environment: str) -> Answer:
        process = subprocess.run(
            [sys.executable, "-m", "tradectl", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
            timeout=300,
        )
        return Answer(process.returncode, process.stdout, process.stderr)

    return run_there


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, here and in processes started from here."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@pytest.fixture
def install(site: Path) -> Callable[..., None]:
    """Put a distribution with entry points there, the way pip leaves it behind."""

    def install_fake(
        name: str, entry_points: Mapping[str, Mapping[str, str]], modules: Mapping[str, str]
    ) -> None:
        metadata = site / f"{name.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir()
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: The {name} package\n"
        (metadata / "METADATA").write_text(head)
        lines = []
        for group, points in entry_points.items():
            lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
        (metadata / "entry_points.txt").write_text("\n".join(lines))
        for module, code in modules.items():
            (site / f"{module}.py").write_text(code)

    return install_fake
