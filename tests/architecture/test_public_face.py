"""The SDK's public face offers what it says, and says it in one voice."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest
import tradectl_sdk
from face import disagreements
from workspace import SDK, Module, exported, modules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FACE = SDK / "src" / "tradectl_sdk" / "__init__.py"
AGREED = """
if TYPE_CHECKING:
    from tradectl_sdk.errors import A
    from tradectl_sdk.room import B
__version__ = "1"
_HOMES = {"A": "tradectl_sdk.errors", "B": "tradectl_sdk.room"}
__all__ = ["A", "B", "__version__"]
"""


def test_homes_exports_and_typed_imports_agree() -> None:
    assert disagreements(Module("tradectl_sdk", FACE, is_package=True)) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", []),
        ('"B", ', "", ["B: has a home, not in __all__"]),
        ('["A"', '["C", "A"', ["C: in __all__, without a home"]),
        (
            "room import B",
            "attic import B",
            ["B: at home in tradectl_sdk.room, imported for types from tradectl_sdk.attic"],
        ),
        (
            "    from tradectl_sdk.errors import A\n",
            "",
            ["A: at home in tradectl_sdk.errors, imported for types from None"],
        ),
        (
            '"A": "tradectl_sdk.errors", "B": "tradectl_sdk.room"',
            '"B": "tradectl_sdk.room", "A": "tradectl_sdk.errors"',
            ["_HOMES is not sorted"],
        ),
    ],
)
def test_a_disagreement_is_found(
    old: str, new: str, found: list[str], plant: Callable[[dict[str, str]], Path]
) -> None:
    root = plant({"__init__.py": AGREED.replace(old, new) if old else AGREED})
    assert disagreements(Module("tradectl_sdk", root / "__init__.py", is_package=True)) == found


@pytest.mark.parametrize("name", tradectl_sdk.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(tradectl_sdk, name) is not None
    assert name in dir(tradectl_sdk)


def test_a_name_that_is_not_offered_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Backtset'"):
        _ = tradectl_sdk.Backtset


@pytest.mark.parametrize(
    "module",
    [module for module in modules(SDK / "src") if module.is_package and module.room],
    ids=lambda module: module.name,
)
def test_every_room_offers_what_it_says(module: Module) -> None:
    room = importlib.import_module(module.name)
    missing = {name for name in exported(module) or () if not hasattr(room, name)}
    assert missing == set()
