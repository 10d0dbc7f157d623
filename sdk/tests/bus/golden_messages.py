"""The bytes of every message, one file each, and what messages looked like in each version.

``golden/v1/`` holds a file per message of version 1, and ``schema.json``, what all of them look
like. Messages may grow by fields with defaults, and there may be new messages; nothing else. When
messages of a version that has been released grow, raise ``VERSION`` in the codec. Then, or to take
over a change before the release::

    python sdk/tests/bus/golden_messages.py --accept

Without ``--accept`` the same command says what differs. Versions in ``released.txt`` are never
written again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect
from tradectl_sdk.bus.codec import CONVERSATIONS, VERSION, seal
from tradectl_sdk.bus.messages import wire
from tradectl_sdk.bus.schema import current, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).with_name("golden")
Description = dict[str, Any]


SCALARS: dict[type, Any] = {
    inspect.IntType: 1_000_000_007,
    inspect.FloatType: 0.5,
    inspect.BoolType: True,
    inspect.BytesType: bytes(range(8)),
    inspect.StrType: "naïve £",
    inspect.RawType: msgspec.Raw(msgspec.msgpack.encode({"kind": "?"})),
}


def example(info: Any) -> Any:
    """Make a value of a type, no field of it at its default."""
    match info:
        case inspect.StructType():
            return info.cls(**{one.name: example(one.type) for one in info.fields})
        case inspect.UnionType():
            return example(next(one for one in info.types if not _is_none(one)))
        case inspect.VarTupleType():
            items = info.item_type
            kinds = items.types if isinstance(items, inspect.UnionType) else (items,)
            return tuple(example(one) for one in kinds)
        case inspect.DictType():
            return {example(info.key_type): example(info.value_type)}
        case _:
            return SCALARS[type(info)]


def _is_none(info: Any) -> bool:
    return isinstance(info, inspect.NoneType)


def members(union: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield the messages of a union."""
    info = inspect.type_info(union)
    for one in info.types if isinstance(info, inspect.UnionType) else (info,):
        yield one.cls  # type: ignore[attr-defined]


def messages() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of every message as it is written now."""
    for conversation in CONVERSATIONS.values():
        for cls in members(conversation.messages):
            body = conversation.encode(example(inspect.type_info(cls)))
            yield f"{conversation.name}.{cls.__name__}", bytes(memoryview(body))
    for cls in members(wire.Envelope):
        yield f"envelope.{cls.__name__}", seal(example(inspect.type_info(cls)))


def versions() -> dict[int, Description]:
    """Read what messages looked like in each version."""
    return {
        int(folder.name[1:]): json.loads((folder / "schema.json").read_text(encoding="utf-8"))
        for folder in sorted(GOLDEN.glob("v*"))
    }


def breaches(old: Description, new: Description) -> list[str]:
    """Say in which ways readers of one description cannot read what the other writes, or back."""
    found = [
        f"conversation {name} was number {number}, is {new['numbers'].get(name)}"
        for name, number in old["numbers"].items()
        if new["numbers"].get(name) != number
    ]
    for name, kinds in old["unions"].items():
        found += [
            f"{one} is said no more in {name}"
            for one in kinds
            if one not in new["unions"].get(name, ())
        ]
    for name, structure in old["structures"].items():
        if name not in new["structures"]:
            found.append(f"{name} is gone")
        else:
            found += (f"{name}: {text}" for text in _changes(structure, new["structures"][name]))
    return found


def _changes(old: Description, new: Description) -> Iterator[str]:
    for key in ("tag", "tag_field", "array"):
        if old[key] != new[key]:
            yield f"{key} was {old[key]!r}, is {new[key]!r}"
    fields = {one["name"]: one for one in new["fields"]}
    for one in old["fields"]:
        now = fields.get(one["name"])
        if now is None:
            yield f"field {one['name']} is gone"
        elif not _is_wider(one["type"], now["type"]):
            yield f"field {one['name']} was {one['type']}, is {now['type']}"
        elif now["required"] and not one["required"]:
            yield f"field {one['name']} has lost its default"
    known = {one["name"] for one in old["fields"]}
    for one in new["fields"]:
        if one["name"] not in known and one["required"]:
            yield f"field {one['name']} is new and has no default"
    if old["array"] and [one["name"] for one in new["fields"]][: len(known)] != [
        one["name"] for one in old["fields"]
    ]:
        yield "fields of an array have moved"


def _is_wider(old: Any, new: Any) -> bool:
    """Whether a type is the same, or a union that lets in more structures than before."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_is_wider(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return all(one in new for one in old)
    return bool(old == new)


def released() -> set[int]:
    """Return the versions that are not to be written again."""
    return {int(line) for line in (GOLDEN / "released.txt").read_text().split()}


def differences() -> list[str]:
    """Say how the present messages differ from those recorded for the present version."""
    recorded = versions().get(VERSION)
    if recorded is None:
        return [f"version {VERSION} is not recorded"]
    if digest(recorded) == digest(current()):
        return []
    return breaches(recorded, current()) or [f"messages of version {VERSION} have grown"]


def accept() -> None:
    """Record the present messages."""
    if VERSION in released():
        sys.exit(f"version {VERSION} has been released: raise VERSION in tradectl_sdk/bus/codec.py")
    folder = GOLDEN / f"v{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.bin"):
        old.unlink()
    for name, content in messages():
        (folder / f"{name}.bin").write_bytes(content)
    text = json.dumps(current(), indent=1, sort_keys=True) + "\n"
    (folder / "schema.json").write_text(text, encoding="utf-8")
    (folder / "fingerprint").write_text(digest(current()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--accept" in sys.argv[1:]:
        accept()
    else:
        sys.exit("\n".join(differences()) or None)
