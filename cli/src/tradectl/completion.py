"""Shell completion: one script a shell, and the answers tradectl gives it.

The scripts call tradectl with ``_TRADECTL_COMPLETE`` set and the words up to the cursor as
arguments, the last of them incomplete. The answer has one candidate a line, its help after a tab
(zsh: after a colon). No answer means that the shell shall complete file names. Command names come
from the table; a command is imported only to complete its own options and arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tradectl import table
from tradectl.options import GLOBAL_OPTIONS, GlobalOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_BASH = """\
_tradectl_complete() {
    local IFS=$'\\n' answer
    answer=$(_TRADECTL_COMPLETE=bash tradectl "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    COMPREPLY=($(printf '%s\\n' "$answer" | cut -f1))
}
complete -o default -F _tradectl_complete tradectl
"""

_ZSH = """\
#compdef tradectl
_tradectl() {
    local -a answer
    answer=("${(@f)$(_TRADECTL_COMPLETE=zsh tradectl "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$answer" ]]; then
        _describe tradectl answer
    else
        _files
    fi
}
compdef _tradectl tradectl
"""

_FISH = """\
function __tradectl_complete
    set -l words (commandline -opc)[2..] (commandline -ct)
    set -l answer (_TRADECTL_COMPLETE=fish tradectl $words 2>/dev/null)
    if test -n "$answer"
        printf '%s\\n' $answer
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command tradectl --no-files --arguments '(__tradectl_complete)'
"""


class Shell(NamedTuple):
    """What one shell needs to complete tradectl's words."""

    script: str
    install: str


SHELLS = {
    "bash": Shell(_BASH, """eval "$(tradectl completion bash)"   # in ~/.bashrc"""),
    "zsh": Shell(_ZSH, """eval "$(tradectl completion zsh)"    # in ~/.zshrc, after compinit"""),
    "fish": Shell(_FISH, "tradectl completion fish > ~/.config/fish/completions/tradectl.fish"),
}


class Candidate(NamedTuple):
    """One word the incomplete one may become."""

    word: str
    help: str = ""


def answer(words: Sequence[str], shell: str) -> str:
    """Return the candidates for the last word, one a line, in the form the shell reads.

    Whatever goes wrong, the answer is no candidates: this is no place for messages.
    """
    *before, incomplete = words or ("",)
    try:
        found = list(candidates(before, incomplete))
    except Exception:  # noqa: BLE001 - a half-typed line may be wrong in any way
        found = []
    lines = [_line(entry, shell) for entry in found if entry.word.startswith(incomplete)]
    return "".join(f"{line}\n" for line in lines)


def _line(candidate: Candidate, shell: str) -> str:
    word, text = candidate.word, " ".join(candidate.help.split())
    if shell == "zsh":
        word, mark = word.replace(":", "\\:"), ":"
    else:
        mark = "\t"
    return f"{word}{mark}{text}" if text else word


def candidates(before: Sequence[str], incomplete: str) -> Iterable[Candidate]:
    """Return what could follow the complete words, not yet narrowed to the incomplete one."""
    before = [word for word in before if word != "="]  # bash makes --kind=x three words
    if before and (option := _global_option(before[-1])) and option.metavar:
        return ()
    words = _without_global_options(before)
    found = list(_of_command(words, incomplete) if words else _of_root())
    if incomplete.startswith("-"):
        return [*found, *(Candidate(o.names[0], o.help) for o in GLOBAL_OPTIONS)]
    return [candidate for candidate in found if not candidate.word.startswith("-")]


def _of_root() -> Iterator[Candidate]:
    yield from (Candidate(row.name, row.help) for row in table.rows())
    yield Candidate("--help", "Show the commands")
    yield Candidate("--version", "Show the version")


def _of_command(words: Sequence[str], incomplete: str) -> Iterator[Candidate]:
    """Yield the verbs of a noun, or the options and argument values of a command."""
    from typer.core import TyperGroup

    if words[0] not in {row.name for row in table.rows()}:
        return
    command: Any = table.load(table.find(words[0]))
    rest = list(words[1:])
    while isinstance(command, TyperGroup) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    if isinstance(command, TyperGroup):
        for name, verb in command.commands.items():
            yield Candidate(name, "" if rest else verb.get_short_help_str(limit=80))
    # An option that still waits for its value would keep the whole line from being read.
    whole = rest[:-1] if rest and rest[-1].startswith("-") else rest
    context = command.make_context(command.name, list(whole), resilient_parsing=True)
    source = command if incomplete.startswith("-") else _expected(command, context, rest)
    if source is not None:
        for item in source.shell_complete(context, incomplete):
            yield Candidate(str(item.value), item.help or "")


def _expected(command: Any, context: Any, words: Sequence[str]) -> Any:
    """Return the option or argument whose value comes next, if any."""
    for parameter in command.get_params(context):
        wants_value = parameter.param_type_name == "option" and not parameter.is_flag
        if wants_value and words and words[-1] in parameter.opts:
            return parameter
    for parameter in command.get_params(context):
        if parameter.param_type_name == "argument" and (
            parameter.nargs == -1 or context.get_parameter_source(parameter.name).name == "DEFAULT"
        ):
            return parameter
    return None


def _global_option(word: str) -> GlobalOption | None:
    return next((option for option in GLOBAL_OPTIONS if word in option.names), None)


def _without_global_options(words: Iterable[str]) -> list[str]:
    rest: list[str] = []
    queue = iter(words)
    for word in queue:
        option = _global_option(word.partition("=")[0])
        if option is None:
            rest.append(word)
        elif option.metavar and "=" not in word:
            next(queue, None)
    return rest
