"""Writes a strategy in one file, ready to run."""

from __future__ import annotations

import keyword
from importlib.resources import files
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "trend": "two moving averages",
        "breakout": "a price channel and a stop",
        "reversion": "buy weakness, sell strength",
    }
)


def write_strategy(file: Path, template: str) -> str:
    """Write a new strategy file and return the name of its class.

    Args:
        file: A Python file that is not there yet; the class is named after it.
        template: One of ``TEMPLATES``.

    Raises:
        UsageError: If the file exists, cannot be written, or has a name Python could not import.
    """
    if template not in TEMPLATES:
        raise UsageError(
            f"the template was {template!r}, expected {' or '.join(TEMPLATES)}",
            hint=did_you_mean(template, TEMPLATES),
        )
    class_name = _class_name(file)
    source = files("tradectl") / "templates" / "strategy_file" / f"{template}.py.tmpl"
    text = Template(source.read_text(encoding="utf-8")).substitute(class_name=class_name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError(
            f"{file} exists, and nothing is overwritten", hint="choose another name"
        ) from error
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {(error.strerror or str(error)).lower()}",
            hint="name a folder you may write to",
        ) from error
    return class_name


def _class_name(file: Path) -> str:
    stem = file.stem
    name = "".join(part[:1].upper() + part[1:] for part in stem.replace("-", "_").split("_"))
    if file.suffix == ".py" and name.isidentifier() and not keyword.iskeyword(name):
        return name
    raise UsageError(
        f"the file was {file.name!r}, expected a name such as my_strategy.py",
        hint=f"call it {stem}.py" if name.isidentifier() and file.suffix != ".py" else "",
    )
