"""What all messages look like, in one canonical form, and its fingerprint.

Two nodes whose messages have the same version must have the same fingerprint; otherwise somebody
changed a message without saying so.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from tradectl_sdk.bus.codec import CONVERSATIONS, VERSION
from tradectl_sdk.bus.messages import wire

Description = dict[str, Any]


def describe(types: dict[str, Any]) -> Description:
    """Describe unions of messages and every structure that they lead to.

    Args:
        types: Unions by name.

    Returns:
        ``unions``: names of the members of each; ``structures``: for each its tag, form and
        fields, a field with its type and whether it has a default.
    """
    from msgspec import inspect

    structures: dict[str, Any] = {}
    unions = {name: _type(inspect.type_info(union), structures) for name, union in types.items()}
    return {"unions": unions, "structures": structures}


def current() -> Description:
    """Describe everything that is said on the bus."""
    conversations = {one.name: one.messages for one in CONVERSATIONS.values()}
    numbers = {one.name: one.number for one in CONVERSATIONS.values()}
    found = describe({**conversations, "envelopes": wire.Envelope})
    return {"version": VERSION, "numbers": numbers, **found}


def digest(description: Description) -> str:
    """Return the fingerprint of a description: SHA-256, in hexadecimal digits."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def fingerprint() -> str:
    """Return the fingerprint of the messages of this version."""
    return digest(current())


def _type(info: Any, structures: dict[str, Any]) -> Any:
    """Describe a type; structures are noted apart and named."""
    from msgspec import inspect

    match info:
        case inspect.StructType():
            return _structure(info, structures)
        case inspect.UnionType():
            return sorted((_type(one, structures) for one in info.types), key=str)
        case inspect.VarTupleType() | inspect.ListType():
            return {"many": _type(info.item_type, structures)}
        case inspect.TupleType():
            return {"tuple": [_type(one, structures) for one in info.item_types]}
        case inspect.DictType():
            key, value = _type(info.key_type, structures), _type(info.value_type, structures)
            return {"keys": key, "values": value}
        case _:
            return type(info).__name__.removesuffix("Type").lower()


def _structure(info: Any, structures: dict[str, Any]) -> str:
    name: str = info.cls.__name__
    if name not in structures:
        structures[name] = {}  # a structure that leads to itself ends here
        structures[name] = {
            "tag": info.tag,
            "tag_field": info.tag_field,
            "array": info.array_like,
            "fields": [
                {
                    "name": one.encode_name,
                    "type": _type(one.type, structures),
                    "required": one.required,
                }
                for one in info.fields
            ],
        }
    return name
