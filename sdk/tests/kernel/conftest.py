"""Fixtures of the kernel room: every test has a cache of its own."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.kernel import compile_kernel

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that nothing else has written to."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def both_ways() -> Callable[..., Any]:
    """Run an object's entry interpreted on a copy and compiled on the object; they must agree."""

    def run(obj: Any, twin: Any = None) -> Any:
        twin = twin or copy.deepcopy(obj)
        expected = twin.run()
        found = compile_kernel(obj)(obj)
        assert repr(found) == repr(expected)
        assert state(obj) == state(twin)
        return found

    return run


def state(obj: Any, seen: set[int] | None = None) -> Any:
    """Everything an object holds, to the last bit and with its types, as text."""
    seen = set() if seen is None else seen
    if isinstance(obj, (tuple, list)):
        return type(obj)(state(item, seen) for item in obj)
    if not hasattr(obj, "__dict__") and not hasattr(type(obj), "__slots__"):
        return repr(obj.tolist()) if hasattr(obj, "tolist") else repr(obj)
    if hasattr(obj, "dtype") or not type(obj).__flags__ & 0x200 or id(obj) in seen:
        return repr(obj.tolist()) if hasattr(obj, "tolist") else type(obj).__name__
    seen.add(id(obj))
    names = [*getattr(obj, "__dict__", {}), *getattr(type(obj), "__slots__", ())]
    return {name: state(getattr(obj, name), seen) for name in names}


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Any]:
    """Write a module to a file of its own and import it."""
    numbers = itertools.count()

    def write(text: str) -> Any:
        name = f"kernel_under_test_{next(numbers)}"
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return import_file(name, path)

    return write


@pytest.fixture(scope="session")
def averages() -> Any:
    """The small strategy and engine of averages.py."""
    return import_file("averages_for_kernels", Path(__file__).with_name("averages.py"))


def import_file(name: str, path: Path) -> Any:
    """Import a file that is on no path."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def importer() -> Callable[[str, Path], Any]:
    """The function that imports a file that is on no path."""
    return import_file


@pytest.fixture(scope="session")
def state_of() -> Callable[[Any], Any]:
    """The function that shows all an object holds."""
    return state
