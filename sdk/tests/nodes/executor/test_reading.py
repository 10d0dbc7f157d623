"""What people see of a journal, while it is being written."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import pytest
from floor import Floor, place, setup
from test_journal import trading
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.errors import NotFoundError
from tradectl_sdk.nodes.executor import JournalView, schema
from tradectl_sdk.nodes.executor.journal import Journal


def test_orders_fills_positions_and_balance(tmp_path):
    _, journal = trading(tmp_path / "j", orders=8, close=False)
    with JournalView(tmp_path / "j") as view:
        orders = list(view.orders())
        assert [one.number for one in orders] == list(range(1, 9))
        assert {one.status for one in orders} == {"filled", "accepted"}
        (working,) = view.orders(working=True)
        assert (working.number, working.side, working.type) == (8, "buy", "limit")
        assert (working.quantity, working.limit, working.trigger) == (
            Decimal("0.010"), Decimal("99.00"), None,
        )  # fmt: skip
        fills = list(view.fills())
        assert [one.order for one in fills] == list(range(1, 8))
        assert (fills[0].price, fills[0].fee_currency) == (Decimal(100), "USDT")
        assert view.positions() == {"BTC/USDT.TEST": Decimal("0.070")}
        (held,) = view.valued_positions({"BTC/USDT.TEST": 10_100})
        assert (held.quantity, held.entry, held.last) == (Decimal("0.07"), Decimal(100), 101)
        assert (held.value, held.unrealised) == (Decimal("7.07"), Decimal("0.07"))
        assert view.valued_positions({})[0].last is None
        balance = view.balance()
        assert (balance.currency, balance.cash) == ("USDT", Decimal(999_993))
        assert list(view.notices()) == []
        assert view.check() == ""
    journal.close()


def test_a_view_is_of_one_moment_and_does_not_disturb_the_writer(tmp_path):
    floor, journal = trading(tmp_path / "j", close=False)
    with JournalView(tmp_path / "j") as view:
        before = len(list(view.orders()))
        floor.place(place(7, limit=9_900))
        floor.account(floor.trade_of(7, 1, trade_id="t1"))
        journal.commit(floor.records)
        journal.checkpoint(floor.state, 1)
        assert len(list(view.orders())) == before
    with JournalView(tmp_path / "j") as view:
        assert len(list(view.orders())) == before + 1
        assert [one.what for one in view.notices()] == ["trade"]
    journal.close()


def test_what_a_host_made_up_is_shown_as_it_came(tmp_path):
    journal = Journal(tmp_path / "j")
    floor = Floor(setup(), state=journal.state).open()
    floor.intend(place(1, type=77, time_in_force=88, instrument="NO.SUCH"))
    assert floor.status(1) == OrderStatus.DENIED
    journal.commit(floor.records)
    journal.close()
    with JournalView(tmp_path / "j") as view:
        (order,) = view.orders()
        assert (order.type, order.time_in_force, order.reason) == ("77", "88", "NO_INSTRUMENT")
        assert order.quantity == 10
        assert view.positions() == {}


def test_an_empty_journal_shows_nothing(tmp_path):
    Journal(tmp_path / "j").close()
    with JournalView(tmp_path / "j") as view:
        assert list(view.orders()) == []
        assert view.balance().currency == ""


def test_whoever_looks_while_a_journal_is_made_finds_none_and_never_half_of_one(
    tmp_path, monkeypatch
):
    """People and tools ask at any moment; "damaged" would be a lie that frightens them."""
    path, steps = tmp_path / "j", []

    class Watched(sqlite3.Connection):
        def execute(self, *words):
            if not path.exists():
                steps.append(words[0])
            else:
                schema.open_readable(path).close()
            return super().execute(*words)

    connect = sqlite3.connect

    def watched(place, **how):
        readable = {} if how.get("uri") else {"factory": Watched}
        return connect(place, **how, **readable)

    monkeypatch.setattr("tradectl_sdk.nodes.executor.schema.sqlite3.connect", watched)
    with pytest.raises(NotFoundError):
        JournalView(path)
    Journal(path).close()
    assert "COMMIT" in steps
    assert {one.name for one in tmp_path.iterdir()} == {"j", "j.head", "j.lock"}


def test_a_journal_whose_making_was_cut_short_is_made_again(tmp_path):
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"j.new{suffix}").write_bytes(b"what a killed process left")
    Journal(tmp_path / "j").close()
    with JournalView(tmp_path / "j") as view:
        assert view.check() == ""
    assert not list(tmp_path.glob("j.new*"))
