"""The commands, one module each, imported when they run and not before.

A command takes ``context: typer.Context``, gets at its session with
:func:`~tradectl.session.session_of`, calls one function of the SDK, prints through
``session.out`` and returns an :class:`~tradectl_sdk.errors.ExitStatus`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


def noun(summary: str) -> typer.Typer:
    """Return an app whose commands are the verbs of a noun."""
    import typer

    return typer.Typer(
        help=summary,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
