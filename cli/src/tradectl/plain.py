"""Values as JSON can hold them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
from collections.abc import Mapping, Set
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


# Types -> how their values become plain; the first that fits counts.
_FORMS: tuple[tuple[tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((enum.Enum,), lambda value: plain(value.value)),  # some are text or numbers as well
    ((bool, str, type(None)), lambda value: value),
    ((int,), int),
    ((float,), lambda value: float(value) if math.isfinite(value) else None),
    ((Decimal, PurePath), str),
    ((dt.date, dt.time), lambda value: value.isoformat()),  # a datetime is a date
    ((Mapping,), lambda value: {str(plain(key)): plain(item) for key, item in value.items()}),
    ((Set,), lambda value: sorted(map(plain, value))),
    ((list, tuple), lambda value: list(map(plain, value))),
)


def plain(value: object) -> Any:
    """Return a value made of dicts, lists, strings, numbers, booleans and None.

    Decimals become strings, so that no digit is lost; times become ISO 8601; sets become sorted
    lists; a float that is not finite becomes None, since JSON has no word for it.

    Raises:
        TypeError: There is no obvious plain form, which is a mistake of the caller.
    """
    for types, form in _FORMS:
        if isinstance(value, types):
            return form(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    raise TypeError(f"{type(value).__name__} has no JSON form")
