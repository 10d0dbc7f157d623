"""People are told what the journal says, once each, whoever dies in between."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "executor"))

import pytest
from floor import START, X, instrument
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.journal import Journal
from tradectl_sdk.nodes.executor.parts import terms_of
from tradectl_sdk.nodes.supervisor.telling import Teller
from tradectl_sdk.nodes.supervisor.wording import Told
from tradectl_sdk.notify import Level, Notice

TOLD = Told(session="p-1", strategy="cross", live=False)


def started(epoch: int = 1) -> of.Started:
    return of.Started(START, epoch, "a", "cross", False, (terms_of(instrument()),))


def placed(key: int, event: int = -1, reason: int = 0) -> of.Placed:
    return of.Placed(
        START, key, 1, key, X, 1, 1, 0, 0, 2000, 10_000, 0, 0, 0, 0, 0, START, event, reason, 2000
    )


def booked(key: int, trade: str) -> of.Booked:
    return of.Booked(START, key, 0, X, trade, 7, 1, 500, 10_050, 1_000_000, "", False, START)


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.fixture
def journal(tmp_path: Path):
    made = Journal(tmp_path / "journal.db")
    made.commit([started()])
    yield made
    made.close()


def teller(tmp_path: Path, told: list[Notice]) -> Teller:
    return Teller(TOLD, tmp_path / "journal.db", tmp_path / "told", told.append)


def titles(told: list[Notice]) -> list[str]:
    return [one.title for one in told]


def test_fills_and_refusals_are_told_in_words(tmp_path, journal, told) -> None:
    watching = teller(tmp_path, told)
    journal.commit([placed(1), of.Sent(START, 1, "id1", 1, 2000, 10_000, 0, START)])
    journal.commit([of.Moved(START, 1, int(OrderEvent.ACCEPT)), booked(1, "t1")])
    journal.commit([placed(2, int(OrderEvent.DENY), int(DenyReason.CASH))])
    watching.poll()
    assert titles(told) == [
        "bought 0.5 BTC/USDT.TEST at 100.5",
        "an order was denied: buy 2 BTC/USDT.TEST",
    ]
    assert told[0].text == "fee 0.01 USDT, position 0.5"
    assert told[1].text == DenyReason.CASH.summary
    assert [one.level for one in told] == [Level.INFO, Level.WARNING]


def test_what_is_urgent_is_told_as_such(tmp_path, journal, told) -> None:
    watching = teller(tmp_path, told)
    journal.commit(
        [
            of.Switched(START, "halted", "a person", "enough"),
            of.Failed(START, 1, "ZeroDivisionError: division by zero", "..."),
            of.Compared(START, START, ("position of X is 1, expected 2",)),
            of.Compared(START, START),
            of.Noticed(START, "overfill", 0, "3 of 2 lots"),
        ]
    )
    watching.poll()
    assert titles(told) == [
        "the kill switch is HALTED by a person",
        "the strategy failed: ZeroDivisionError: division by zero",
        "our account and the venue's differ: orders that add risk wait",
        "something odd (overfill)",
    ]
    assert [one.level for one in told[:2]] == [Level.CRITICAL, Level.CRITICAL]


def test_an_order_of_unknown_fate_is_told_until_it_is_known(tmp_path, journal, told) -> None:
    watching = teller(tmp_path, told)
    journal.commit([placed(1), of.Sent(START, 1, "id1", 1, 2000, 10_000, 0, START)])
    journal.commit([of.Moved(START, 1, int(OrderEvent.SUBMIT_UNKNOWN), 0, "no answer in time")])
    watching.poll()
    journal.commit([of.Moved(START, 1, int(OrderEvent.NOT_FOUND))])
    watching.poll()
    assert "may or may not have reached the venue" in told[0].title
    assert told[0].text == "no answer in time"
    assert "is not at the venue" in told[1].title


def test_each_is_told_once_though_supervisor_and_executor_die(tmp_path, journal, told) -> None:
    journal.commit([of.Switched(START, "reducing", "", "one")])
    teller(tmp_path, told).poll()  # and dies
    journal.checkpoint(journal.state, START)
    journal.commit([of.Switched(START, "halted", "", "two")])
    journal.close()
    again = Journal(tmp_path / "journal.db")
    again.commit([started(2), of.Switched(START, "active", "a person", "three")])
    successor = teller(tmp_path, told)
    successor.poll()
    successor.poll()
    again.close()
    assert [one.text for one in told] == ["one", "two", "three"]
    assert len({one.id for one in told}) == 3


def test_a_journal_may_come_later_and_may_be_broken(tmp_path, told) -> None:
    watching = teller(tmp_path, told)
    watching.poll()
    (tmp_path / "journal.db").write_bytes(b"no journal")
    watching.poll()
    (tmp_path / "journal.db").unlink()
    with_journal = Journal(tmp_path / "journal.db")
    with_journal.commit([started(), of.Switched(START, "halted", "", "now")])
    watching.poll()
    watching.close()
    with_journal.close()
    assert [one.text for one in told] == ["now"]


def test_what_stands_in_no_journal_is_told_too(tmp_path, told) -> None:
    watching = teller(tmp_path, told)
    watching.say(START, Level.WARNING, "node", "the gateway died", "signal 9")
    watching.say(START, Level.WARNING, "node", "the gateway died", "signal 9")
    assert len({one.id for one in told}) == 2
    assert told[0].headline == "cross: the gateway died"


def test_a_record_that_cannot_be_read_is_tried_again_and_told_when_it_can(
    tmp_path, journal, told
) -> None:
    watching = teller(tmp_path, told)
    watching.poll()
    journal.commit([of.Switched(START, "halted", "", "one")])
    sound = damaged(tmp_path / "journal.db", journal.seq, b"\xc1")
    watching.poll()
    watching.poll()  # opens it anew, and finds the damage again
    assert told == []
    damaged(tmp_path / "journal.db", journal.seq, sound)
    watching.poll()
    assert [one.text for one in told] == ["one"]
    watching.close()


def damaged(path: Path, seq: int, body: bytes) -> bytes:
    """Put other bytes in the place of a record, and return what they were."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        (before,) = connection.execute("SELECT body FROM records WHERE seq = ?", (seq,)).fetchone()
        connection.execute("UPDATE records SET body = ? WHERE seq = ?", (body, seq))
    return bytes(before)
