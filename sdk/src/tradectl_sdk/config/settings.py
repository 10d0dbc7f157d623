"""The settings there are: one pydantic class per section, one field per section in `Settings`.

A setting stands here only when code reads it. Its description says the unit, because the JSON
schema and the documentation are made from it.

Secrets are never settings. Where one is needed, the setting is a reference to it (``env:NAME``,
``keyring:NAME``), and the part that needs the secret resolves it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS = frozenset({int, float, Decimal})
_SECRET = re.compile(
    r"(^|_)(secret|password|passwd|passphrase|credentials?)(_|$)"
    r"|(api|private|secret|access)_?key$"
    r"|^token$|(access|auth|bot|refresh|bearer)_token$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"(env|keyring|file):\S")


def is_secret_name(name: str) -> bool:
    """Tell whether a key of this name would hold a secret."""
    return _SECRET.search(name.replace("-", "_")) is not None


def is_secret_reference(value: object) -> bool:
    """Tell whether a value points to a secret instead of being one."""
    return isinstance(value, str) and _REFERENCE.match(value) is not None


def _expand_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError("names a home folder that does not exist") from error


Folder = Annotated[Path, AfterValidator(_expand_home)]
"""A folder; ``~`` is the home folder, and a relative one starts at the file that names it."""


class Section(BaseModel):
    """A table of settings: immutable, complete with defaults, deaf to unknown keys.

    A number is a number: TOML tells ``5`` from ``"5"`` and ``true``, so they are not converted.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_lookalikes(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what pydantic would convert although TOML says it is something else."""
        annotation = cls.model_fields[info.field_name or ""].annotation
        kinds = {annotation, *get_args(annotation)}
        if isinstance(value, bool) and kinds & _NUMBERS and bool not in kinds:
            raise PydanticCustomError("float_type", "Input should be a number")
        if isinstance(value, str) and kinds & _NUMBERS and str not in kinds:
            raise PydanticCustomError("float_type", "Input should be a number")
        if isinstance(value, str | int) and not isinstance(value, bool) and bool in kinds:
            raise PydanticCustomError("bool_type", "Input should be true or false")
        return value


class PluginsSection(Section):
    """Which plugins may be loaded, and a free table of settings for each."""

    model_config = ConfigDict(title="plugins", extra="allow")
    __pydantic_extra__: dict[str, dict[str, Any]] = Field(init=False)

    disabled: tuple[str, ...] = Field(
        default=(), description="Names of plugins that are never imported, even when installed."
    )

    def section(self, name: str) -> Mapping[str, Any]:
        """Return the settings given under ``[plugins.<name>]``, as they were written."""
        return (self.__pydantic_extra__ or {}).get(name, {})


class BacktestSection(Section):
    """Assumptions of a simulated account and venue."""

    model_config = ConfigDict(title="backtest")

    cash: Decimal = Field(
        default=Decimal(100_000),
        gt=0,
        description="Cash the account starts with, in units of its currency.",
    )


class DataSection(Section):
    """Market data at rest."""

    model_config = ConfigDict(title="data")

    catalog: Folder = Field(
        default=Path(".tradectl/catalog"),
        description="Folder of the data catalog; a relative one starts at the project.",
    )


class RunsSection(Section):
    """What runs leave behind."""

    model_config = ConfigDict(title="runs")

    directory: Folder = Field(
        default=Path(".tradectl/runs"),
        description="Folder that keeps every run; a relative one starts at the project.",
    )


class Settings(Section):
    """Every setting of tradectl, complete and immutable."""

    model_config = ConfigDict(title="tradectl settings")

    backtest: BacktestSection = Field(
        default_factory=BacktestSection, description="Simulated account and venue."
    )
    data: DataSection = Field(default_factory=DataSection, description="Market data at rest.")
    plugins: PluginsSection = Field(
        default_factory=PluginsSection,
        description="Which plugins may be loaded; one table of settings for each plugin.",
    )
    runs: RunsSection = Field(default_factory=RunsSection, description="What runs leave behind.")
