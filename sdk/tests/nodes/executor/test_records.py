"""Records keep their bytes: what was written by any version can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from floor import Floor, card, place, replayed, setup
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.exchange.values import TradeReport
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import Order
from tradectl_sdk.nodes.executor.state import State

GOLDEN = Path(__file__).with_name("records.json")

ORDER = Order(1, 2, 3, "X.T", 1, 1, 0, 0, 10, 5, 0, 0, 0, 0, 0, 7, 8, 10, earlier=(("c", "v"),))
TRADE = TradeReport(trade_id="t", instrument="X.T", side=1, lots=2, price=3, time=4)
SAMPLES: dict[str, of.Record] = {
    "start": of.Started(1, 2, "a", "s", False, (of.Terms("X", "T", "X", "U", "0.1", "1", "1"),)),
    "host": of.HostMet(1, 2),
    "read": of.IntentsRead(1, 2),
    "place": of.Placed(
        1,
        2,
        3,
        4,
        "X.T",
        1,
        1,
        0,
        0,
        10,
        5,
        0,
        0,
        0,
        0,
        0,
        9,
        -1,
        asked=10,
        read=3,
        noted={"0.Rule": {"seen": 2}},
    ),
    "send": of.Sent(1, 2, "c", 1, 10, 5, 0, 9),
    "move": of.Moved(1, 2, 6, 101, "text", 9),
    "seen": of.Seen(1, 2, "v", 10, 3, 5, 0, 9),
    "fill": of.Booked(1, 2, 0, "X.T", "t", 77, 1, 2, 3, 4, "U", True, 9),
    "alter": of.Altered(1, 2, 10, 5, 0),
    "end": of.Ending(1, 2, 105),
    "ask": of.Asked(1, 2, 2, replacing=True),
    "clear": of.Cleared(1, 2, 1, amended=True),
    "doubt": of.Doubted(1, 2),
    "next": of.Replaced(1, 2),
    "revive": of.Revived(1, 2, 5),
    "unpark": of.Unparked(1, 2),
    "trigger": of.Triggered(1, 2, 5),
    "trail": of.Trailed(1, 2, 5),
    "tie": of.Tied(1, 2, 2),
    "switch": of.Switched(1, "halted", "me", "why", flatten=True),
    "proof": of.Proven(1),
    "failed": of.Failed(1, 2, "boom", "line 1"),
    "note": of.Noticed(1, "late", 2, "text"),
    "orphan": of.Orphaned(1, TRADE),
    "fund": of.Funded(1, "U", 5, 6),
    "shift": of.Shifted(1, "X.T", -2),
    "compare": of.Compared(1, 9, ("a differs",)),
    "rules": of.RulesNoted(1, {"0.Rule": {"seen": 2, "share": 0.5, "on": True}}),
    "forget": of.Forgot(1, (ORDER,), 3),
    "recall": of.Recalled(1, ORDER),
    "checkpoint": of.Checkpointed(1, 2, b"12"),
    "repair": of.Repaired(1, 2, "why"),
}


def test_there_is_a_sample_of_every_record():
    assert {type(one) for one in SAMPLES.values()} == set(get_args(of.Record))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_record_keeps_its_bytes(name):
    kept = bytes.fromhex(json.loads(GOLDEN.read_text(encoding="utf-8"))[name])
    assert of.encode(SAMPLES[name]) == kept
    assert of.decode(kept) == SAMPLES[name]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_record_without_its_newest_fields_can_be_read(name):
    """As one that was written before they were thought of."""
    sample = SAMPLES[name]
    values = msgspec.msgpack.decode(of.encode(sample))
    required = 1 + sum(field.required for field in msgspec.structs.fields(type(sample)))
    assert type(of.decode(msgspec.msgpack.encode(values[:required]))) is type(sample)


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x92\xa4nope\x01", b"\x91\xa5place", b"\xff" * 9])
def test_what_is_no_record_is_refused(body):
    with pytest.raises(msgspec.DecodeError):
        of.decode(body)


def test_a_snapshot_without_its_newest_fields_can_be_read():
    floor = Floor().open()
    values = msgspec.msgpack.decode(floor.state.encoded())
    older = State.restored(msgspec.msgpack.encode(values[:-3]))
    assert older.rules == {}
    assert older.ledger.cash == floor.state.ledger.cash


def test_a_record_that_does_not_fit_is_not_applied_in_silence():
    state = State()
    with pytest.raises(RuntimeError, match="order 7"):
        state.apply(of.Ending(0, 7, 1))
    floor = Floor().open()
    floor.place(place(1))
    with pytest.raises(RuntimeError, match="in status"):
        floor.state.apply(of.Moved(0, 1, int(OrderEvent.DENY)))


def test_every_beginning_of_a_story_leads_where_it_led_live():
    """The state after each record is the state that was live then."""
    floor = Floor(setup(card=card(amends=True)))
    live: list[bytes] = []
    state = floor.state
    apply = state.apply

    def watched(record):
        event = apply(record)
        live.append(state.encoded())
        return event

    state.apply = watched
    before = len(floor.records)
    floor.open()
    floor.place(place(1), place(2, -1, limit=11_000, parent=1), place(3, limit=9_000))
    floor.fill(1, 4)
    floor.fill(1, 6)
    floor.fill(2, 4)
    for count, encoded in enumerate(live, before + 1):
        assert replayed(floor.records[:count]).encoded() == encoded
        assert State.restored(encoded).encoded() == encoded
    assert len(live) >= 19
