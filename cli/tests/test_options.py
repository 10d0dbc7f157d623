from __future__ import annotations

from pathlib import Path

import pytest
from tradectl.options import GLOBAL_OPTIONS, GlobalOptions, split
from tradectl_sdk.errors import UsageError


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "plugin", "list", "--strict"],
        ["plugin", "--json", "list", "--strict"],
        ["plugin", "list", "--strict", "--json"],
    ],
)
def test_global_options_may_stand_anywhere(words: list[str]) -> None:
    assert split(words) == (GlobalOptions(json=True), ["plugin", "list", "--strict"])


@pytest.mark.parametrize("words", [["--project", "my bot"], ["--project=my bot"]])
def test_project_takes_a_folder(words: list[str]) -> None:
    assert split(words)[0].project == Path("my bot")


@pytest.mark.parametrize("words", [["doctor", "--project"], ["--project="]])
def test_project_without_a_folder_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match="--project needs a folder"):
        split(words)


def test_a_flag_takes_no_value() -> None:
    with pytest.raises(UsageError, match="--json takes no value, was --json=yes"):
        split(["--json=yes"])


def test_words_after_two_hyphens_are_left_alone() -> None:
    assert split(["explain", "--", "--json"]) == (GlobalOptions(), ["explain", "--", "--json"])


def test_every_flag_sets_the_field_it_names() -> None:
    for option in GLOBAL_OPTIONS:
        for name in option.names:
            words = [name, "folder"] if option.metavar else [name]
            assert getattr(split(words)[0], option.field), name
