"""Which layer wins, what a text means, and where every value came from."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tradectl_sdk.config import OriginKind, Settings, describe_settings

Load = "Callable[..., LoadedSettings]"

LAYERS: list[tuple[str, dict[str, Any], int]] = [
    ("default", {}, 100_000),
    ("user", {"user": "[backtest]\ncash = 1"}, 1),
    ("project", {"project": "backtest.cash = 2"}, 2),
    ("environment", {"environment": {"TRADECTL__BACKTEST__CASH": "3"}}, 3),
    ("override", {"overrides": {"backtest.cash": "4"}}, 4),
]


@pytest.mark.parametrize("count", range(1, len(LAYERS) + 1))
def test_the_strongest_layer_that_names_a_setting_wins(count: int, load: Load) -> None:
    sources: dict[str, Any] = {}
    for _, source, _ in LAYERS[:count]:
        sources.update(source)
    kind, _, cash = LAYERS[count - 1]
    loaded = load(**sources)
    assert loaded.settings.backtest.cash == cash
    assert loaded.origins["backtest.cash"].kind == kind


def test_every_setting_has_an_origin(load: Load) -> None:
    loaded = load("[plugins.acme]\nlevel.low = 1")
    known = {row.key for row in describe_settings() if "<" not in row.key}
    assert set(loaded.origins) == known | {"plugins.acme.level.low"}
    assert [value.key for value in loaded.values()] == list(loaded.origins)


def test_an_origin_says_the_place(load: Load) -> None:
    loaded = load(
        "# mine\n[backtest]\n  cash = 5\n",
        environment={"TRADECTL__RUNS__DIRECTORY": "there"},
        overrides={"data.catalog": "here"},
    )
    origin = loaded.origins["backtest.cash"]
    assert (origin.kind, origin.line, origin.column) == (OriginKind.PROJECT, 3, 3)
    assert str(origin).endswith("tradectl.toml:3:3")
    assert str(loaded.origins["runs.directory"]) == "environment variable TRADECTL__RUNS__DIRECTORY"
    assert str(loaded.origins["data.catalog"]) == "--set data.catalog"
    assert str(loaded.origins["plugins.disabled"]) == "default"


def test_tables_merge_key_by_key_and_lists_are_replaced(load: Load) -> None:
    loaded = load(
        "[plugins]\ndisabled = ['c']\n[plugins.acme]\nx = 1",
        "[plugins]\ndisabled = ['a', 'b']\n[plugins.acme]\ny = 2",
    )
    assert loaded.settings.plugins.disabled == ("c",)
    assert loaded.settings.plugins.section("acme") == {"x": 1, "y": 2}
    assert loaded.origins["plugins.acme.x"].kind is OriginKind.PROJECT
    assert loaded.origins["plugins.acme.y"].kind is OriginKind.USER


def test_the_files_read_are_listed_weakest_first(load: Load) -> None:
    assert [file.name for file in load("", "").files] == ["config.toml", "tradectl.toml"]
    assert load().files == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("['a', 'b']", ("a", "b")),
        ("[]", ()),
        ('["a",]', ("a",)),
    ],
)
def test_a_text_is_read_as_a_toml_value(text: str, value: object, load: Load) -> None:
    assert load(overrides={"plugins.disabled": text}).settings.plugins.disabled == value
    environment = {"TRADECTL__PLUGINS__DISABLED": text}
    assert load(environment=environment).settings.plugins.disabled == value


@pytest.mark.parametrize(
    "text", ["123", "true", "2024-01-31", "a b", "1\nx = 2", "1\n[value.x]", "[half", "'quoted"]
)
def test_a_setting_that_wants_text_gets_the_text_as_it_was_written(text: str, load: Load) -> None:
    loaded = load(overrides={"runs.directory": text})
    assert loaded.settings.runs.directory == Path(text)


def test_a_quoted_text_loses_its_quotes(load: Load) -> None:
    assert load(overrides={"runs.directory": '"12"'}).settings.runs.directory == Path("12")


def test_an_override_may_be_a_table_or_a_value_of_any_type(load: Load) -> None:
    assert load(overrides={"backtest": "{cash = 7}"}).settings.backtest.cash == 7
    assert load(overrides={"backtest.cash": Decimal("0.1")}).settings.backtest.cash == Decimal(
        "0.1"
    )


def test_a_quoted_key_of_an_override_may_hold_dots(load: Load) -> None:
    loaded = load(overrides={'plugins."a.b".x': "1"})
    assert loaded.settings.plugins.section("a.b") == {"x": 1}
    assert 'plugins."a.b".x' in loaded.origins


def test_decimal_numbers_are_exact_to_the_last_digit(load: Load) -> None:
    digits = "100000000000000.000000000000000001"
    assert load(f"backtest.cash = {digits}").settings.backtest.cash == Decimal(digits)


def test_values_are_ready_for_json(load: Load) -> None:
    values = {value.key: value.value for value in load("backtest.cash = 0.10").values()}
    assert values["backtest.cash"] == "0.10"
    assert values["plugins.disabled"] == []


def test_other_variables_are_nobodys_settings(load: Load) -> None:
    loaded = load(environment={"TRADECTL_PLUGINS": "a", "TRADECTL_CONFIG_HOME": "b", "PATH": "c"})
    assert {origin.kind for origin in loaded.origins.values()} == {OriginKind.DEFAULT}


def test_a_relative_folder_starts_at_the_file_that_names_it(load: Load, tmp_path: Path) -> None:
    loaded = load("", "[data]\ncatalog = 'market'")
    assert loaded.settings.data.catalog == tmp_path / "user" / "market"
    assert loaded.settings.runs.directory == tmp_path / "project" / ".tradectl" / "runs"


def test_a_folder_from_the_command_line_starts_at_the_current_one(load: Load) -> None:
    assert load("", overrides={"data.catalog": "x"}).settings.data.catalog == Path("x")
    assert load().settings.data.catalog == Path(".tradectl/catalog")


def test_home_is_spelt_with_a_tilde(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("data.catalog = '~/x'").settings.data.catalog == tmp_path / "x"


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError):
        Settings().backtest.cash = Decimal(1)  # type: ignore[misc]


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(
    load: Load, tmp_path: Path
) -> None:
    loaded = load("\ufeff[backtest]\r\ncash = 5\r\n")
    assert loaded.origins["backtest.cash"].line == 2
