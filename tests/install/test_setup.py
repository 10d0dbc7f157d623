"""Set-up does nothing when nothing changed, and starts over when anything did."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ["--require-hashes", "--require-hashes", "--no-deps"]  # pip, the lock, the workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A copy of what set-up reads."""
    root = tmp_path / "workspace"
    for name in ("scripts/setup.py", "requirements/dev.lock", "requirements/workspace.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for file in (*ROOT.glob("*/pyproject.toml"), *ROOT.glob("plugins/*/pyproject.toml")):
        (root / file.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / file.relative_to(ROOT))
    return root


@pytest.fixture
def calls() -> list[tuple[str, ...]]:
    """What set-up would have run."""
    return []


def load(workspace: Path, calls: list[tuple[str, ...]]) -> ModuleType:
    """Load the workspace's set-up, with pip and venv replaced by a record of their use."""
    spec = importlib.util.spec_from_file_location("setup_script", workspace / "scripts/setup.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def create() -> None:
        calls.append(("create",))
        module.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        module.PYTHON.touch()

    module.create = create
    module.install = lambda *words: calls.append(words)
    module.compile_all, module.really_compile = lambda: None, module.compile_all
    return module  # type: ignore[no-any-return]


def test_the_second_set_up_does_nothing(workspace: Path, calls: list[tuple[str, ...]]) -> None:
    assert load(workspace, calls).main() == 0
    assert [words[0] for words in calls] == ["create", *INSTALLED]
    calls.clear()
    assert load(workspace, calls).main() == 0
    assert calls == []


def test_another_python_gets_an_environment_of_its_own(
    workspace: Path, calls: list[tuple[str, ...]]
) -> None:
    load(workspace, calls).main()
    calls.clear()
    (workspace / ".venv" / "pyvenv.cfg").write_text("home = here\nversion = 3.10.1\n")
    (workspace / ".venv" / ".tradectl-setup").write_text("what the other Python left")

    load(workspace, calls).main()

    assert calls[0] == ("create",)


@pytest.mark.parametrize(
    "name",
    [
        "requirements/dev.lock",
        "requirements/workspace.txt",
        "sdk/pyproject.toml",
        "scripts/setup.py",
    ],
)
def test_a_change_in_what_it_reads_sets_up_again(
    name: str, workspace: Path, calls: list[tuple[str, ...]]
) -> None:
    load(workspace, calls).main()
    calls.clear()
    with (workspace / name).open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    load(workspace, calls).main()
    assert [words[0] for words in calls] == INSTALLED


def test_a_change_elsewhere_does_not(workspace: Path, calls: list[tuple[str, ...]]) -> None:
    load(workspace, calls).main()
    calls.clear()
    (workspace / "sdk" / "src").mkdir(parents=True)
    (workspace / "sdk" / "src" / "new.py").write_text("x = 1")
    load(workspace, calls).main()
    assert calls == []


def test_a_set_up_that_failed_is_done_again(workspace: Path, calls: list[tuple[str, ...]]) -> None:
    module: Any = load(workspace, calls)

    def fail(*words: str) -> None:
        raise SystemExit(1)

    module.install = fail
    with pytest.raises(SystemExit):
        module.main()
    assert load(workspace, calls).main() == 0
    assert [words[0] for words in calls] == ["create", *INSTALLED]


def test_an_environment_that_lost_its_python_is_made_again(
    workspace: Path, calls: list[tuple[str, ...]]
) -> None:
    module: Any = load(workspace, calls)
    module.main()
    module.PYTHON.unlink()
    module.PYTHON.parent.rmdir()
    calls.clear()
    load(workspace, calls).main()
    assert calls[0] == ("create",)


def test_only_hashed_wheels_come_in(workspace: Path, calls: list[tuple[str, ...]]) -> None:
    load(workspace, calls).main()
    pip, locked, own = calls[1:]
    assert {"--require-hashes", "--only-binary", ":all:"} <= set(pip) & set(locked)
    assert {"--no-deps", "--no-build-isolation"} <= set(own)


def test_the_locked_pip_comes_first_and_does_the_rest(
    workspace: Path, calls: list[tuple[str, ...]]
) -> None:
    module: Any = load(workspace, calls)
    assert module.main() == 0
    name, *hashes = Path(calls[1][-1]).read_text(encoding="utf-8").split("\\\n")
    assert name.startswith("pip==")
    assert hashes
    assert all(line.strip().startswith("--hash=sha256:") for line in hashes)
    assert "--python" in module.pip_command()
    packages = workspace / ".venv" / ("Lib" if os.name == "nt" else "lib/python3.11")
    (packages / "site-packages" / "pip").mkdir(parents=True)
    (packages / "site-packages" / "pip" / "__main__.py").touch()
    assert module.pip_command() == [str(module.PYTHON), "-m", "pip"]


def test_what_is_installed_and_the_sources_have_bytecode_afterwards(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    module: Any = load(workspace, [])
    module.PYTHON = sys.executable
    packages = workspace / ".venv" / ("Lib" if os.name == "nt" else "lib/python3.11")
    compiled = [workspace / "sdk" / "src" / "some.py", packages / "site-packages" / "other.py"]
    tests = packages / "site-packages" / "tests" / "test_other.py"
    for source in (*compiled, tests):
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text("x = 1")
    module.really_compile()
    assert all(Path(importlib.util.cache_from_source(str(source))).exists() for source in compiled)
    assert not Path(importlib.util.cache_from_source(str(tests))).exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is absent")
def test_make_sets_up_with_the_python_it_is_given(workspace: Path) -> None:
    shutil.copy(ROOT / "Makefile", workspace / "Makefile")
    done = subprocess.run(
        ["make", "--dry-run", "test", f"PYTHON={sys.executable}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=workspace,
        env={name: os.environ[name] for name in ("PATH",)},
    )
    assert f"{sys.executable} scripts/setup.py" in done.stdout
