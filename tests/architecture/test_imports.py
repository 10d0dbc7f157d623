"""Arrows between rooms point down, and nobody reaches into another's drawers."""

from __future__ import annotations

import pytest
from arrows import (
    foreign_imports,
    private_imports,
    room_arrows,
    unknown_rooms,
    unpublished_imports,
    worldly_cores,
    worldly_imports,
)
from workspace import ROOT, SDK, distributions

Plant = "Callable[[dict[str, str]], Path]"

PROJECT = '[project]\nname = "{}"\nversion = "1.0"\n'


def test_rooms_import_only_rooms_below_them() -> None:
    assert room_arrows(SDK / "src") == []


@pytest.mark.parametrize(
    ("room", "line", "culprit"),
    [
        ("domain", "from tradectl_sdk.engine import run", "domain imports engine"),
        ("errors", "import tradectl_sdk.domain.money", "errors imports domain"),
        ("engine", "def f():\n    from tradectl_sdk import plugins", "engine imports plugins"),
        ("kernel", "from tradectl_sdk.domain.money import X", "kernel imports domain"),
        ("data", "from tradectl_sdk.strategy import Strategy", "data imports strategy"),
        ("config", "from tradectl_sdk.domain import X", "config imports domain"),
        ("plugins", "from tradectl_sdk.config import Settings", "plugins imports config"),
        ("runs", "from tradectl_sdk import backtest", "a room imports the face"),
        ("attic", "from tradectl_sdk.errors import X", "attic imports errors"),
    ],
)
def test_an_arrow_that_points_up_is_found(room: str, line: str, culprit: str, plant: Plant) -> None:
    source = plant({f"tradectl_sdk/{room}/inner.py": line})
    (found,) = room_arrows(source)
    assert found.startswith(f"tradectl_sdk.{room}.inner:")
    assert culprit in found


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("engine", "from tradectl_sdk.domain.money import X"),
        ("plugins", "from tradectl_sdk import __version__"),
        ("pipelines", "from tradectl_sdk import config"),
        ("data", "from tradectl_sdk.data.other import X"),
    ],
)
def test_an_arrow_that_points_down_is_fine(room: str, line: str, plant: Plant) -> None:
    assert room_arrows(plant({f"tradectl_sdk/{room}/inner.py": line})) == []


def test_every_room_stands_in_a_row() -> None:
    assert unknown_rooms(SDK / "src") == []


def test_a_room_without_a_row_is_found(plant: Plant) -> None:
    assert unknown_rooms(plant({"tradectl_sdk/attic/__init__.py": ""})) == ["attic"]


def test_the_sdk_knows_no_plugin_and_plugins_know_the_sdk_only() -> None:
    assert foreign_imports(ROOT) == []


@pytest.mark.parametrize(
    ("folder", "other", "found"),
    [
        ("sdk", "tradectl_acme", ["tradectl_sdk imports tradectl_acme"]),
        ("sdk", "tradectl", ["tradectl_sdk imports tradectl"]),
        ("plugins/acme", "tradectl", ["tradectl_acme imports tradectl"]),
        ("cli", "tradectl_acme", ["tradectl imports tradectl_acme"]),
        ("plugins/acme", "tradectl_sdk", []),
        ("cli", "tradectl_sdk", []),
    ],
)
def test_an_import_of_a_distribution_not_to_be_known_is_found(
    folder: str, other: str, found: list[str], plant: Plant
) -> None:
    names = {"sdk": "tradectl-sdk", "cli": "tradectl", "plugins/acme": "tradectl-acme"}
    files = {f"{path}/pyproject.toml": PROJECT.format(name) for path, name in names.items()}
    files[f"{folder}/src/{names[folder].replace('-', '_')}/inner.py"] = f"import {other}.x"
    assert [line.split(": ")[1] for line in foreign_imports(plant(files))] == found


def test_nobody_imports_a_private_name_of_another_distribution() -> None:
    assert private_imports(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        "from tradectl_sdk import _HOMES",
        "from tradectl_sdk._inner import x",
        "import tradectl_sdk.data._inner",
    ],
)
def test_an_import_of_a_private_name_is_found(line: str, plant: Plant) -> None:
    files = {
        "cli/pyproject.toml": PROJECT.format("tradectl"),
        "cli/src/tradectl/inner.py": f"{line}\nfrom tradectl_sdk import __version__",
    }
    assert len(private_imports(plant(files))) == 1


def test_plugins_import_what_the_sdk_offers_and_nothing_else() -> None:
    assert unpublished_imports(ROOT) == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("from tradectl_sdk.room.inner import X", 1),
        ("from tradectl_sdk.room import Y", 1),
        ("from tradectl_sdk import Z", 1),
        ("from tradectl_sdk.room import X", 0),
        ("from tradectl_sdk.open.inner import X", 0),
        ("from tradectl_sdk import F", 0),
    ],
)
def test_an_import_of_what_is_not_offered_is_found(line: str, count: int, plant: Plant) -> None:
    files = {
        "sdk/pyproject.toml": PROJECT.format("tradectl-sdk"),
        "sdk/src/tradectl_sdk/__init__.py": '__all__ = ["F"]',
        "sdk/src/tradectl_sdk/room/__init__.py": '__all__ = ["X"]',
        "sdk/src/tradectl_sdk/room/inner.py": "X = Y = 1",
        "sdk/src/tradectl_sdk/open/__init__.py": "",
        "sdk/src/tradectl_sdk/open/inner.py": "X = 1",
        "plugins/acme/src/tradectl_acme/__init__.py": line,
    }
    assert len(unpublished_imports(plant(files))) == count


def test_the_engine_sees_no_clock_disk_network_or_chance() -> None:
    assert worldly_imports(SDK / "src", room="engine") == []


def test_strategies_see_no_clock_disk_network_or_chance() -> None:
    assert worldly_imports(ROOT / "plugins" / "strategies" / "src") == []


def test_cores_see_no_clock_disk_network_or_chance() -> None:
    assert worldly_cores(SDK / "src") == []


def test_what_a_core_needs_is_looked_at_too(plant: Plant) -> None:
    source = plant(
        {
            "tradectl_sdk/nodes/host/core.py": "from tradectl_sdk.nodes.host import inner\n",
            "tradectl_sdk/nodes/host/inner.py": "def f():\n    import time\n",
            "tradectl_sdk/nodes/host/node.py": "import time\n",
            "tradectl_sdk/bus/channel.py": "if TYPE_CHECKING:\n    import asyncio\n",
        }
    )
    (found,) = worldly_cores(source)
    assert found == "tradectl_sdk.nodes.host.inner:2 time: time leads outside"


@pytest.mark.parametrize(
    "line",
    ["import time", "from datetime import UTC", "def f():\n    import os.path", "import random"],
)
def test_a_way_to_the_outside_is_found(line: str, plant: Plant) -> None:
    source = plant({"tradectl_sdk/engine/inner.py": line, "tradectl_sdk/data/other.py": line})
    assert len(worldly_imports(source, room="engine")) == 1
    assert len(worldly_imports(source)) == 2


def test_the_rules_look_at_something() -> None:
    assert {"sdk", "cli", "strategies"} <= {folder.name for folder in distributions(ROOT)}
