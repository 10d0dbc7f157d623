"""Reads the examples out of a Markdown page and runs them as a reader would, in order.

A fenced block is an example when it is

- ``shell``: each line that starts with ``$`` is run, one shell for the whole page, with the lines
  that start with ``>`` right below it, and the lines after that are what it must print (``...``
  stands for anything, alone on a line for any lines);
- ``python``: run by itself in a new interpreter;
- anything whose first line is a comment naming a file, ``# name.py``: written to that file, for
  the examples below it; without that line where the format has no comments (csv).

A command must succeed, unless the next one is ``$ echo $?``. Commands that need a network or a
clone are not run; ``NOT_RUN`` names them.
"""

from __future__ import annotations

import itertools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = ("sdk", "cli", "plugins/*", "benchmarks")
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# ([\w./-]+\.(?:py|toml|csv))\n")
NOT_RUN = re.compile(r"(git|make|sudo|apt-get|cd tradectl$|\. )")
STATUS = "echo $?"
MARK = "\x1e"  # the record separator, which nothing prints


def pages() -> list[Path]:
    """List the Markdown a reader may follow: front pages, docs/, distributions, benchmarks."""
    built = ROOT / "docs" / "_build"
    return sorted(
        path
        for pattern in ("*.md", "docs/**/*.md", *(f"{folder}/*.md" for folder in DISTRIBUTIONS))
        for path in ROOT.glob(pattern)
        if built not in path.parents
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a page tells its reader to do, and what must come out (None: anything)."""

    line: int
    script: str
    expected: str | None = None


def steps(page: str) -> Iterator[Step]:
    """Yield what a page tells its reader to do, in order."""
    for match in FENCE.finditer(page):
        indent, language, body = match.groups()
        line = page.count("\n", 0, match.start()) + 2
        body = re.sub(f"^{indent}", "", body, flags=re.MULTILINE)
        if named := FILE_NAME.match(body):
            folder_and_file = f'mkdir -p "$(dirname {named[1]})" && cat > {named[1]}'
            kept = body[named.end() :] if named[1].endswith(".csv") else body
            yield Step(line, f"{folder_and_file} <<'END_OF_FILE'\n{kept}END_OF_FILE")
        elif language == "python":
            yield Step(line, f"python - <<'END_OF_FILE'\n{body}END_OF_FILE")
        elif language == "shell":
            yield from _commands(body, line)


def _commands(body: str, line: int) -> Iterator[Step]:
    for part in re.split(r"^(?=\$ )", body, flags=re.MULTILINE):
        if part.startswith("$ ") and not NOT_RUN.match(part[2:]):
            yield Step(line, *_split(part))
        line += part.count("\n")


def _split(part: str) -> tuple[str, str]:
    """Part a command, continued by lines that start with ``>``, from what it prints."""
    first, *rest = part.splitlines(keepends=True)
    continued = list(itertools.takewhile(lambda line: line.startswith("> "), rest))
    command = "".join(line[2:] for line in (first, *continued)).rstrip("\n")
    return command, "".join(rest[len(continued) :])


def run(page: str, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Run a page's examples in a folder and return what went otherwise than it says."""
    todo = list(steps(page))
    # The subshell hands the status on, so that "echo $?" still sees it.
    after = f"status=$?; printf '{MARK}%d{MARK}' $status; (exit $status)"
    script = "\n".join(["exec 2>&1", *(f"{step.script}\n{after}" for step in todo)])
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
    parts = result.stdout.split(MARK)
    asked = [step.script == STATUS for step in todo[1:]] + [False]
    return [
        f"line {step.line}: $ {step.script}\n{complaint}"
        for step, output, status, may_fail in zip(
            todo, parts[0::2], parts[1::2], asked, strict=False
        )
        if (complaint := _judge(step, output, int(status), may_fail=may_fail))
    ]


def _judge(step: Step, output: str, status: int, *, may_fail: bool) -> str:
    if status and not may_fail:
        return f"ended with status {status}:\n{output}"
    if step.expected is not None and not matches(step.expected, output):
        return f"was to print\n{step.expected}\nbut printed\n{output}"
    return ""


def matches(expected: str, output: str) -> bool:
    """Compare what was printed with what the page shows; ``...`` stands for anything."""
    pattern = re.escape(_trimmed(expected))
    pattern = pattern.replace(re.escape("...\n"), r"(?:.*\n)*?").replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, _trimmed(output)) is not None


def _trimmed(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(lines).strip("\n") + "\n"
