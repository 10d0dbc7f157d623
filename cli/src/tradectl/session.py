"""What a command is given besides its own arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    import typer
    from tradectl_sdk.config import LoadedSettings
    from tradectl_sdk.plugins import Plugins

    from tradectl.console import Output
    from tradectl.options import GlobalOptions


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the command line: where it prints, and what the global options say."""

    out: Output
    options: GlobalOptions

    def settings(self, overrides: Mapping[str, object] | None = None) -> LoadedSettings:
        """Load the settings in force here.

        Args:
            overrides: Dotted key -> value, from options such as ``--set``.

        Raises:
            ConfigError: With every problem there is.
        """
        from tradectl_sdk.config import discover_settings

        return discover_settings(project=self.options.project, overrides=overrides)

    def checked(
        self, overrides: Mapping[str, object] | None = None
    ) -> tuple[LoadedSettings, Plugins]:
        """Load settings and plugins for a command that runs components which settings name.

        Args:
            overrides: As in ``settings``.

        Raises:
            ConfigError: With every problem, names that no plugin answers to among them.
        """
        from tradectl_sdk.pipelines.configuration import load_checked_settings

        return load_checked_settings(project=self.options.project, overrides=overrides)

    def plugins(self, settings: LoadedSettings) -> Plugins:
        """Find and load the plugins; what failed is in its ``failures``."""
        from tradectl_sdk.plugins import Plugins

        return Plugins.discover(disabled=settings.settings.plugins.disabled).load()


def session_of(context: typer.Context) -> Session:
    """Return the session of a running command."""
    return cast("Session", context.obj)
