"""Fixtures for the SDK's tests."""

from __future__ import annotations

import itertools
import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of reference data beside the repository; skips by name where it is absent."""
    default = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("TRADECTL_SHARED", default)) / "data"
    if not folder.is_dir():
        pytest.skip("shared data is absent: the folder itself")
    return folder


class FakeSite:
    """A folder like site-packages, with distributions that pip never saw."""

    _ticks = itertools.count(1_000_000_000, 1_000_000_000)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def module(self, name: str, code: str) -> None:
        """Write a module."""
        (self.folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")

    def distribution(
        self,
        name: str,
        entry_points: Mapping[str, Mapping[str, str]] | str | bytes,
        *,
        version: str = "1.0",
        metadata: str | bytes | None = None,
    ) -> Path:
        """Write the metadata of a distribution and return their folder."""
        folder = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        if metadata is None:
            metadata = (
                f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nSummary: All of {name}\n"
            )
        _write(folder / "METADATA", metadata)
        if not isinstance(entry_points, str | bytes):
            entry_points = "\n".join(
                f"[{group}]\n" + "\n".join(f"{key} = {value}" for key, value in table.items())
                for group, table in entry_points.items()
            )
        _write(folder / "entry_points.txt", entry_points)
        # Folders written within one tick of the file system's clock must not look alike
        tick = next(self._ticks)
        os.utime(self.folder, ns=(tick, tick))
        return folder

    def plugin(
        self, name: str, body: str = "", *, group: str = "tradectl.v1", top: str = "", **more: Any
    ) -> None:
        """Install distribution ``tradectl-NAME`` with plugin NAME, given the body of its class."""
        module = f"fake_{name.replace('-', '_')}_{id(self)}"
        code = [
            "from tradectl_sdk.hooks import DataSourceSpec, Hooks, StrategySpec, hookimpl",
            textwrap.dedent(top),
            "class Plugin(Hooks):",
            "    '''A plugin under test.'''",
            textwrap.indent(textwrap.dedent(body), "    "),
            "plugin = Plugin()",
        ]
        self.module(module, "\n".join(code))
        self.distribution(f"tradectl-{name}", {group: {name: f"{module}:plugin"}}, **more)

    def strategies(self, name: str, *offered: str, **more: Any) -> None:
        """Install a plugin that offers strategies by these names."""
        self.plugin(name, offering(*offered), **more)

    def plugins(self, **options: Any) -> Plugins:
        """Discover what is installed here, whatever the environment says."""
        options = {"environment": {}, **options}
        return Plugins.discover(path=[self.folder], **options)


def offering(*names: str) -> str:
    """Return the body of a plugin class that offers strategies by these names."""
    specs = "\n".join(
        f"    yield StrategySpec(name={name!r}, summary='One', factory='nowhere:Nothing')"
        for name in names
    )
    return f"@hookimpl\ndef tradectl_strategies(self):\n{specs}\n"


def _write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSite]:
    """An empty folder like site-packages that is on the path for this test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield FakeSite(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
