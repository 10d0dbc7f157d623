"""Settings as they are in force, and where each of them came from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, TypeAdapter

from tradectl_sdk.config.files import find_files, is_there
from tradectl_sdk.config.layers import (
    Layer,
    Origin,
    OriginKind,
    dotted,
    environment_layer,
    file_layer,
    leaves,
    override_layer,
)
from tradectl_sdk.config.positions import KeyPath  # noqa: TC001
from tradectl_sdk.config.resolve import is_given, place_in_force, resolve
from tradectl_sdk.config.section import Section
from tradectl_sdk.config.settings import Settings
from tradectl_sdk.errors import Problem

M = TypeVar("M", bound=BaseModel)

FurtherCheck: TypeAlias = Callable[[Sequence[Layer]], Iterable[Problem]]

_DEFAULT = Origin(kind=OriginKind.DEFAULT)
_JSON = TypeAdapter(Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingValue:
    """One setting in force: its dotted key, its value as JSON has it, and its origin.

    A decimal number is a string here, so that no digit is lost.
    """

    key: str
    value: Any
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSettings:
    """Settings, and where they came from.

    Attributes:
        settings: The settings in force.
        origins: Dotted key -> where its value came from, for every setting.
        files: The files that were read, the weakest first.
        layers: The sources as they were read, the weakest first.
    """

    settings: Settings
    origins: Mapping[str, Origin]
    files: tuple[Path, ...]
    layers: tuple[Layer, ...] = field(repr=False)

    def values(self) -> Iterator[SettingValue]:
        """Yield every setting in force, in the order of `describe_settings`."""
        for path, value in _setting_leaves(self.settings):
            key = dotted(path)
            ready = _JSON.dump_python(value, mode="json")
            yield SettingValue(key=key, value=ready, origin=self.origins[key])


def load_settings(
    *,
    project: Path | None,
    user: Path | None,
    environment: Mapping[str, str],
    overrides: Mapping[str, object],
    further: FurtherCheck | None = None,
) -> LoadedSettings:
    """Read the layers, the weakest first, and put them together.

    Args:
        project: The project's settings file, or None outside a project.
        user: The user's settings file, or None; it need not exist.
        environment: Variables named ``TRADECTL__SECTION__KEY`` are settings, others are ignored.
        overrides: Dotted key -> value. A text is read as a TOML value, or is a plain text when it
            is none; any other value is taken as it is.
        further: Finds what is wrong with the layers beyond what sections say of themselves, such
            as names that nobody answers to.

    Raises:
        ConfigError: With every problem of every layer.
    """
    files = [(user, OriginKind.USER)] if user is not None and is_there(user) else []
    if project is not None:
        files.append((project, OriginKind.PROJECT))
    layers = [file_layer(file, kind) for file, kind in files]
    layers += [environment_layer(environment), override_layer(overrides)]
    settings = resolve(Settings, layers, further=further(layers) if further else ())
    origins = {
        dotted(path): place_in_force(layers, path).key if is_given(layers, path) else _DEFAULT
        for path, _ in _setting_leaves(settings)
    }
    root = project.parent if project is not None else None
    return LoadedSettings(
        settings=_with_absolute_folders(settings, origins, root),
        origins=origins,
        files=tuple(file for file, _ in files),
        layers=tuple(layers),
    )


def discover_settings(
    *,
    project: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    start: Path | None = None,
    environment: Mapping[str, str] | None = None,
    further: FurtherCheck | None = None,
) -> LoadedSettings:
    """Find the settings files and load what they, the environment and the overrides say.

    Args:
        project: A project's folder or settings file; looked for from `start` upwards when None.
        overrides: Dotted key -> value, as in `load_settings`.
        start: Where to look from; the current folder when None.
        environment: The environment; the process's own when None.
        further: As in `load_settings`.

    Raises:
        ConfigError: A named project or the current folder does not exist, or with every problem
            of every layer.
    """
    variables = os.environ if environment is None else environment
    files = find_files(environment=variables, start=start, project=project)
    return load_settings(
        project=files.project,
        user=files.user,
        environment=variables,
        overrides=overrides or {},
        further=further,
    )


def validate_plugin_section(loaded: LoadedSettings, name: str, model: type[M]) -> M:
    """Read ``[plugins.<name>]`` of every layer into the plugin's own model.

    Unknown keys are refused unless the model's configuration says otherwise.

    Args:
        loaded: The settings in force.
        name: The plugin's name.
        model: What the plugin's settings must look like.

    Raises:
        ConfigError: With every problem, its key starting with ``plugins.<name>``.
    """
    return resolve(model, loaded.layers, prefix=("plugins", name))


def _setting_leaves(section: Section, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every setting that is no table, with its path."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _setting_leaves(value, (*path, name))
        else:
            yield (*path, name), value
    yield from leaves(section.model_extra or {}, path)


def _with_absolute_folders(
    section: M, origins: Mapping[str, Origin], root: Path | None, path: KeyPath = ()
) -> M:
    """Return the section with relative folders based on the file that names them.

    A default starts at the project. One from the environment or an option stays relative to the
    current folder, as any path on a command line does.
    """
    changed: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            changed[name] = _with_absolute_folders(value, origins, root, (*path, name))
        elif isinstance(value, Path):
            origin = origins[dotted((*path, name))]
            base = origin.file.parent if origin.file else root
            if base is not None and (origin.file or origin.kind is OriginKind.DEFAULT):
                changed[name] = base / value
    return section.model_copy(update=changed)
