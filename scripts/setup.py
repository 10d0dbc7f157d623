"""Put what requirements/dev.lock pins into .venv, and this workspace beside it, editable.

Runs on nothing but Python 3.11+ and pip, and does nothing when nothing changed. On Debian the venv
module comes without its own pip, so the pip that runs outside is asked to install the locked pip
into the environment (``pip --python``); where there is none, venv brings one. The locked pip does
the rest: pips of 2023 take three times as long to look through an index.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
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


def members() -> list[Path]:
    """Return the project files of the distributions that workspace.txt installs."""
    lines = WORKSPACE.read_text(encoding="utf-8").splitlines()
    folders = [line.removeprefix("-e").strip() for line in lines if line.startswith("-e")]
    return [ROOT / folder / "pyproject.toml" for folder in folders]


def fingerprint() -> str:
    """Hash everything the environment is made from."""
    digest = hashlib.sha256(f"{ROOT} {sys.version}".encode())
    for path in [Path(__file__), LOCK, WORKSPACE, *members()]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def pip_command() -> list[str]:
    """Return a pip that installs into the environment: its own, or the one outside."""
    own = "Lib/site-packages/pip" if os.name == "nt" else "lib/python*/site-packages/pip"
    if any(VENV.glob(f"{own}/__main__.py")):
        return [str(PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def install(*arguments: str) -> None:
    """Run pip quietly; the lock's hashes decide what may come in."""
    command = [*pip_command(), "install", "--quiet", "--disable-pip-version-check", *arguments]
    if status := subprocess.run(command, check=False, cwd=ROOT).returncode:
        sys.exit(f"set-up stopped: pip ended with status {status} at {arguments[-1]}")


def install_locked(lock: Path) -> None:
    """Install what a lock names, wheels with these hashes only, and leave compiling for later."""
    install("--require-hashes", "--only-binary", ":all:", "--no-compile", "-r", str(lock))


def pip_alone() -> Path:
    """Write down what the lock says of pip, with its hashes, and return the file."""
    said = re.search(
        r"^pip==.*(?:\n +--hash=.*)+\n", LOCK.read_text(encoding="utf-8"), re.MULTILINE
    )
    if said is None:
        sys.exit(f"set-up stopped: {LOCK.name} does not name pip")
    alone = VENV / "pip.lock"
    alone.write_text(said[0], encoding="utf-8")
    return alone


def compile_all() -> None:
    """Leave bytecode beside what was installed and the workspace's sources, on every core.

    pip would use one, and compile other people's tests as well, a quarter of it all.
    """
    installed = VENV / ("Lib" if os.name == "nt" else "lib")
    sources = [installed, *(path.parent / "src" for path in members())]
    tests = rf"{re.escape(str(VENV))}.*[/\\]tests[/\\]"
    command = [str(PYTHON), "-m", "compileall", "-qq", "-j", "0", "-x", tests]
    subprocess.run([*command, *map(str, sources)], check=False, cwd=ROOT)


def create() -> None:
    """Make the empty environment, with a pip of its own only where there is no other."""
    needs_pip = importlib.util.find_spec("pip") is None
    if needs_pip and importlib.util.find_spec("ensurepip") is None:
        sys.exit("set-up needs pip, and there is none here\n  hint: apt-get install python3-pip")
    venv.create(VENV, clear=True, with_pip=needs_pip)


def of_this_python() -> bool:
    """Say whether the environment is there and runs the Python that runs this."""
    if not PYTHON.exists():
        return False
    notes = VENV / "pyvenv.cfg"
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    versions = [line.partition("=")[2].strip() for line in lines if line.startswith("version ")]
    return versions in ([], [platform.python_version()])


def main() -> int:
    """Set the environment up when it is missing or stale."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said before pip says it less clearly
        sys.exit("tradectl needs Python 3.11 or newer\n  hint: make setup PYTHON=python3.11")
    wanted = fingerprint()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return 0
    print("setting up .venv (about a minute, once)", file=sys.stderr)
    if not of_this_python():
        create()
    install_locked(pip_alone())
    install_locked(LOCK)
    install("--no-deps", "--no-build-isolation", "-r", str(WORKSPACE))
    compile_all()
    STAMP.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
