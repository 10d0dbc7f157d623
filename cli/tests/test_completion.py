"""Completion, asked the way the shells ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tradectl.completion import SHELLS, answer
from tradectl.table import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Answer


def words(*line: str) -> list[str]:
    return [entry.partition("\t")[0] for entry in answer(line, "fish").splitlines()]


def test_an_empty_line_completes_to_every_command() -> None:
    assert words("") == [*(row.name for row in BUILT_IN), "sandbox"]  # a plugin's, at the end


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["expl"], ["explain"]),
        (["--ver"], ["--version"]),
        (["plugin", ""], ["list", "info", "check", "new"]),
        (["--json", "plugin", "l"], ["list"]),
        (["--project", "somewhere", "plugin", "l"], ["list"]),
        (["plugin", "list", "--s"], ["--strict"]),
        (["plugin", "list", "--q"], ["--quiet"]),
        (["plugin", "new", "acme", "--kind", ""], ["strategy", "data-source", "exchange"]),
        (["plugin", "new", "acme", "--kind", "=", "st"], ["strategy"]),
        (["plugin", "new", "acme", "--license", "A"], ["Apache-2.0"]),
        (["explain", "DATA"], ["DATA", "DATA_MISSING"]),
        (["help", "e"], ["exit-codes", "environment"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["plugin", "info", "strat"], ["strategies"]),
        (["plugin", "check", "strat"], ["strategies"]),
        (["config", "show", "backt"], ["backtest"]),
        (["--project", ""], []),
        (["nonsense", ""], []),
    ],
)
def test_candidates(line: list[str], expected: list[str]) -> None:
    assert words(*line) == expected


def test_candidates_carry_their_help_where_the_shell_shows_it() -> None:
    assert answer(["doc"], "fish") == "doctor\tCheck this installation, and say what mends it\n"
    assert answer(["doc"], "zsh") == "doctor:Check this installation, and say what mends it\n"


def test_a_command_that_fails_to_load_completes_to_nothing(
    install: Callable[..., None], start: Callable[..., Answer]
) -> None:
    install("acme-bad", {"tradectl.commands": {"bad": "bad_cli:app"}}, {"bad_cli": "1 / 0"})
    result = start("bad", "", _TRADECTL_COMPLETE="bash")
    assert (result.status, result.out, result.err) == (0, "", "")


def _in(shell: str, script: str, *options: str) -> list[str]:
    """Run a script in a shell that finds tradectl; skip where there is no such shell."""
    program = shutil.which(shell) or pytest.skip(f"{shell} is not installed")
    folder = Path(sys.executable).parent
    process = subprocess.run(
        [program, *options, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
    )
    return process.stdout.splitlines()


def test_bash_completes_with_the_printed_script() -> None:
    ask = """
        ask() {
            COMP_WORDS=(tradectl "$@"); COMP_CWORD=$#; _tradectl_complete; echo "${COMPREPLY[@]}"
        }
        ask expl; ask plugin n; ask plugin list --str; ask "an open \\"quote" ''
        complete -p tradectl
    """
    assert _in("bash", SHELLS["bash"].script + ask, "--norc") == [
        "explain",
        "new",
        "--strict",
        "",
        "complete -o default -F _tradectl_complete tradectl",
    ]


def test_zsh_completes_with_the_printed_script() -> None:
    stubs = """
        compdef() { echo "compdef $@" }
        _describe() { print -l "${(@P)2}" }
        _files() { echo files }
    """
    ask = """
        words=(tradectl plugin n); CURRENT=3; _tradectl
        words=(tradectl plugin new x --into ''); CURRENT=6; _tradectl
    """
    assert _in("zsh", stubs + SHELLS["zsh"].script + ask, "--no-rcs") == [
        "compdef _tradectl tradectl",
        "new:Write the repository of a new plugin, tested and ready to publish.",
        "files",
    ]


def test_fish_completes_with_the_printed_script() -> None:
    ask = "complete -C 'tradectl plugin n'"
    assert _in("fish", f"{SHELLS['fish'].script}\n{ask}", "--no-config") == [
        "new\tWrite the repository of a new plugin, tested and ready to publish."
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_are_printed(shell: str, run: Callable[..., Answer]) -> None:
    result = run("completion", shell)
    assert result.status == 0
    assert "_TRADECTL_COMPLETE=" + shell in result.out
    assert f"tradectl completion {shell}" in result.err


def test_an_unknown_shell_is_refused(run: Callable[..., Answer]) -> None:
    result = run("completion", "bsh")
    assert result.status == 2
    assert "did you mean bash?" in result.err
