"""The fence around plugin code: whatever it raises becomes a failure with its name on it."""

from __future__ import annotations

import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from tradectl_sdk.errors import TradectlError
from tradectl_sdk.plugins.references import import_hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.plugins.records import Phase, PluginFailure, PluginInfo


class PhaseError(Exception):
    """A plugin failed; carries the failure to the host, which goes on with the next plugin."""

    def __init__(self, failure: PluginFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


@contextmanager
def blame(plugin: PluginInfo, phase: Phase, what: str) -> Iterator[None]:
    """Turn what plugin code raises inside the block into the plugin's failure.

    Even ``SystemExit``: a plugin must not end the program. ``KeyboardInterrupt`` is the user's.
    What it prints goes to standard error, for standard output may be a document.

    Args:
        plugin: Whose code it is.
        phase: What it is asked to do.
        what: What raised, as the subject of the message.

    Raises:
        PhaseError: When anything but ``KeyboardInterrupt`` was raised.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (KeyboardInterrupt, PhaseError):
        raise
    except TradectlError as error:
        hint = _hint(plugin, error.__cause__) or error.hint
        raise PhaseError(plugin.failed(phase, error.message, hint=hint, cause=error)) from error
    except BaseException as error:
        message, hint = f"{what} raised {describe(error)}", _hint(plugin, error)
        raise PhaseError(plugin.failed(phase, message, hint=hint, cause=error)) from error


def _hint(plugin: PluginInfo, error: BaseException | None) -> str:
    return import_hint(
        error, plugin.reference, distribution=plugin.distribution, requires=plugin.requires
    )


def describe(error: BaseException) -> str:
    """Return type and text of an exception on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
