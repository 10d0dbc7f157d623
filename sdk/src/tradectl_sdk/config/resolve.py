"""From layers to one validated model, or to the list of everything that is wrong with them."""

from __future__ import annotations

import copy
import difflib
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from tradectl_sdk.config.layers import (
    Layer,
    Origin,
    OriginKind,
    Place,
    dotted,
    leaves,
    merge,
    variable_name,
)
from tradectl_sdk.config.messages import explain
from tradectl_sdk.config.section import is_secret_name, is_secret_reference
from tradectl_sdk.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from tradectl_sdk.config.positions import KeyPath

M = TypeVar("M", bound=BaseModel)

_WANTS_TEXT = frozenset({"string_type", "path_type"})
_ABSENT = object()


def resolve(
    model: type[M],
    layers: Sequence[Layer],
    *,
    prefix: KeyPath = (),
    further: Iterable[Problem] = (),
) -> M:
    """Validate every layer on its own, and all of them together.

    A value that a higher layer hides is checked too: a file is right or wrong whatever stands
    above it, and the day the upper value goes is a bad day to find out.

    Args:
        model: What the settings must look like.
        layers: The sources, the weakest first.
        prefix: Where in the settings the model's table stands.
        further: Problems that somebody else found; those of a key that is reported already are
            dropped.

    Raises:
        ConfigError: With every problem found.
    """
    checks = [_LayerCheck(model, layer, prefix) for layer in layers]
    problems = [problem for check in checks for problem in check.problems()]
    merged: dict[str, Any] = {}
    for check in checks:
        merged = merge(merged, check.values)
    instance, errors = _validate(model, merged)
    reported = {problem.key for problem in problems}
    for path, found in _by_path(errors, merged).items():
        whole = (*prefix, *path)
        if dotted(whole) not in reported:
            message = explain(found, secret=_is_secret(path))
            problems.append(place_in_force(layers, whole).value.problem(dotted(whole), message))
    reported = {problem.key for problem in problems}
    problems += [problem for problem in further if problem.key not in reported]
    if problems or instance is None:
        raise _config_error(problems)
    return instance


def place_in_force(layers: Sequence[Layer], path: KeyPath) -> Place:
    """Return where the value in force stands, or the nearest table around it."""
    for length in range(len(path), 0, -1):
        for layer in reversed(layers):
            if _at(layer.values, path[:length]) is not _ABSENT:
                return layer.place(path[:length])
    default = Origin(kind=OriginKind.DEFAULT)
    return Place(default, default)


def value_in_force(layers: Sequence[Layer], path: KeyPath) -> Any:
    """Return what the strongest layer that names a setting says, or None when none does."""
    for layer in reversed(layers):
        if (value := _at(layer.values, path)) is not _ABSENT:
            return value
    return None


def is_given(layers: Sequence[Layer], path: KeyPath) -> bool:
    """Tell whether any layer has a value at the path."""
    return any(_at(layer.values, path) is not _ABSENT for layer in layers)


