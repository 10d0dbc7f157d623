"""Writes the repository of a new plugin from templates.

The templates are ``string.Template`` texts inside this package. A repository appears whole or not
at all: it is written beside its place and renamed into it.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING

import tradectl_sdk
from tradectl_sdk.errors import UsageError, did_you_mean
from tradectl_sdk.plugins import API_VERSION, normalise_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

# File in the new repository -> template it is made from
_EVERY_PLUGIN: Mapping[str, str] = {
    "pyproject.toml": "plugin/pyproject.toml",
    "README.md": "plugin/README.md",
    "LICENSE": "plugin/LICENSE-$license",
    ".gitignore": "plugin/gitignore",
    ".github/workflows/ci.yml": "plugin/ci.yml",
    "src/$package/py.typed": "plugin/py.typed",
    "tests/test_conformance.py": "plugin/test_conformance.py",
}
KINDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "strategy": {
            "src/$package/__init__.py": "strategy/__init__.py",
            "src/$package/strategy.py": "strategy/strategy.py",
        },
        "data-source": {
            "src/$package/__init__.py": "data_source/__init__.py",
            "src/$package/source.py": "data_source/source.py",
            "tests/test_source.py": "data_source/test_source.py",
        },
        "exchange": {
            "src/$package/__init__.py": "exchange/__init__.py",
            "src/$package/exchange.py": "exchange/exchange.py",
            "src/$package/wire.py": "exchange/wire.py",
            "src/$package/convert.py": "exchange/convert.py",
            "src/$package/rehearsal.py": "exchange/rehearsal.py",
        },
    }
)

# Kind -> what it imports beside the SDK
_DEPENDENCIES: Mapping[str, str] = MappingProxyType(
    {
        "data-source": ', "numpy>=2.1"',
        "exchange": ', "pydantic>=2.12"',
    }
)

LONGEST_LINE = 80  # characters of a summary that the conformance suite accepts

LICENSES: Mapping[str, str] = MappingProxyType(
    {
        "MIT": "MIT licence, see LICENSE.",
        "Apache-2.0": "Apache License 2.0, see LICENSE.",
        "Proprietary": "All rights reserved, see LICENSE.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlugin:
    """What the repository of a new plugin is made from.

    Attributes:
        name: What users will type: lower-case letters, digits and hyphens.
        kind: One of ``KINDS``.
        license: One of ``LICENSES``.
        author: Who holds the copyright.
        summary: One line about it.

    Raises:
        UsageError: One of them is not of this form.
    """

    name: str
    kind: str
    license: str = "MIT"
    author: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not become a distribution, a package and a class."""
        _check_name(self.name)
        _check_choice("kind of plugin", self.kind, KINDS)
        _check_choice("licence", self.license, LICENSES)
        for what, text in (("author", self.author), ("summary", self.summary)):
            if not text.isprintable() or len(text) > LONGEST_LINE or set(text) & set('"\\'):
                raise UsageError(
                    f"the {what} was {text!r}, expected one line of at most {LONGEST_LINE} "
                    "characters without quotes and backslashes"
                )

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return f"tradectl-{self.name}"

    @property
    def package(self) -> str:
        """What Python calls it."""
        return self.distribution.replace("-", "_")

    def values(self) -> Mapping[str, str]:
        """Return what the templates may name."""
        stem = "".join(part.capitalize() for part in self.name.split("-"))
        proprietary = self.license == "Proprietary"
        return {
            "name": self.name,
            "distribution": self.distribution,
            "package": self.package,
            "class_name": stem,
            "plugin_class": f"{stem}Plugin",
            "venue": self.name.replace("-", "").upper(),
            "dependencies": _DEPENDENCIES.get(self.kind, ""),
            "summary": (self.summary or f"The {self.name} {self.kind.replace('-', ' ')}").rstrip(
                "."
            ),
            "author": self.author or f"The authors of {self.distribution}",
            "license": self.license,
            "license_line": 'license = { file = "LICENSE" }'
            if proprietary
            else f'license = "{self.license}"\nlicense-files = ["LICENSE"]',
            "license_sentence": LICENSES[self.license],
            "sdk_series": ".".join(tradectl_sdk.__version__.split(".")[:2]),
            "api": str(API_VERSION),
            "year": str(dt.datetime.now(tz=dt.UTC).year),
        }

    def contents(self) -> Mapping[str, str]:
        """Return file -> text of the whole repository."""
        values = self.values()
        folder = files("tradectl") / "templates"
        return {
            _filled(path, values): _filled(
                (folder / f"{_filled(template, values)}.tmpl").read_text(encoding="utf-8"), values
            )
            for path, template in {**_EVERY_PLUGIN, **KINDS[self.kind]}.items()
        }

    def write(self, parent: Path) -> Path:
        """Write the repository into a new folder named after the distribution.

        Args:
            parent: The folder that will hold it.

        Returns:
            The repository's folder.

        Raises:
            UsageError: There is something of that name already, or no folder can be made.
        """
        target = parent / self.distribution
        if target.exists() or target.is_symlink():
            raise UsageError(
                f"{target} exists, and nothing is overwritten",
                hint="choose another name, or another folder with --into",
            )
        if importlib.util.find_spec(self.package):
            raise UsageError(
                f"{self.package} is installed in this environment already",
                hint="choose another name",
            )
        try:
            _write_whole(target, self.contents())
        except OSError as error:
            raise UsageError(
                f"{target} cannot be written: {(error.strerror or str(error)).lower()}",
                hint="name a folder you may write to with --into",
            ) from error
        return target


def _write_whole(target: Path, contents: Mapping[str, str]) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, text in contents.items():
            file = unfinished / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        unfinished.chmod(0o755)  # mkdtemp makes folders that only their owner may enter
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _filled(text: str, values: Mapping[str, str]) -> str:
    return Template(text).substitute(values)


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) and not name.startswith("tradectl-"):
        return
    words = re.sub(r"[^A-Za-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name))
    near = normalise_name(words).removeprefix("tradectl-")
    if name.startswith("tradectl-"):
        message = f"the name was {name!r}, expected it without tradectl-, which is put in front"
    else:
        message = f"the name was {name!r}, expected lower-case letters, digits and hyphens"
    raise UsageError(message, hint=f"call it {near}" if _NAME.fullmatch(near) else "")


def _check_choice(what: str, word: str, choices: Mapping[str, object]) -> None:
    if word not in choices:
        raise UsageError(
            f"the {what} was {word!r}, expected {' or '.join(choices)}",
            hint=did_you_mean(word, choices),
        )
