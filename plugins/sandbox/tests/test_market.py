"""The market as it is made of bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsing import MINUTE, START, series, settings
from tradectl_sandbox import SandboxSettings, book
from tradectl_sandbox.clock import Clock
from tradectl_sandbox.house import House
from tradectl_sandbox.sources import coin, find_series, made_up
from tradectl_sandbox.tape import Tape, path
from tradectl_sdk.errors import DataMissingError, UsageError

CENT = st.integers(2, 10_000)


@given(open_=CENT, close=CENT, up=st.integers(0, 500), down=st.integers(0, 500),
       count=st.integers(4, 40))  # fmt: skip
def test_a_path_meets_all_four_prices_and_stays_between_the_extremes(open_, close, up, down, count):
    high, low = max(open_, close) + up, max(min(open_, close) - down, 1)
    prices = path(open_, high, low, close, count)
    assert (len(prices), prices[0], prices[-1]) == (count, open_, close)
    assert (max(prices), min(prices)) == (high, low)
    if high - open_ < open_ - low:
        assert prices.index(high) < prices.index(low)


def test_a_bar_is_as_much_as_its_trades():
    bars = series([10_000, 10_100, 9_900], volume=1_000_007)
    tape = Tape([bars], 0, 12)
    trades = tape.prints(0, 1)
    assert sum(one.lots for one in trades) == 1_000_007
    assert [one.number for one in trades] == list(range(13, 25))
    assert [one.time for one in trades] == [START + MINUTE + n * MINUTE // 12 for n in range(12)]


def test_at_one_time_a_bar_closes_before_the_next_one_opens():
    both = [series(), series(symbol="ETH/USDT")]
    moments = list(Tape(both, 0, 4).after(START + 47 * MINUTE))
    assert [m.time for m in moments] == sorted(m.time for m in moments)
    at_close = [m for m in moments if m.time == START + 49 * MINUTE]
    assert [(m.closes, m.place) for m in at_close] == [(True, 0), (True, 1), (False, 0), (False, 1)]


def test_series_that_are_not_there_all_the_time_take_turns():
    later = series([5] * 10, symbol="ETH/USDT")
    object.__setattr__(later, "time", later.time + 45 * MINUTE)
    moments = list(Tape([series(), later], 0, 4).after(0))
    assert {m.place for m in moments if m.time < START + 45 * MINUTE} == {0}
    assert {m.place for m in moments if m.time > START + 51 * MINUTE} == {1}


@given(price=st.integers(1, 100), number=st.integers(0, 10_000), step=st.integers(-3, 3))
def test_changes_of_a_book_lead_from_one_to_the_other(price, number, step):
    for direction in (-1, 1):
        before = book.side(price, number, direction, 1000)
        after = book.side(max(price + step, 1), number + 1, direction, 1000)
        turned = dict(before)
        for level, lots in book.changes(before, after):
            if lots:
                turned[level] = lots
            else:
                del turned[level]
        assert turned == after


def test_the_same_market_shows_the_same_book():
    assert book.side(100, 7, 1, 1000) == book.side(100, 7, 1, 1000)
    assert all(lots > 0 for lots in book.side(100, 7, -1, 1).values())
    assert min(book.side(3, 7, -1, 1)) == 1


# Clocks --------------------------------------------------------------------------------------


def test_a_clock_runs_at_its_speed_and_never_back():
    wall = [1000]
    clock = Clock(5_000_000, 60.0, lambda: wall[0])
    wall[0] += 100
    assert clock.now == 5_006_000
    clock.advance(4_000_000)
    assert clock.now == 5_006_000
    clock.advance(9_000_000)
    assert clock.now == 9_000_000
    assert clock.seconds_until(9_000_000 + 60 * 10**9) == 1.0


def test_a_clock_that_stands_still_moves_when_told():
    clock = Clock(100, 0.0, lambda: 5)
    assert clock.seconds_until(200) == float("inf")
    clock.advance(200)
    assert clock.now == 200


def house(*ones, wall: int = START + 10**18, **changes) -> House:
    return House(settings(*ones, **changes), wall=lambda: wall)


def test_a_market_is_moved_to_the_present():
    wall = START + 10**18 + 17
    there = house(as_recorded=False, speed=1.0, wall=wall)
    assert there.clock.now == wall
    opened = there.boards[0].klines._open_time(10) * 10**6
    assert opened == wall // MINUTE * MINUTE


def test_a_market_goes_on_where_it_stopped(tmp_path):
    ledger = tmp_path / "a.db"
    first = House(settings(ledger=ledger))
    first.step_until(START + 20 * MINUTE)
    first.core.save(first.clock.now)
    first._ledger.close()
    second = House(settings(ledger=ledger))
    assert second.clock.now == START + 20 * MINUTE
    assert second.boards[0].last.bar == 19
    second._ledger.close()


def test_a_market_ends_with_its_series():
    there = house()
    while there.step() is not None:
        pass
    assert there.next_time is None
    assert there.clock.now == START + 50 * MINUTE


def test_what_makes_no_market_is_refused():
    with pytest.raises(UsageError, match="at least one"):
        House(SandboxSettings(series=[]))
    with pytest.raises(UsageError, match="history was 50 bars"):
        house(history=50)
    hourly = made_up(["ETH/USDT"], "1h", 1, bars=60)
    with pytest.raises(UsageError, match="one timeframe"):
        house(series(), *hourly)


# Sources -------------------------------------------------------------------------------------


def find(**given):
    usual = {
        "data": [], "csv": None, "timeframe": "1m", "seed": None,
        "symbols": ["BTC/USDT"], "fee": 1,
    }  # fmt: skip
    return find_series(**(usual | given))


def test_a_market_made_up_is_the_same_for_the_same_seed():
    one, two, other = (made_up(["BTC/USDT"], "1m", seed, bars=100)[0] for seed in (7, 7, 8))
    assert np.array_equal(one.close, two.close)
    assert not np.array_equal(one.close, other.close)


def test_bars_of_a_file_are_played(tmp_path):
    file = tmp_path / "spx.csv"
    rows = [f"2024-01-0{n},10{n},11{n},10{n},10{n},9" for n in range(1, 6)]
    file.write_text("date,open,high,low,close,volume\n" + "\n".join(rows), encoding="utf-8")
    (bars,) = find(csv=file, timeframe="1d")
    assert len(bars) == 5
    listing = house(bars, history=2).listings.named("SPXUSD")
    assert listing.instrument.base == "SPX"
    assert listing.instrument.taker_fee == 1


def test_series_of_a_plugin_are_played(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (bars,) = find(data=["SPX.SAMPLE"], timeframe="1d")
    assert str(bars.instrument.id) == "SPX.SAMPLE"
    with pytest.raises(DataMissingError):
        find(data=["NOTHING.ANYWHERE"])


def test_a_market_comes_from_one_place():
    with pytest.raises(UsageError, match="several places"):
        find(data=["SPX.SAMPLE"], seed=1)
    with pytest.raises(UsageError, match="BASE/QUOTE"):
        coin("BTCUSDT")
