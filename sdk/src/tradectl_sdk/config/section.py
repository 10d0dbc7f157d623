"""What every table of settings is: immutable, complete with defaults, deaf to unknown keys."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

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
