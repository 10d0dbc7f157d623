"""The layers settings come from, each as a tree of values that knows where every key stood."""

from __future__ import annotations

import enum
import re
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.config.positions import KeyPath, locate
from tradectl_sdk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PREFIX = "TRADECTL__"
PLUGINS = "plugins"  # the section that has a table for every plugin
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_NEARLY_PREFIX = re.compile(r"TRADECTL_[A-Z0-9]+__", re.IGNORECASE)
_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# tomllib's words for two common mistakes, in words that say what to look for.
_PLAINER = {
    "Cannot overwrite a value": "the key is set twice",
    "Expected newline or end of document after a statement": "expected the line to end here",
}


class OriginKind(enum.StrEnum):
    """The layers, the weakest first."""

    DEFAULT = "default"
    USER = "user"
    PROJECT = "project"
    ENVIRONMENT = "environment"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value came from.

    Attributes:
        kind: The layer.
        file: The file, for the user and project layers.
        line: Line in that file, counted from 1; 0 when there is none.
        column: Column in that line, counted from 1; 0 when there is none.
        name: The environment variable, or the key of an override.
    """

    kind: OriginKind
    file: Path | None = None
    line: int = 0
    column: int = 0
    name: str = ""

    def __str__(self) -> str:
        """Return the origin as a person would say it: ``tradectl.toml:3:1``, ``default``."""
        match self.kind:
            case OriginKind.ENVIRONMENT:
                return f"environment variable {self.name}"
            case OriginKind.OVERRIDE:
                return f"--set {self.name}"
            case OriginKind.DEFAULT:
                return "default"
        return f"{self.file}:{self.line}:{self.column}" if self.line else f"{self.file}"

    def problem(self, key: str, message: str) -> Problem:
        """Return a problem that stands at this place."""
        if self.file is not None:
            return Problem(
                key=key, message=message, file=self.file, line=self.line, column=self.column
            )
        nowhere = self.kind is OriginKind.DEFAULT
        return Problem(key=key, message=message, origin="" if nowhere else str(self))


@dataclass(frozen=True, slots=True)
class Place:
    """Origins of a key and of its value; they differ in a file only."""

    key: Origin
    value: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One source of settings.

    Attributes:
        values: The settings as a tree of tables.
        places: Where each key of the tree stood.
        texts: The text of the values that came as text, for settings that want text.
        problems: What kept parts of the source from being read.
    """

    kind: OriginKind
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, Place] = field(default_factory=dict)
    texts: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: KeyPath) -> Place:
        """Return the place of a path, or of the nearest table or array around it."""
        while path and path not in self.places:
            path = path[:-1]
        nowhere = Origin(kind=self.kind)
        return self.places.get(path, Place(nowhere, nowhere))


def dotted(path: KeyPath) -> str:
    """Return a path as TOML writes it: ``risk.max_notional``, ``venues[0]."odd key"``."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            quoted = part if _BARE_KEY.match(part) else '"' + part.replace('"', '\\"') + '"'
            parts.append(f".{quoted}" if parts else quoted)
    return "".join(parts)


def leaves(values: Mapping[str, Any], path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value that is no table, with its path."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both trees as one: tables merge, any other value above replaces the one below."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both_tables = isinstance(value, dict) and isinstance(under, dict)
        merged[key] = merge(under, value) if both_tables else value  # type: ignore[arg-type]
    return merged


def file_layer(file: Path, kind: OriginKind) -> Layer:
    """Read a TOML file; whatever keeps it from being read becomes the layer's problem."""
    layer = Layer(kind=kind)
    try:
        text = _read_text(file)
        layer.values.update(tomllib.loads(text, parse_float=Decimal))
        located = locate(text)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        layer.problems.append(_file_problem(file, f"cannot be read: {reason}"))
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1} is not UTF-8, expected a text file in UTF-8"
        layer.problems.append(_file_problem(file, place))
    except RecursionError:
        layer.problems.append(_file_problem(file, "is nested too deeply"))
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        layer.problems.append(_syntax_problem(file, text, str(error)))
    else:
        for path, found in located.items():
            key, value = (
                Origin(kind=kind, file=file, line=position.line, column=position.column)
                for position in (found.key, found.value)
            )
            layer.places[path] = Place(key, value)
    return layer


