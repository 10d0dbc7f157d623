"""Every example of the documentation runs and prints what the page says it prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from page_examples import ROOT, matches, pages, run, steps

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [page for page in pages() if any(steps(page.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_pages_examples_do_what_it_says(
    page: Path, desk: Path, reader_environment: dict[str, str]
) -> None:
    problems = run(page.read_text(encoding="utf-8"), desk, reader_environment)
    assert not problems, "\n\n".join([str(page.relative_to(ROOT)), *problems])


def test_there_are_examples_to_run() -> None:
    assert {"README.md", "docs/tutorials/first-plugin.md"} <= {
        str(page.relative_to(ROOT)) for page in PAGES
    }


PAGE = """\
```shell
$ echo one two
{shown}
```
"""


@pytest.mark.parametrize("shown", ["one two", "one ...", "...", "...\none two", "one two\n..."])
def test_dots_stand_for_anything(shown: str, tmp_path: Path) -> None:
    assert run(PAGE.format(shown=shown), tmp_path, os.environ) == []


@pytest.mark.parametrize("shown", ["one", "two ...", "one two\nthree", ""])
def test_other_output_is_a_problem(shown: str, tmp_path: Path) -> None:
    (problem,) = run(PAGE.format(shown=shown), tmp_path, os.environ)
    assert problem.startswith("line 2: $ echo one two\nwas to print")


def test_lines_left_out_are_whole_lines() -> None:
    assert matches("a\n...\nd", "a\nb\nc\nd\n")
    assert not matches("a\n...\nd", "a\nb\nc d\n")


def test_a_command_may_fail_only_when_the_page_asks_for_its_status(tmp_path: Path) -> None:
    asked = "```shell\n$ (exit 3)\n$ echo $?\n3\n```\n"
    assert run(asked, tmp_path, os.environ) == []
    (problem,) = run("```shell\n$ (exit 3)\n```\n", tmp_path, os.environ)
    assert "ended with status 3" in problem


def test_a_block_that_names_a_file_becomes_that_file(tmp_path: Path) -> None:
    page = "```python\n# made/x.py\nprint('hi')\n```\n```shell\n$ python made/x.py\nhi\n```\n"
    assert run(page, tmp_path, os.environ) == []
    assert (tmp_path / "made" / "x.py").exists()


def test_a_table_is_written_without_the_line_that_names_it(tmp_path: Path) -> None:
    page = "```text\n# made.csv\na,b\n1,2\n```\n```shell\n$ cat made.csv\na,b\n1,2\n```\n"
    assert run(page, tmp_path, os.environ) == []


def test_a_command_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    page = "```shell\n$ echo one \\\n>   two\none two\n$ echo three\nthree\n```\n"
    assert run(page, tmp_path, os.environ) == []


def test_a_python_example_that_raises_is_a_problem(tmp_path: Path) -> None:
    (problem,) = run("```python\nraise ValueError('no')\n```\n", tmp_path, os.environ)
    assert "ValueError: no" in problem


def test_commands_that_need_a_clone_are_not_run() -> None:
    assert list(steps("```shell\n$ git clone x\n$ make demo\n```\n")) == []
