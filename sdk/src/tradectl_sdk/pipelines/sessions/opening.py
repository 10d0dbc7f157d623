"""Sessions on disk: read again exactly as they were started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.bus import generate_keys
from tradectl_sdk.errors import DataError
from tradectl_sdk.nodes.session_folder import NODES, Sessions
from tradectl_sdk.pipelines.sessions.parts import OpenSession
from tradectl_sdk.pipelines.sessions.pinning import pinned, unpinned
from tradectl_sdk.pipelines.sessions.plan import SessionPlan

if TYPE_CHECKING:
    from tradectl_sdk.config import Settings
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.plugins import Plugins


def sessions_of(settings: Settings) -> Sessions:
    """Return the sessions of a project."""
    return Sessions(settings.session.directory)


def create_session(plan: SessionPlan, settings: Settings) -> SessionFolder:
    """Make the folder of a session, with a key for each node where they talk over TCP.

    Raises:
        DataError: If the disk refuses.
    """
    folder = sessions_of(settings).create(plan.manifest(), pinned(settings), mode=plan.mode)
    if settings.session.tcp is not None:
        generate_keys(folder.path / "keys", [(node, node) for node in NODES])
    return folder


def open_session(folder: SessionFolder, plugins: Plugins | None = None) -> OpenSession:
    """Read what was started, with the settings that were in force then.

    Raises:
        DataError: If it cannot be read.
        NotFoundError: If it is not there.
    """
    plan = SessionPlan.of(folder.manifest())
    try:
        settings = unpinned(folder.settings())
    except ValueError as error:
        raise DataError(
            f"the settings of session {folder.id} cannot be read: {error}",
            hint="it was made by another version; start a new one",
        ) from error
    return OpenSession(folder=folder, plan=plan, settings=settings, plugins=plugins)