def environment_layer(environment: Mapping[str, str]) -> Layer:
    """Read every ``TRADECTL__SECTION__KEY`` variable; its text is a TOML value, or plain text."""
    layer = Layer(kind=OriginKind.ENVIRONMENT)
    for name, text in sorted(environment.items()):
        origin = Origin(kind=OriginKind.ENVIRONMENT, name=name)
        if name.upper().startswith(PREFIX):
            path = _variable_path(name)
            if all(path):
                _put(layer, path, text, origin)
            else:
                expected = f"expected a name like {PREFIX}SECTION__KEY"
                layer.problems.append(origin.problem("", f"names no setting, {expected}"))
        elif _NEARLY_PREFIX.match(name):
            meant = PREFIX + name[len("TRADECTL_") :]
            layer.problems.append(origin.problem("", f"names no setting, did you mean {meant}?"))
    return layer


def _variable_path(name: str) -> KeyPath:
    section, *keys = name[len(PREFIX) :].lower().split("__")
    if section == PLUGINS and len(keys) > 1:
        # Names of plugins have hyphens and no underscores, those of variables the other way round.
        keys[0] = keys[0].replace("_", "-")
    return (section, *keys)


def variable_name(path: KeyPath) -> str:
    """Return the name of the environment variable that sets a path."""
    return PREFIX + "__".join(str(part).replace("-", "_") for part in path).upper()


def override_layer(overrides: Mapping[str, object]) -> Layer:
    """Read ``dotted.key -> value``; a text is a TOML value, or plain text."""
    layer = Layer(kind=OriginKind.OVERRIDE)
    for name, value in overrides.items():
        origin = Origin(kind=OriginKind.OVERRIDE, name=name)
        path = _parse_key(name)
        if path:
            _put(layer, path, value, origin)
        else:
            layer.problems.append(origin.problem("", "is no key, expected one like section.key"))
    return layer


def _read_text(file: Path) -> str:
    if not file.is_file() and file.exists():
        raise OSError(0, "it is a folder" if file.is_dir() else "it is no regular file")
    return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


def _file_problem(file: Path, message: str) -> Problem:
    return Problem(key="", message=message, file=file)


def _syntax_problem(file: Path, text: str, message: str) -> Problem:
    """Take tomllib's message apart: what is wrong, and where."""
    where = _TOML_POSITION.search(message)
    what = message[: where.start()] if where else message
    what = _PLAINER.get(what, what[:1].lower() + what[1:])
    if where and where[1]:
        line, column = int(where[1]), int(where[2])
    else:
        lines = text.split("\n")
        line, column = (len(lines), len(lines[-1]) + 1) if where else (0, 0)
    return Problem(key="", message=f"not valid TOML: {what}", file=file, line=line, column=column)


def _parse_key(name: str) -> KeyPath:
    """Return the path of a dotted TOML key, or nothing when it is none."""
    if set(name) & set("=#\n\r"):
        return ()
    try:
        node: Any = tomllib.loads(f"{name} = 0")
    except (ValueError, RecursionError):
        return ()
    path: KeyPath = ()
    while isinstance(node, dict):
        ((key, node),) = node.items()
        path = (*path, key)
    return path


def _parse_text(text: str) -> Any:
    """Return what the text means as a TOML value, or the text itself when it is none."""
    try:
        table = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except (ValueError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


def _put(layer: Layer, path: KeyPath, value: object, origin: Origin) -> None:
    """Set a value in a layer, unless another variable or option has set it already."""
    node = layer.values
    for index, key in enumerate(path[:-1]):
        layer.places.setdefault(path[: index + 1], Place(origin, origin))
        node = node.setdefault(str(key), {})
        if not isinstance(node, dict):
            break
    if not isinstance(node, dict) or path[-1] in node:
        other = layer.place(path).key
        layer.problems.append(origin.problem(dotted(path), f"is set twice, here and by {other}"))
        return
    if isinstance(value, str):
        layer.texts[path] = value
        value = _parse_text(value)
    node[str(path[-1])] = value
    layer.places[path] = Place(origin, origin)
