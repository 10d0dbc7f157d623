"""Which module may import which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace import Import, Module, distributions, exported, modules, package_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The rooms of the SDK from the ground up: a room imports rooms of its own row and rows above it.
ROWS = (
    {"errors"},
    {"domain"},
    {"kernel"},
    {"indicators"},
    {"strategy", "engine"},
    {"data"},
    {"evidence"},
    {"runs"},
    {"research"},
    {"report"},
    {"models"},
    {"exchange"},
    {"bus", "paper", "keys", "notify"},
    {"nodes"},
    {"hooks", "plugins"},
    {"pipelines"},
    {"testing"},
)
# Rooms beside the rows: what such a room may import, and which rooms may import it.
ASIDE = {"config": ({"errors"}, {"pipelines"})}
# Rooms that the rows would allow, but that are not to be known.
STRANGERS = {
    "report": {"strategy", "engine", "kernel", "indicators", "data"},
    "kernel": {"domain"},
    "evidence": {"domain", "kernel", "indicators", "strategy", "engine", "data"},
    "data": {"strategy", "engine", "kernel", "indicators"},
}
# What the face may give to the rooms behind it, although it stands in front of them.
FACE_NAMES = {"__version__"}

# Ways to the clock, the disk, the network and chance.
WORLD = {
    "asyncio", "datetime", "glob", "http", "io", "os", "pathlib", "random", "requests", "secrets",
    "shutil", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib",
    "uuid", "zoneinfo",
}  # fmt: skip
# Objects that are stepped: what happens goes in, what is to be done comes out.
CORES = (
    "tradectl_sdk.nodes.gateway.core",
    "tradectl_sdk.nodes.executor.core",
    "tradectl_sdk.nodes.host.core",
    "tradectl_sdk.paper.core",
    "tradectl_sdk.bus.channel",
    "tradectl_sdk.bus.publishing",
    "tradectl_sdk.bus.subscribing",
)
CORE_ROOMS = {"nodes", "bus", "paper", "exchange", "engine"}
# Module and import -> why it may.
WORLDLY = {
    ("tradectl_sdk.engine.run", "time"): "measures how long a finished run took",
    ("tradectl_sdk.nodes.failpoints", "os"): "kills the process where a test asks for it",
}


def room_arrows(source: Path) -> list[str]:
    """Return the imports between rooms of the SDK that point upwards or to a stranger."""
    rank = {room: index for index, row in enumerate(ROWS) for room in row}
    found = []
    for module, target in _inner_imports(source):
        if not module.room or module.room == _room(target, rank):
            continue
        other = _room(target, rank)
        if not other:
            if target.name not in FACE_NAMES:
                found.append(_line(module, target, "a room imports the face"))
        elif not _may_import(module.room, other, rank):
            found.append(_line(module, target, f"{module.room} imports {other}"))
    return found


def unknown_rooms(source: Path) -> list[str]:
    """Return the rooms of the SDK that stand in no row."""
    known = {room for row in ROWS for room in row} | set(ASIDE) | {""}
    return sorted({module.room for module in modules(source)} - known)


def foreign_imports(root: Path) -> list[str]:
    """Return imports of another distribution that the importing one must not know."""
    found = []
    packages = {package_name(folder) for folder in distributions(root)}
    for folder in distributions(root):
        own = package_name(folder)
        allowed = {own, "tradectl_sdk"} if own != "tradectl_sdk" else {own}
        for module in modules(folder / "src"):
            for target in module.imports():
                package = target.module.partition(".")[0]
                if package in packages - allowed:
                    found.append(_line(module, target, f"{own} imports {package}"))
    return found


def private_imports(root: Path) -> list[str]:
    """Return imports of names with an underscore from another distribution."""
    return [
        _line(module, target, "a private name of another distribution")
        for module, target in _crossing_imports(root)
        if any(_is_private(part) for part in (*target.module.split("."), target.name))
    ]


def unpublished_imports(root: Path) -> list[str]:
    """Return what plugins import of the SDK that the SDK does not offer.

    Public are the face, the face of each room, and the modules of a room that has none.
    """
    homes = {module.name: module for module in modules(root / "sdk" / "src")}
    found = []
    for module, target in _crossing_imports(root / "plugins", pattern="*"):
        home = homes.get(target.module)
        names = exported(home) if home is not None else set()
        room_face = homes.get(".".join(target.module.split(".")[:2]))
        is_inner = target.module.count(".") > 1
        if is_inner and room_face is not None and exported(room_face) is not None:
            found.append(_line(module, target, f"not public, {room_face.name} is"))
        elif names is not None and target.name and target.name not in names:
            found.append(_line(module, target, f"not in __all__ of {target.module}"))
    return found


def worldly_imports(source: Path, room: str = "") -> list[str]:
    """Return imports that would let an engine or a strategy see more than its context."""
    return [
        _line(module, target, f"{target.module} leads outside")
        for module in modules(source)
        if not room or module.room == room
        for target in module.imports()
        if _leads_outside(module, target)
    ]


def worldly_cores(source: Path) -> list[str]:
    """Return imports of the world by a core, or by anything of its rooms that it needs."""
    homes = {module.name: module for module in modules(source)}
    waiting, met, found = [name for name in CORES if name in homes], set(), []
    while waiting:
        module = homes[waiting.pop()]
        if module.name in met:
            continue
        met.add(module.name)
        for target in module.needs():
            inner = next(
                (n for n in (f"{target.module}.{target.name}", target.module) if n in homes), ""
            )
            if inner and homes[inner].room in CORE_ROOMS and not homes[inner].is_package:
                waiting.append(inner)
            if _leads_outside(module, target):
                found.append(_line(module, target, f"{target.module} leads outside"))
    return found


def _leads_outside(module: Module, target: Import) -> bool:
    world = target.module.partition(".")[0] in WORLD
    return world and (module.name, target.module) not in WORLDLY


def _inner_imports(source: Path) -> Iterator[tuple[Module, Import]]:
    for module in modules(source):
        for target in module.imports():
            if target.module.partition(".")[0] == "tradectl_sdk":
                yield module, target


def _crossing_imports(root: Path, pattern: str = "") -> Iterator[tuple[Module, Import]]:
    """Yield imports of a tradectl distribution by another one."""
    folders = sorted(root.glob(pattern)) if pattern else distributions(root)
    for folder in folders:
        for module in modules(folder / "src"):
            own = module.name.partition(".")[0]
            for target in module.imports():
                package = target.module.partition(".")[0]
                if package.startswith("tradectl") and package != own:
                    yield module, target


def _room(target: Import, rank: dict[str, int]) -> str:
    """Return the room an import leads to; empty for the SDK's face."""
    inner = target.module.partition(".")[2].partition(".")[0]
    if inner:
        return inner
    return target.name if target.name in rank or target.name in ASIDE else ""


def _may_import(room: str, other: str, rank: dict[str, int]) -> bool:
    if room in ASIDE:
        return other in ASIDE[room][0]
    if other in ASIDE:
        return room in ASIDE[other][1]
    if other in STRANGERS.get(room, ()):
        return False
    return rank.get(other, len(ROWS)) <= rank.get(room, -1)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def _line(module: Module, target: Import, why: str) -> str:
    name = f"{target.module}.{target.name}" if target.name else target.module
    return f"{module.name}:{target.line} {name}: {why}"
