"""The JSON schema and the table of settings agree with what is accepted."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

import jsonschema
import pytest
from pydantic import Field
from tradectl_sdk.config import (
    Folder,
    LoadedSettings,
    Section,
    SettingRow,
    Settings,
    describe_settings,
    json_schema,
)
from tradectl_sdk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


class Kinds(Section):
    """A section with a setting of every kind."""

    choice: Literal["a", "b"] = Field(default="a", description="One of two.")
    count: Annotated[int, Field(ge=1, lt=5)] = 2
    flag: bool = False
    folder: Folder | None = None
    names: tuple[str, ...] = ("x",)
    ratio: Decimal = Decimal("0.25")
    text: str = ""


def test_the_schema_is_a_schema() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "backtest.cash = 0.5",
        "[plugins]\ndisabled = ['a']\n[plugins.acme]\nx = {y = 1}",
        "data.catalog = 'x'",
        "backtest.cash = 0",
        "backtest.cash = '5'",
        "backtest.csh = 5",
        "plugins.acme = 5",
        "rsk = {}",
        "runs.directory = 5",
        "plugins.disabled = [1]",
    ],
)
def test_the_schema_accepts_what_loading_accepts(
    text: str, load: Callable[..., LoadedSettings]
) -> None:
    try:
        load(text)
        accepted = True
    except ConfigError:
        accepted = False
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid(tomllib.loads(text)) is accepted


def test_the_defaults_fit_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    sections: dict[str, dict[str, object]] = {}
    for row in describe_settings():
        section, _, name = row.key.rpartition(".")
        if row.default is not None and "<name>" not in row.key:
            place = sections.setdefault(section, {}) if section else sections
            place[name] = row.default
    validator.validate(sections)


def test_tables_that_people_name_are_described_to_their_keys() -> None:
    rows = {row.key: row for row in describe_settings()}
    assert rows["notify"].type == "table"
    assert rows["notify.<name>.level"].type == "one of info, warning, critical"
    assert rows["risk.instruments.<name>.collar_bps"].description


def test_every_setting_has_a_title_and_a_description() -> None:
    for definition in [json_schema(), *json_schema()["$defs"].values()]:
        assert definition["title"]
        assert definition["description"]
        for described in definition["properties"].values():
            assert described.get("description") or "$ref" in described
    assert all(row.description.endswith(".") for row in describe_settings())


def test_a_row_says_key_kind_default_and_meaning() -> None:
    assert describe_settings()[0] == SettingRow(
        key="backtest.cash",
        type="number, more than 0",
        default=100_000,
        description="Cash the account starts with, in units of its currency.",
    )


def test_kinds_are_said_in_words() -> None:
    assert {row.key: (row.type, row.default) for row in describe_settings(Kinds)} == {
        "choice": ("one of a, b", "a"),
        "count": ("whole number, at least 1, less than 5", 2),
        "flag": ("true or false", False),
        "folder": ("path or nothing", None),
        "names": ("list of text", ["x"]),
        "ratio": ("number", 0.25),
        "text": ("text", ""),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", True), ("count", "3"), ("flag", 1), ("flag", "yes"), ("ratio", "0.5"), ("text", 5)],
)
def test_a_section_does_not_turn_one_kind_into_another(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        Kinds.model_validate({name: value})


def test_no_setting_would_hold_a_secret() -> None:
    from tradectl_sdk.config.section import is_secret_name

    assert is_secret_name("api_key")
    assert not any(
        is_secret_name(part) for row in describe_settings() for part in row.key.split(".")
    )


@pytest.mark.parametrize(
    "name", ["sort_key", "base_token", "tokens", "keys", "secretary", "max_notional", "cash"]
)
def test_ordinary_names_are_no_secrets(name: str) -> None:
    from tradectl_sdk.config.section import is_secret_name

    assert not is_secret_name(name)


def test_defaults_are_valid_settings() -> None:
    assert Settings.model_validate(Settings().model_dump()) == Settings()


def test_the_sdk_alone_does_not_import_pydantic() -> None:
    program = "import sys, tradectl_sdk; print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
