"""``tradectl version``: what a bug report needs to say."""

from __future__ import annotations

import platform

import tradectl_sdk
import typer
from tradectl_sdk.errors import ExitStatus

from tradectl import __version__
from tradectl.session import session_of


def version(context: typer.Context) -> ExitStatus:
    """Show the versions of tradectl, its SDK, Python and the machine.

    ``tradectl --version`` prints the first of them alone, and at once.
    """
    out = session_of(context).out
    versions = {
        "tradectl": __version__,
        "tradectl-sdk": tradectl_sdk.__version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    out.fields(versions.items())
    out.result("version/1", versions)
    out.next("tradectl plugin list")
    return ExitStatus.OK
