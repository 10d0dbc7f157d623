"""The workspace's distributions, built and installed as a user gets them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = sorted(
    file.parent
    for pattern in ("sdk", "cli", "marketplace", "plugins/*")
    for file in ROOT.glob(f"{pattern}/pyproject.toml")
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the empty folder a user works in."""

    folder: Path
    desk: Path

    def program(self, name: str) -> Path:
        """Return the path of a program in it."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin") / name

    def run(self, *words: str | Path) -> str:
        """Run one of its programs and return what it printed; it must succeed."""
        program, *arguments = words
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        process = subprocess.run(
            [self.program(str(program)), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.desk,
            env={**kept, "HOME": str(self.desk), "TRADECTL_CONFIG_HOME": str(self.desk)},
            timeout=120,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """Distribution folder -> its wheel, built from a copy with nothing but the locked backend."""
    folder = tmp_path_factory.mktemp("wheels")
    built = {}
    for distribution in DISTRIBUTIONS:
        copy = folder / "source" / distribution.relative_to(ROOT)
        ignored = shutil.ignore_patterns("__pycache__", "dist", "build", ".*")
        shutil.copytree(distribution, copy, ignore=ignored)
        outdir = folder / distribution.name
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
        process = subprocess.run(
            [*command, outdir, copy], capture_output=True, text=True, check=False, timeout=120
        )
        assert process.returncode == 0, process.stdout + process.stderr
        (built[distribution],) = outdir.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheels: dict[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheels, and other people's packages as this one has them."""
    folder = tmp_path_factory.mktemp("installed")
    environment = Environment(folder / "environment", folder / "desk")
    environment.desk.mkdir()
    venv.create(environment.folder, with_pip=False)
    python = environment.program("python")
    own = Path(sysconfig.get_path("purelib", "venv", {"base": str(environment.folder)}))
    (own / "others.pth").write_text(f"{_others(folder / 'others')}\n", encoding="utf-8")
    subprocess.run(
        [*_pip(python), "install", "--quiet", "--no-index", "--no-deps", *wheels.values()],
        check=True,
        timeout=120,
    )
    return environment


def _others(folder: Path) -> Path:
    """Link to every package of this environment that is not of the workspace."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "tradectl" not in entry.name and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


def _pip(python: Path) -> list[str]:
    """Return a pip that installs into an environment without one of its own."""
    outside = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
    for candidate in (Path(sys.executable), outside):
        command = [str(candidate), "-m", "pip"]
        if (
            subprocess.run([*command, "--version"], capture_output=True, check=False).returncode
            == 0
        ):
            return [*command, "--python", str(python)]
    pytest.skip("pip is absent: neither this environment nor the Python beneath it has one")
