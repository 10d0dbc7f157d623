"""Settings as a session keeps them: exactly those that were in force when it was started."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradectl_sdk.config import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_DECIMAL = "$decimal"


def pinned(settings: Settings) -> dict[str, Any]:
    """Return what was set, as JSON can hold it; defaults stay defaults.

    Decimals are written as ``{"$decimal": "0.1"}``, which no setting looks like.
    """
    return {key: _plain(value) for key, value in settings.model_dump(exclude_unset=True).items()}


def unpinned(values: Mapping[str, Any]) -> Settings:
    """Return the settings that were pinned.

    Raises:
        pydantic.ValidationError: If they are not settings of this version.
    """
    return Settings.model_validate({key: _exact(value) for key, value in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, Path):
        return str(value.absolute())
    return value


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_DECIMAL}:
            return Decimal(value[_DECIMAL])
        return {key: _exact(each) for key, each in value.items()}
    return [_exact(each) for each in value] if isinstance(value, list) else value