class _LayerCheck:
    """One layer's part of the settings, seen through the model."""

    def __init__(self, model: type[BaseModel], layer: Layer, prefix: KeyPath) -> None:
        self.model = model
        self.layer = layer
        self.prefix = prefix
        found = _at(layer.values, prefix)
        self.values: dict[str, Any] = copy.deepcopy(found) if isinstance(found, dict) else {}
        _, self.errors = _validate(model, self.values)
        if self._prefer_texts():
            _, self.errors = _validate(model, self.values)

    def problems(self) -> list[Problem]:
        """Return everything wrong with this layer, in the order it stands there."""
        found = [] if self.prefix else list(self.layer.problems)
        found.extend(self._plain_secrets())
        for path, errors in _by_path(self.errors, self.values).items():
            if not self._waits_for_others(errors[0], path):
                found.append(self._problem(path, errors))
        return sorted(found, key=lambda problem: (problem.line, problem.column))

    def _problem(self, path: KeyPath, errors: list[ErrorDetails]) -> Problem:
        whole = (*self.prefix, *path)
        place = self.layer.place(whole)
        kind = errors[0]["type"]
        meant = self._meant(path) if kind in {"extra_forbidden", "dict_type"} else ""
        if meant or kind == "extra_forbidden":
            message = f"unknown key, did you mean {meant}?" if meant else "unknown key"
            return place.key.problem(dotted(whole), message)
        return place.value.problem(dotted(whole), explain(errors, secret=_is_secret(path)))

    def _prefer_texts(self) -> bool:
        """Give text to the settings that want text: in ``--set name=123``, 123 is a name."""
        changed = False
        for error in self.errors:
            path = error["loc"]
            text = self.layer.texts.get((*self.prefix, *path))
            if error["type"] in _WANTS_TEXT and text is not None:
                _at(self.values, path[:-1])[path[-1]] = text
                changed = True
        return changed

    def _plain_secrets(self) -> Iterator[Problem]:
        for path, value in leaves(self.values):
            if _is_secret(path) and isinstance(value, str) and not is_secret_reference(value):
                whole = (*self.prefix, *path)
                yield self.layer.place(whole).value.problem(
                    dotted(whole), "is a secret in plain text, expected a reference like env:NAME"
                )

    def _waits_for_others(self, error: ErrorDetails, path: KeyPath) -> bool:
        """Tell whether the error may vanish with what other layers add to the same table."""
        about_table = isinstance(_at(self.values, path), dict)
        return error["type"] == "missing" or (
            about_table and error["type"] in {"value_error", "assertion_error"}
        )

    def _meant(self, path: KeyPath) -> str:
        """Return the known key that an unknown one was probably meant to be, or nothing."""
        parent, name = path[:-1], str(path[-1])
        known = list(_known_keys(self.model))
        if path in known:
            return ""
        siblings = [str(key[-1]) for key in known if key[:-1] == parent]
        if near := difflib.get_close_matches(name, siblings, n=1):
            return self._spelt((*parent, near[0]), parent)
        namesakes = [key for key in known if key[-1] == name]
        return self._spelt(namesakes[0], parent) if namesakes else ""

    def _spelt(self, key: KeyPath, parent: KeyPath) -> str:
        """Return a key as this layer would write it."""
        whole = (*self.prefix, *key)
        if self.layer.kind is OriginKind.ENVIRONMENT:
            return variable_name(whole)
        beside = key[:-1] == parent and self.layer.kind is not OriginKind.OVERRIDE
        return str(key[-1]) if beside else dotted(whole)


def _config_error(problems: Sequence[Problem]) -> ConfigError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigError(
        f"{count} in the settings",
        problems=_by_place(problems),
        hint="tradectl config schema prints every setting there is",
    )


def _by_place(problems: Sequence[Problem]) -> list[Problem]:
    """Sort by line within each file, and leave the files in the order they were met."""
    files = list(dict.fromkeys(problem.file for problem in problems))
    return sorted(problems, key=lambda each: (files.index(each.file), each.line, each.column))


def _validate(model: type[M], values: dict[str, Any]) -> tuple[M | None, list[ErrorDetails]]:
    """Validate; a model that does not say what it thinks of unknown keys refuses them."""
    extra: Literal["forbid"] | None = None if "extra" in model.model_config else "forbid"
    try:
        return model.model_validate(values, extra=extra), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _by_path(
    errors: list[ErrorDetails], values: Mapping[str, Any]
) -> dict[KeyPath, list[ErrorDetails]]:
    """Group errors by the value they are about.

    pydantic appends the members of a union to the path; the path in the settings ends before.
    """
    grouped: dict[KeyPath, list[ErrorDetails]] = {}
    for error in errors:
        path = error["loc"]
        while error["type"] != "missing" and path and _at(values, path) is _ABSENT:
            path = path[:-1]
        grouped.setdefault(path, []).append(error)
    return grouped


def _at(values: Any, path: KeyPath) -> Any:
    """Return what stands at a path, or `_ABSENT`."""
    for key in path:
        table_has = isinstance(values, dict) and key in values
        list_has = isinstance(values, list) and isinstance(key, int) and key < len(values)
        if not table_has and not list_has:
            return _ABSENT
        values = values[key]
    return values


def _known_keys(model: type[BaseModel], path: KeyPath = ()) -> Iterator[KeyPath]:
    for name, info in model.model_fields.items():
        key = (*path, info.alias or name)
        yield key
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _known_keys(info.annotation, key)


def _is_secret(path: KeyPath) -> bool:
    return any(is_secret_name(str(key)) for key in path)
