"""A folder like a fresh checkout after ``make setup``, in which a reader follows a page."""

from __future__ import annotations

import os
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for page_examples

LAUNCHER = """\
#!{python}
import sys
from tradectl.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A working folder whose own .venv sees what the repository's holds, and can be added to."""
    folder = tmp_path / "desk"
    venv.create(folder / ".venv", with_pip=False)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    # addsitedir, unlike a bare path, also follows the .pth files of editable installations.
    packages = sysconfig.get_path("purelib")
    pth = folder / ".venv" / "lib" / python / "site-packages" / "repository.pth"
    pth.write_text(f"import site; site.addsitedir({packages!r})\n", encoding="utf-8")
    command = folder / ".venv" / "bin" / "tradectl"
    command.write_text(LAUNCHER.format(python=folder / ".venv/bin/python"), encoding="utf-8")
    command.chmod(0o755)
    return folder


@pytest.fixture
def reader_environment(desk: Path) -> dict[str, str]:
    """An environment with nobody's settings and an empty home, but for what a test needs.

    Pages share the tests' cache of machine code. Lines come in the order in which a terminal shows
    them. pip takes what an index would give it, the build backend and dependencies, from the
    environment.
    """
    home = desk.parent / "home"
    home.mkdir()
    path = os.pathsep.join([str(desk / ".venv" / "bin"), os.environ["PATH"]])
    return {
        "HOME": str(home),
        "PATH": path,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "TRADECTL_CACHE_DIR": os.environ["TRADECTL_CACHE_DIR"],
        "PYTHONUNBUFFERED": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as: no isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
