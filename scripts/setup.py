"""Make .venv hold exactly what requirements/dev.lock says, plus this workspace, editable.

Runs on nothing but Python 3.11+ and pip, and does nothing when nothing changed.
On Debian the venv module comes without its own pip, so the pip that runs outside is asked
to install into the environment (``pip --python``); where there is none, venv brings one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".tradectl-setup"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "requirements" / "dev.lock"
WORKSPACE = ROOT / "requirements" / "workspace.txt"


def fingerprint() -> str:
    """Hash everything the environment is made from."""
    digest = hashlib.sha256(f"{ROOT} {sys.version}".encode())
    for path in [Path(__file__), LOCK, WORKSPACE, *sorted(ROOT.glob("**/pyproject.toml"))]:
        if VENV not in path.parents:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def pip_command() -> list[str]:
    """Return a pip that installs into the environment."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    return [str(PYTHON), "-m", "pip"]


def install(*arguments: str) -> None:
    """Run pip quietly; the lock's hashes decide what may come in."""
    command = [*pip_command(), "install", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, cwd=ROOT)


def main() -> int:
    """Set the environment up when it is missing or stale."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    print("setting up .venv (about a minute, once)", file=sys.stderr)
    if not PYTHON.exists():
        venv.create(VENV, with_pip=importlib.util.find_spec("pip") is None)
    install("--require-hashes", "--only-binary", ":all:", "-r", str(LOCK))
    install("--no-deps", "--no-build-isolation", "-r", str(WORKSPACE))
    STAMP.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
