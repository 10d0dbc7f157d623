"""Every problem of every layer is reported at once, at its place, in plain words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.config import LoadedSettings, load_settings
from tradectl_sdk.errors import ConfigError, ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable

Problems = "Callable[..., list[str]]"


def test_all_problems_of_all_layers_come_at_once(problems: Problems) -> None:
    assert problems(
        "[backtest]\ncahs = 1\ncash = 'abc'\n\n[rsk]\n",
        "cash = 4\nbacktest.cash = -5",
        environment={"TRADECTL__DATA__CATALOGUE": "x", "TRADECTL__BACKTEST__CASH": "false"},
        overrides={"runs.directroy": "x", "backtest.cash": "0"},
    ) == [
        "config.toml:1:1  cash  unknown key, did you mean backtest.cash?",
        "config.toml:2:17  backtest.cash  was -5, expected more than 0",
        "tradectl.toml:2:1  backtest.cahs  unknown key, did you mean cash?",
        "tradectl.toml:3:8  backtest.cash  was 'abc', expected a number",
        "tradectl.toml:5:2  rsk  unknown key, did you mean risk?",
        (
            "environment variable TRADECTL__BACKTEST__CASH  backtest.cash  "
            "was false, expected a number"
        ),
        (
            "environment variable TRADECTL__DATA__CATALOGUE  data.catalogue  "
            "unknown key, did you mean TRADECTL__DATA__CATALOG?"
        ),
        "--set backtest.cash  backtest.cash  was 0, expected more than 0",
        "--set runs.directroy  runs.directroy  unknown key, did you mean runs.directory?",
    ]


def test_the_error_counts_its_problems_and_says_what_mends_them(
    load: Callable[..., LoadedSettings],
) -> None:
    with pytest.raises(ConfigError, match="1 problem in the settings") as caught:
        load("x = 1")
    assert caught.value.exit_status is ExitStatus.USAGE
    assert "config schema" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[backtest]\ncash = true", "2:8  backtest.cash  was true, expected a number"),
        ("backtest.cash = '5'", "1:17  backtest.cash  was '5', expected a number"),
        ("backtest.cash = nan", "1:17  backtest.cash  was NaN, expected a finite number"),
        ("backtest.cash = [1]", "1:17  backtest.cash  was [1], expected a number"),
        ("backtest = 5", "1:12  backtest  was 5, expected a table"),
        ("[[backtest]]\ncash = 5", "1:3  backtest  was [{'cash': 5}], expected a table"),
        (
            "runs.directory = 5",
            "1:18  runs.directory  was 5, expected the path of a file or folder",
        ),
        ("plugins.disabled = 'a'", "1:20  plugins.disabled  was 'a', expected a list"),
        (
            "plugins.disabled = ['a',\n  5]",
            "2:3  plugins.disabled[1]  was 5, expected text",
        ),
        (
            "plugins.disabled = ['a', {b.c = 5}]",
            "1:26  plugins.disabled[1]  was a table, expected text",
        ),
        ("[plugins]\ndisbled = ['a']", "2:1  plugins.disbled  unknown key, did you mean disabled?"),
        ("[plugins]\nacme = 5", "2:8  plugins.acme  was 5, expected a table"),
        (
            "[risk]\nrules = ['collar']\nmax_daily_loss = 5",
            "1:2  risk  sets max_daily_loss, but rules does not name 'daily-loss'",
        ),
        (
            "[risk.instruments.'A.B']\nmax_order_quantiy = 5",
            '2:1  risk.instruments."A.B".max_order_quantiy  unknown key',
        ),
        ("data.catalog = '~no-such-user/x'", "names a home folder that does not exist"),
        ('\'a b\'."c\\"d" = 1', '1:1  "a b"  unknown key'),
        (f"backtest.cash = '{'x' * 500}'", "xxxx…, expected a number"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(text: str, line: str, problems: Problems) -> None:
    (problem,) = problems(text)
    assert line in problem
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[backtest]\ncash = \n", "tradectl.toml:2:8  not valid TOML: invalid value"),
        ("[backtest\ncash = 1", "tradectl.toml:1:10  not valid TOML"),
        ("a = 1\na = 2", "not valid TOML: the key is set twice"),
        ("a = 'x", "not valid TOML"),
        ("[backtest]\ncash = {", "tradectl.toml:2:9  not valid TOML"),
        ("a = 1 b = 2", "1:7  not valid TOML: expected the line to end here"),
        (f"a = {'9' * 5000}", "tradectl.toml  not valid TOML"),
        ("a = " + "[" * 5000, "tradectl.toml"),
    ],
)
def test_bad_toml_is_named_with_its_place(text: str, line: str, problems: Problems) -> None:
    (problem,) = problems(text)
    assert line in problem


def test_a_file_that_is_no_toml_does_not_hide_what_is_wrong_elsewhere(problems: Problems) -> None:
    found = problems("[", "cash = 1", overrides={"rnus.directory": "x"})
    assert ["unknown key" in line for line in found] == [True, False, True]
    assert "not valid TOML" in found[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("TRADECTL__", "names no setting, expected a name like TRADECTL__SECTION__KEY"),
        ("TRADECTL__BACKTEST__", "names no setting, expected"),
        ("TRADECTL____CASH", "names no setting, expected"),
        ("TRADECTL_BACKTEST__CASH", "did you mean TRADECTL__BACKTEST__CASH?"),
        ("TRADECTL__CASH", "unknown key, did you mean TRADECTL__BACKTEST__CASH?"),
        ("TRADECTL__RISQUE__MAX_NOTINAL", "risque  unknown key"),
        ("TRADECTL__RISK__MAX_NOTINAL", "did you mean TRADECTL__RISK__MAX_ORDER_NOTIONAL?"),
    ],
)
def test_a_variable_that_names_no_setting_is_never_passed_over(
    name: str, message: str, problems: Problems
) -> None:
    (problem,) = problems(environment={name: "5"})
    assert problem.startswith(f"environment variable {name}")
    assert message in problem


@pytest.mark.parametrize("key", ["", "a b", "a.", "a = 1 #", "a\nb", "'a"])
def test_an_override_whose_key_is_none_is_refused(key: str, problems: Problems) -> None:
    assert problems(overrides={key: "5"}) == [
        f"--set {key}  is no key, expected one like section.key"
    ]


def test_a_text_of_two_lines_is_no_number(problems: Problems) -> None:
    (problem,) = problems(overrides={"backtest.cash": "1\nx = 2"})
    assert "was '1\\nx = 2', expected a number" in problem


def test_a_setting_given_twice_in_one_layer_is_refused(problems: Problems) -> None:
    assert problems(
        environment={"TRADECTL__BACKTEST__CASH": "1", "tradectl__backtest__cash": "2"}
    ) == [
        (
            "environment variable tradectl__backtest__cash  backtest.cash  "
            "is set twice, here and by environment variable TRADECTL__BACKTEST__CASH"
        )
    ]
    (problem,) = problems(overrides={"plugins.a": "{b = 1}", "plugins.a.b": "2"})
    assert "plugins.a.b  is set twice, here and by --set plugins.a" in problem


def test_the_unreadable_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "tradectl.toml"
    folder.mkdir()
    loop = tmp_path / "config.toml"
    loop.write_bytes("a = 'ü'".encode("utf-16"))
    with pytest.raises(ConfigError) as caught:
        load_settings(project=folder, user=loop, environment={}, overrides={})
    user, project = map(str, caught.value.problems)
    assert user == f"{loop}  byte 1 is not UTF-8, expected a text file in UTF-8"
    assert project == f"{folder}  cannot be read: it is a folder"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.absolute, "no such file or directory"),
        (lambda file: file.symlink_to(file), "too many levels of symbolic links"),
        (os.mkfifo, "it is no regular file"),
    ],
    ids=["absent", "link to itself", "pipe"],
)
def test_a_file_that_cannot_be_read_says_why(
    make: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "tradectl.toml"
    make(file)
    with pytest.raises(ConfigError, match=f"cannot be read: {reason}"):
        load_settings(project=file, user=None, environment={}, overrides={})


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    file = tmp_path / "tradectl.toml"
    file.touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)  # the tests may run as root
    with pytest.raises(ConfigError, match="cannot be read: permission denied"):
        load_settings(project=file, user=None, environment={}, overrides={})


@pytest.mark.parametrize("key", ["api_key", "secret", "bot_token", "passphrase", "private-key"])
def test_a_secret_in_plain_text_is_refused_and_not_repeated(key: str, problems: Problems) -> None:
    (problem,) = problems(f"[plugins.acme]\n{key} = 'hunter2'")
    assert "is a secret in plain text, expected a reference like env:NAME" in problem
    assert "hunter2" not in problem


def test_a_reference_to_a_secret_is_no_secret(load: Callable[..., LoadedSettings]) -> None:
    loaded = load("[plugins.acme]\napi_key = 'env:ACME_KEY'\ntoken = 'keyring:acme'")
    assert loaded.settings.plugins.section("acme")["api_key"] == "env:ACME_KEY"


def test_a_misplaced_secret_is_not_repeated(problems: Problems) -> None:
    lines = problems("api_secret = 'hunter2'\n[data]\npassword = 42")
    assert not any("hunter2" in line or "42" in line for line in lines)
