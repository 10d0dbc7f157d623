from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tradectl.environment import ENVIRONMENT
from tradectl.topics import TOPICS
from tradectl_sdk.errors import ExitStatus, TradectlError, error_classes

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Answer

    Run = Callable[..., Answer]

CODES = [kind.code for kind in error_classes() if kind is not TradectlError]


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_explained(run: Run, code: str) -> None:
    answer = run("explain", code)
    assert answer.status == 0
    assert answer.out.startswith(f"{code} (exit status ")
    assert "``" not in answer.out
    assert run("explain", code.lower().replace("_", "-")).out == answer.out


def test_explain_lists_the_codes(run: Run) -> None:
    assert [row["code"] for row in run("explain", "--json").data] == CODES


def test_an_unknown_code_names_the_nearest(run: Run) -> None:
    answer = run("explain", "cnofig")
    assert answer.status == ExitStatus.NOT_FOUND
    assert answer.err == "error: there is no error code 'cnofig'\nhint: did you mean CONFIG?\n"


def test_exit_codes_are_those_of_the_sdk(run: Run) -> None:
    lines = run("help", "exit-codes").out.splitlines()[1:]
    assert [int(line.split()[0]) for line in lines] == [int(status) for status in ExitStatus]


def test_the_environment_topic_lists_the_table(run: Run) -> None:
    rows = run("help", "environment", "--json").data
    assert [row["name"] for row in rows] == [name for name, _ in ENVIRONMENT]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_a_page_and_a_document(run: Run, topic: str) -> None:
    assert run("help", topic).out.strip()
    assert run("help", topic, "--json").data


def test_help_alone_is_the_help_screen_and_the_topics(run: Run) -> None:
    answer = run("help")
    assert answer.out.startswith(run("--help").out)
    assert all(re.search(rf"^{topic} ", answer.out, re.MULTILINE) for topic in TOPICS)


def test_help_on_a_command_says_where_it_is(run: Run) -> None:
    answer = run("help", "plugin")
    assert answer.status == 2
    assert answer.err.endswith("hint: tradectl plugin --help\n")
    assert "did you mean exit-codes?" in run("help", "exitcodes").err
