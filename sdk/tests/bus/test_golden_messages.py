"""What any version wrote can be read, and no message changes by accident."""

from __future__ import annotations

import copy
import json
from typing import Any

import golden_messages as golden
import msgspec
import pytest
from golden_messages import GOLDEN
from tradectl_sdk.bus import schema
from tradectl_sdk.bus.codec import CONVERSATIONS, HEADER, VERSION, unseal

FILES = sorted(GOLDEN.glob("v*/*.bin"))


def plain(value: Any) -> Any:
    """A message as plain values, raw parts as their bytes."""
    return msgspec.to_builtins(value, enc_hook=lambda raw: bytes(memoryview(raw)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_every_message_of_every_version_is_read_and_no_field_is_passed_over(path: Any) -> None:
    conversation, _, name = path.stem.partition(".")
    content = path.read_bytes()
    if conversation == "envelope":
        _, message = unseal(content)
        raw = msgspec.msgpack.decode(content[HEADER:])[1:]
        found = [getattr(message, field) for field in message.__struct_fields__][: len(raw)]
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(found))
        assert json.dumps(again, default=repr) == json.dumps(raw, default=repr)
    else:
        message = CONVERSATIONS[conversation].decode(msgspec.Raw(content))
        raw = msgspec.msgpack.decode(content)
        assert contained(raw, msgspec.msgpack.decode(msgspec.msgpack.encode(message)))
    assert type(message).__name__ == name


def contained(old: Any, new: Any) -> bool:
    """Whether everything that was written then is still there; there may be more fields."""
    if isinstance(old, dict):
        return all(key in new and contained(value, new[key]) for key, value in old.items())
    if isinstance(old, list):
        return all(contained(one, other) for one, other in zip(old, new, strict=True))
    return bool(old == new)


def test_every_message_has_its_golden_bytes() -> None:
    folder = GOLDEN / f"v{VERSION}"
    recorded = {path.stem: path.read_bytes() for path in folder.glob("*.bin")}
    assert recorded == dict(golden.messages()), "see golden_messages.py"


def test_the_messages_are_those_recorded_for_their_version() -> None:
    """A change is made on purpose: golden_messages.py --accept."""
    assert golden.differences() == []
    recorded = (GOLDEN / f"v{VERSION}" / "fingerprint").read_text(encoding="utf-8").strip()
    assert schema.fingerprint() == recorded


@pytest.mark.parametrize("version", golden.versions())
def test_no_version_is_broken(version: int) -> None:
    assert golden.breaches(golden.versions()[version], schema.current()) == []


def changed(**edits: Any) -> list[str]:
    """What is said of a description in which StrategyFailed was changed."""
    old = schema.current()
    new = copy.deepcopy(old)
    edits["edit"](new)
    return golden.breaches(old, new)


def fields(description: Any, name: str = "StrategyFailed") -> list[Any]:
    found: list[Any] = description["structures"][name]["fields"]
    return found


@pytest.mark.parametrize(
    ("edit", "breach"),
    [
        (lambda new: fields(new).pop(), "StrategyFailed: field traceback is gone"),
        (lambda new: fields(new)[2].update(name="words"), "StrategyFailed: field text is gone"),
        (lambda new: fields(new)[1].update(type="str"), "StrategyFailed: field epoch was int"),
        (
            lambda new: fields(new).append({"name": "x", "type": "int", "required": True}),
            "StrategyFailed: field x is new and has no default",
        ),
        (
            lambda new: fields(new)[3].update(required=True),
            "StrategyFailed: field traceback has lost its default",
        ),
        (
            lambda new: new["structures"]["StrategyFailed"].update(tag="broken"),
            "StrategyFailed: tag was 'failed', is 'broken'",
        ),
        (lambda new: fields(new, "Cursor").reverse(), "Cursor: fields of an array have moved"),
        (lambda new: new["structures"].pop("Cursor"), "Cursor is gone"),
        (
            lambda new: new["unions"]["intents"].remove("Intents"),
            "Intents is said no more in intents",
        ),
        (lambda new: new["numbers"].update(market=9), "conversation market was number 5, is 9"),
    ],
)
def test_an_incompatible_change_is_found(edit: Any, breach: str) -> None:
    found = changed(edit=edit)
    assert any(one.startswith(breach) for one in found)


@pytest.mark.parametrize(
    "edit",
    [
        lambda new: fields(new).append({"name": "x", "type": "int", "required": False}),
        lambda new: new["unions"]["intents"].append("Another"),
        lambda new: new["structures"].update(Another={}),
        lambda new: fields(new, "Intents")[4]["type"]["many"].append("Another"),
    ],
)
def test_growing_is_no_breach_but_another_fingerprint(edit: Any) -> None:
    assert changed(edit=edit) == []
    new = schema.current()
    edit(new)
    assert schema.digest(new) != schema.fingerprint()


def test_a_released_version_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "released", lambda: {VERSION})
    with pytest.raises(SystemExit, match="raise VERSION"):
        golden.accept()
