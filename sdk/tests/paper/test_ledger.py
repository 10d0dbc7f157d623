"""The ledger on disk: whole steps, one owner, any kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest
from counter import BTC, Counter, assume, fills, instrument, open_counter
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.errors import ExchangeError
from tradectl_sdk.exchange import OrderRef
from tradectl_sdk.paper import MemoryLedger, PaperCore, PaperSettings, SqliteLedger


@pytest.fixture(params=["memory", "file"])
def ledger(request, tmp_path):
    made = MemoryLedger() if request.param == "memory" else SqliteLedger(tmp_path / "a.db")
    yield made
    if isinstance(made, SqliteLedger):
        made.close()


def test_both_ledgers_answer_alike(ledger):
    counter = open_counter(instrument(), instrument("ETH/USDT"), ledger=ledger)
    counter.flat(100)
    counter.flat(100, on="ETH/USDT.PAPER")
    for number in range(4):
        counter.buy(100, client_id=f"b{number}")
        counter.flat(100)
    since = counter.now
    counter.buy(100, limit=50, client_id="open")
    counter.buy(100, on="ETH/USDT.PAPER", limit=50, client_id="other")
    counter.buy(100, client_id="last")
    counter.flat(100)
    ids = [record.ticket.client_id for record in ledger.ended(BTC, since)]
    assert ids == ["b3", "last"]
    assert [r.ticket.client_id for r in ledger.working()] == ["open", "other"]
    assert [r.number for r in ledger.orders(BTC, 0, 2)] == [5, 7]
    assert [r.number for r in ledger.orders(BTC, 2, 2)] == [2, 3]
    assert [r.number for r in ledger.orders(BTC, 2, 0)] == [2, 3, 4, 5, 7]
    assert [t.number for t in ledger.trades(BTC, 0, 0, 2)] == [4, 5]
    assert [t.number for t in ledger.trades(BTC, 0, 2, 2)] == [2, 3]
    assert [t.order for t in ledger.trades(BTC, counter.now, 0, 0)] == [7]
    assert ledger.by_number(99) is None
    assert ledger.by_client_id("nobody") is None


def again(ledger) -> Counter:
    """A venue made from the ledger alone."""
    core = PaperCore([instrument()], ledger, PaperSettings(assumptions=assume()))
    state = ledger.state()
    return Counter(core, now=state.time)


def test_a_new_venue_goes_on_where_the_old_one_was(ledger):
    counter = open_counter(ledger=ledger)
    counter.flat(100)
    counter.buy(500)
    counter.flat(100)
    counter.bracket(300, take=120, loss=80)
    counter.sell(100, trail=10, client_id="trail")
    counter.bar(100, 105, 100, 104)
    counter.core.save(counter.now)
    later = again(ledger)
    assert later.core.wallet.units == counter.core.wallet.units
    assert [r.client_id for r in later.core.open_orders()] == ["c3", "c4", "trail"]
    assert later.query("trail").trigger == 95
    assert later.core.last_price(BTC) == 104
    assert fills(later.bar(104, 104, 94, 94)) == [("trail", -100, 95)]
    assert int(later.told[0].trade_id) == 3


def test_notes_are_kept_with_orders(ledger):
    counter = open_counter(ledger=ledger)
    counter.flat(100)
    ticket = counter.ticket(1, 500, limit=90)
    counter.core.submit([ticket], counter.now, notes=["in my words"])
    again(ledger).flat(85)
    record = ledger.by_client_id(ticket.client_id)
    assert (record.note, record.ended, record.value) == ("in my words", True, 42_500_000)
    assert record.created == ticket.decided


def test_a_ledger_belongs_to_one_process_at_a_time(tmp_path):
    path = tmp_path / "a.db"
    first = SqliteLedger(path)
    counter = open_counter(ledger=first)
    counter.flat(100)
    with pytest.raises(ExchangeError, match="locked") as caught:
        SqliteLedger(path)
    assert "another process" in caught.value.hint
    first.close()
    SqliteLedger(path).close()


def test_what_is_no_ledger_is_refused(tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(ExchangeError, match="could not be used"):
        SqliteLedger(path)


def test_a_ledger_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(ExchangeError, match="was 9, expected 1"):
        SqliteLedger(path)


def test_a_step_that_cannot_be_written_is_not_kept(tmp_path):
    path = tmp_path / "a.db"
    ledger = SqliteLedger(path)
    counter = open_counter(ledger=ledger)
    counter.flat(100)
    counter.buy(500, limit=90, client_id="x")
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill_up() -> None:
        for number in range(500):
            counter.buy(500, limit=90, client_id=f"y{number}")

    with pytest.raises(ExchangeError, match="full"):
        fill_up()
    kept = len(ledger.working())
    ledger.close()
    reopened = SqliteLedger(path)
    assert len(reopened.working()) == kept == reopened.state().orders
    reopened.close()


SESSION = """
    import os, sys, signal
    sys.path.insert(0, {folder!r})
    from counter import open_counter
    from tradectl_sdk.paper import SqliteLedger

    ledger = SqliteLedger({path!r})
    if {kill} >= 0:
        run, left = ledger._connection.execute, [{kill}]

        class Dying:
            in_transaction = property(lambda self: False)
            def execute(self, *words):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return run(*words)

        ledger._connection = Dying()
    counter = open_counter(ledger=ledger)
    counter.flat(100)
    print("asked", flush=True)
    counter.buy(500, client_id="entry")
    print("told", flush=True)
    counter.flat(100)
    print("filled", flush=True)
    counter.bracket(300, take=120, loss=80)
    print("bracket", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is absent on this system")
def test_a_process_killed_at_any_statement_leaves_a_whole_step(tmp_path):
    """Every statement that the ledger runs in turn is the last one of a process."""
    seen = set()
    for kill in range(60):
        path = tmp_path / f"{kill}.db"
        program = textwrap.dedent(SESSION).format(
            folder=str(Path(__file__).parent), path=str(path), kill=kill
        )
        process = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        said = process.stdout.split()
        seen.add((process.returncode, tuple(said)))
        _check_whole(path, said)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, process.stderr
    assert (0, ("asked", "told", "filled", "bracket")) in seen
    assert len(seen) == 5


def _check_whole(path: Path, said: list[str]) -> None:
    ledger = SqliteLedger(path)
    core = PaperCore([instrument()], ledger, PaperSettings(assumptions=assume()))
    trades = core.trades(BTC, 0)
    bought = sum(trade.side * trade.lots for trade in trades)
    spent = sum(trade.side * trade.lots * trade.price for trade in trades)
    assert core.wallet.units.get("BTC", 0) == bought * 100_000
    assert core.wallet.units["USDT"] == 100_000 * 10**8 - spent * 1000
    entry = core.query(OrderRef(instrument=BTC, client_id="entry"))
    if "told" in said:
        assert entry.status in {OrderStatus.ACCEPTED, OrderStatus.FILLED}
    if "filled" in said:
        assert (entry.status, bought) == (OrderStatus.FILLED, 500)
    assert len(core.open_orders()) in {0, 1, 3}  # never a part of a bracket
    ledger.close()


def test_memory_stays_flat_over_many_orders():
    """Ended orders leave the tables; their number does not matter any more."""
    counter = open_counter(table_rows=64, ledger=SqliteLedger(":memory:"))
    counter.flat(100)
    resting = counter.buy(100, limit=50, client_id="resting")
    sizes = []
    for number in range(400):
        counter.buy(10 + number % 3)
        counter.flat(100 + number % 5)
        counter.told.clear()
        (book,) = counter.core._books
        sizes.append((book.orders.capacity, len(book.journal.entries), book.booking.fills.capacity))
        assert book.orders.count <= 64 + 2
        assert len(book.numbers) == book.orders.count
    assert len(set(sizes)) == 1
    assert counter.query("resting") == resting.report
    assert len(counter.core._register._entries) == 1


def test_tables_grow_when_many_orders_work():
    counter = open_counter(table_rows=8, assumptions=assume(cash=Decimal(10**6)))
    counter.flat(100)
    for number in range(200):
        counter.buy(10, limit=50 + number % 40)
    assert len(counter.core.open_orders()) == 200
    events = counter.bar(100, 100, 40, 45)
    assert len(fills(events)) == 200
