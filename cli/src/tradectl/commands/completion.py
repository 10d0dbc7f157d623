"""``tradectl completion``: the script that makes a shell complete tradectl's words."""

from __future__ import annotations

from typing import Annotated

import typer
from tradectl_sdk.errors import ExitStatus, UsageError, did_you_mean

from tradectl.completion import SHELLS
from tradectl.session import session_of


def completion(
    context: typer.Context,
    shell: Annotated[
        str, typer.Argument(help="bash, zsh or fish.", autocompletion=lambda: list(SHELLS))
    ],
) -> ExitStatus:
    """Print the completion script of a shell.

    Bash: put eval "$(tradectl completion bash)" into ~/.bashrc. Zsh: the same with zsh in
    ~/.zshrc, after compinit. Fish: tradectl completion fish >
    ~/.config/fish/completions/tradectl.fish
    """
    out = session_of(context).out
    found = SHELLS.get(shell)
    if found is None:
        raise UsageError(
            f"there is no completion for {shell!r}, expected {', '.join(SHELLS)}",
            hint=did_you_mean(shell, SHELLS),
        )
    out.line(found.script.rstrip())
    out.result("completion/1", {"shell": shell, "script": found.script})
    out.next(found.install)
    return ExitStatus.OK
