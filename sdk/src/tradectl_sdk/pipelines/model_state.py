"""What a model that was given as Python code was made with, as a hash of its attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.errors import ModelError
from tradectl_sdk.runs.identity import canonical_json

if TYPE_CHECKING:
    from tradectl_sdk.models import Model

_NAMED = frozenset({"schedule", "settings", "libraries"})  # they name a run by themselves


def state_hash(model: Model, name: str) -> str:
    """Return the hash of a fresh model's own attributes, empty if it has none.

    Attributes that are no plain values are left to the model's ``settings``.

    Raises:
        ModelError: If there is such an attribute and there are no settings.
    """
    plain: dict[str, object] = {}
    for attribute, value in vars(model).items():
        if attribute in _NAMED:
            continue
        try:
            plain[attribute] = _plain(value)
        except TypeError:
            if not model.settings:
                raise ModelError(
                    f"model {name} has a {type(value).__name__} as its {attribute}, "
                    "and no settings to tell one from another",
                    hint="name what it was made with in its settings, as plain values",
                ) from None
    return hashlib.sha256(canonical_json(plain).encode()).hexdigest() if plain else ""


def _plain(value: object) -> object:
    """Return a value as JSON can hold it, another for another value.

    Raises:
        TypeError: If it is none of those that can be told apart.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return ["float", repr(value)]
    if isinstance(value, np.ndarray) and value.dtype.hasobject is False:
        data = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return ["array", str(value.dtype), list(value.shape), data]
    if isinstance(value, Mapping):
        return ["mapping", [[_plain(key), _plain(each)] for key, each in value.items()]]
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [type(value).__name__, [_plain(each) for each in value]]
    raise TypeError
