"""A plugin's settings are checked by the plugin's own model, when it is used."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from tradectl_sdk.config import LoadedSettings, validate_plugin_section
from tradectl_sdk.errors import ConfigError

Load = "Callable[..., LoadedSettings]"


class Mode(StrEnum):
    FAST = "fast"
    SAFE = "safe"


class Inner(BaseModel):
    name: str = "x"


class Acme(BaseModel):
    """A plugin's settings, of every kind the messages know."""

    account: str
    market: Literal["spot", "swap", "future"] = "spot"
    mode: Mode = Mode.FAST
    size: Annotated[int, Field(ge=1, le=9)] = 1
    rate: Annotated[float, Field(lt=1)] = 0.5
    price: Annotated[Decimal, Field(decimal_places=2)] = Decimal(1)
    enabled: bool = True
    limit: int | Literal["none"] = "none"
    pattern: Annotated[str, Field(pattern="^[A-Z]+$", min_length=2)] = "AB"
    inner: Inner = Inner()
    venues: list[Inner] = []
    low: int = 0
    high: int = 100

    @field_validator("account")
    @classmethod
    def _no_blanks(cls, value: str) -> str:
        if " " in value:
            raise ValueError("Holds a blank")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Acme:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def problems_of(loaded: LoadedSettings, model: type[BaseModel] = Acme) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate_plugin_section(loaded, "acme", model)
    return [
        f"{p.line}:{p.column}  {p.key}  {p.message}" if p.file else str(p)
        for p in caught.value.problems
    ]


def test_the_layers_of_a_section_are_read_into_its_model(load: Load) -> None:
    loaded = load(
        "[plugins.acme]\naccount = 'main'\nrate = 0.25",
        "[plugins.acme]\naccount = 'other'\nsize = 3",
        environment={"TRADECTL__PLUGINS__ACME__PRICE": "0.10"},
        overrides={"plugins.acme.inner.name": "123"},
    )
    acme = validate_plugin_section(loaded, "acme", Acme)
    assert (acme.account, acme.rate, acme.size) == ("main", 0.25, 3)
    assert acme.price == Decimal("0.10")
    assert acme.inner.name == "123"


def test_a_section_nobody_wrote_is_the_models_defaults(load: Load) -> None:
    assert validate_plugin_section(load(), "acme", Inner) == Inner()


def test_a_missing_setting_is_named_with_the_table_it_is_missing_from(load: Load) -> None:
    text = "[plugins.acme]\nsize = 1"
    assert problems_of(load(text)) == ["1:10  plugins.acme.account  is missing, expected a value"]
    assert problems_of(load()) == ["plugins.acme.account  is missing, expected a value"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "market = 'swpa'",
            "10  market  was 'swpa', expected one of spot, swap, future, did you mean swap?",
        ),
        ("market = 'futures'", "expected one of spot, swap, future, did you mean future?"),
        ("mode = 'slow'", "8  mode  was 'slow', expected one of fast, safe"),
        ("size = 0", "8  size  was 0, expected at least 1"),
        ("size = 10", "8  size  was 10, expected at most 9"),
        ("size = 1.5", "8  size  was 1.5, expected a whole number"),
        ("rate = 1.0", "8  rate  was 1.0, expected less than 1"),
        ("rate = 'x'", "8  rate  was 'x', expected a number"),
        ("price = 1.001", "9  price  was 1.001, expected at most 2 decimal places"),
        ("enabled = 'maybe'", "11  enabled  was 'maybe', expected true or false"),
        ("limit = 'some'", "9  limit  was 'some', expected a whole number or one of none"),
        ("pattern = 'ab'", "11  pattern  was 'ab', expected text that matches ^[A-Z]+$"),
        ("pattern = 'A'", "11  pattern  was 'A', expected at least 2 characters"),
        ("inner = 5", "9  inner  was 5, expected a table"),
        ("inner.nmae = 'x'", "7  inner.nmae  unknown key, did you mean name?"),
        ("venues = [{name = 5}]", "19  venues[0].name  was 5, expected text"),
        ("account = 'a b'", "11  account  was 'a b': holds a blank"),
        ("sise = 3", "1  sise  unknown key, did you mean size?"),
        ("zzz = 3", "1  zzz  unknown key"),
    ],
)
def test_a_wrong_value_is_explained_in_plain_words(line: str, problem: str, load: Load) -> None:
    account = "" if line.startswith("account") else "account = 'a'"
    (found,) = problems_of(load(f"[plugins.acme]\n{line}\n{account}"))
    column, *rest = problem.split("  ")
    expected = problem if not rest else f"2:{column}  plugins.acme.{'  '.join(rest)}"
    assert expected in found


def test_a_rule_over_several_settings_sees_all_layers_together(load: Load) -> None:
    user = "[plugins.acme]\naccount = 'a'\nlow = 200"
    loaded = load("[plugins.acme]\nhigh = 300", user)
    assert validate_plugin_section(loaded, "acme", Acme).low == 200
    (problem,) = problems_of(load("[plugins.acme]\nhigh = 150", user))
    assert problem == "1:10  plugins.acme  low is above high"


def test_a_wrong_value_that_a_stronger_layer_hides_is_reported(load: Load) -> None:
    loaded = load("[plugins.acme]\naccount = 'a'\nsize = 5", "[plugins.acme]\nsize = 50")
    assert problems_of(loaded) == ["2:8  plugins.acme.size  was 50, expected at most 9"]


def test_a_model_may_say_that_it_takes_unknown_keys(load: Load) -> None:
    class Free(BaseModel):
        model_config = ConfigDict(extra="allow")

    free: Any = validate_plugin_section(load("[plugins.acme]\nx = 1"), "acme", Free)
    assert free.x == 1


def test_the_environment_reaches_a_plugins_unknown_key(load: Load) -> None:
    environment = {"TRADECTL__PLUGINS__ACME__SISE": "1", "TRADECTL__PLUGINS__ACME__ACCOUNT": "a"}
    (problem,) = problems_of(load(environment=environment))
    assert "did you mean TRADECTL__PLUGINS__ACME__SIZE?" in problem


def test_the_environment_reaches_a_plugin_whose_name_has_hyphens(load: Load) -> None:
    name = "acme-two-hats"
    variable = "TRADECTL__PLUGINS__ACME_TWO_HATS__"
    file = f"[plugins.{name}]\naccount = 'file'"
    loaded = load(file, environment={f"{variable}ACCOUNT": "main", f"{variable}INNER__NAME": "x"})
    acme = validate_plugin_section(loaded, name, Acme)
    assert (acme.account, acme.inner.name) == ("main", "x")
    assert str(loaded.origins[f"plugins.{name}.account"]).endswith("ACME_TWO_HATS__ACCOUNT")

    loaded = load(environment={f"{variable}ACCOUNT": "a", f"{variable}SISE": "1"})
    with pytest.raises(ConfigError, match=f"did you mean {variable}SIZE"):
        validate_plugin_section(loaded, name, Acme)


def test_the_value_of_a_secret_is_not_repeated(load: Load) -> None:
    class Wants(BaseModel):
        api_key: Annotated[str, Field(max_length=3)]

    (problem,) = problems_of(load("[plugins.acme]\napi_key = 'env:HUNTER2'"), Wants)
    assert (
        problem == "2:11  plugins.acme.api_key  was something else, expected at most 3 characters"
    )
