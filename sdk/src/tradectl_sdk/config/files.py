"""Which files settings are read from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_FILE = "tradectl.toml"
USER_FILE = "config.toml"
CONFIG_HOME = "TRADECTL_CONFIG_HOME"


@dataclass(frozen=True, slots=True)
class SettingsFiles:
    """The files settings come from.

    Attributes:
        project: The project's ``tradectl.toml``, or None outside a project.
        user: Where the user's ``config.toml`` is, or would be.
    """

    project: Path | None
    user: Path


def find_files(
    *, environment: Mapping[str, str], start: Path | None = None, project: Path | None = None
) -> SettingsFiles:
    """Find the settings files.

    The project's file is looked for in `start` and the folders above it, up to the first that is
    a Git repository's or the home folder.

    Args:
        environment: ``TRADECTL_CONFIG_HOME`` names the folder of the user's file.
        start: The folder to look from; the current one when None.
        project: A project's folder or file, named by the user; nothing is looked for then.

    Raises:
        ConfigError: The project named has no ``tradectl.toml``, or the one found above `start`
            belongs to another user.
    """
    found = _named(project) if project else _search_upwards((start or _current_folder()).absolute())
    return SettingsFiles(project=found, user=_user_file(environment))


def _current_folder() -> Path:
    """Return the current folder.

    Raises:
        ConfigError: It was removed while the shell stood in it.
    """
    try:
        return Path.cwd()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigError(
            f"the current folder cannot be found: {reason}", hint="change to one that exists"
        ) from error


def _named(project: Path) -> Path:
    file = project / PROJECT_FILE if project.is_dir() else project
    if not file.exists():
        raise ConfigError(
            f"no {PROJECT_FILE} at {project}, expected the folder of a project",
            hint="--project takes the folder that holds tradectl.toml",
        )
    return file.absolute()


def _search_upwards(start: Path) -> Path | None:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - unlike Path.home(), never raises
    for folder in (start, *start.parents):
        file = folder / PROJECT_FILE
        # A link to nowhere counts: passed over in silence, it would be limits that do not hold
        if os.path.lexists(file) and not os.path.isdir(file):  # noqa: PTH112 - never raises
            _require_own(file, start)
            return file
        if folder == home or (folder / ".git").exists():
            return None
    return None


def _require_own(file: Path, start: Path) -> None:
    """Refuse a file that another user may have planted in a folder above.

    A shared folder such as the system's temporary one is everybody's to write in, and a project
    file decides about money.
    """
    if os.name == "nt" or file.parent == start:
        return
    if file.lstat().st_uid not in {os.geteuid(), 0}:
        raise ConfigError(
            f"{file} belongs to another user, expected a project of your own",
            hint=f"--project {file.parent} uses it all the same",
        )


def user_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of the user's own settings and keys."""
    if home := environment.get(CONFIG_HOME):
        return Path(home).absolute()
    from platformdirs import user_config_path

    return user_config_path("tradectl", appauthor=False)


def _user_file(environment: Mapping[str, str]) -> Path:
    return user_folder(environment) / USER_FILE


def is_there(file: Path) -> bool:
    """Say whether a file is to be read; one that cannot be looked at is, to tell what is wrong."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True
