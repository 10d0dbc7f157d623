"""The adapter that ``tradectl plugin new --kind exchange`` writes, as the checks' reference."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

TEMPLATES = Path(__file__).resolve().parents[3] / "cli" / "src" / "tradectl" / "templates"
PACKAGE = "reference_venue"
VALUES = {
    "package": PACKAGE,
    "name": "reference",
    "venue": "REFERENCE",
    "class_name": "Reference",
    "plugin_class": "ReferencePlugin",
    "summary": "The reference",
}


def write(folder: Path) -> ModuleType:
    """Write the package into a folder and import its adapter."""
    package = folder / PACKAGE
    package.mkdir()
    for template in (TEMPLATES / "exchange").glob("*.py.tmpl"):
        text = Template(template.read_text(encoding="utf-8")).substitute(VALUES)
        (package / template.name.removesuffix(".tmpl")).write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(f"{PACKAGE}.exchange")
    finally:
        sys.path.remove(str(folder))
