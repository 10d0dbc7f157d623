from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.runs import closed_trades, extract_trades
from tradectl_sdk.runs.excursions import with_excursions
from tradectl_sdk.runs.trades import count_closed
from tradectl_sdk.runs.values import apportion, money_values, slippage_cost, traded_value

BUY, SELL = 1, -1
FILLS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from([BUY, SELL]), st.integers(1, 9), st.integers(1, 5000)
    ),
    min_size=1,
    max_size=40,
)


def test_from_flat_to_flat_is_one_trade_however_many_fills(fills_of: Any, share: Any) -> None:
    fills = fills_of((0, BUY, 2, 1000), (0, BUY, 2, 1100), (0, SELL, 3, 1200), (0, SELL, 1, 1300))
    (trade,) = extract_trades(fills, [share])
    assert (trade["side"], trade["quantity"], trade["bars"], trade["open"]) == (1, 4, 3, 0)
    assert (trade["entry_price"], trade["exit_price"]) == (10.5, 12.25)
    assert trade["gross"] == 7 * MONEY_UNITS
    assert trade["exit_time"] - trade["entry_time"] == 180_000_000_000


def test_a_flip_closes_one_trade_and_opens_the_next(fills_of: Any, share: Any) -> None:
    fills = fills_of((0, BUY, 3, 1000), (0, SELL, 5, 1100), (0, BUY, 2, 1050), fee=10)
    long, short = extract_trades(fills, [share])
    assert (long["side"], long["gross"], long["fees"]) == (1, 3 * MONEY_UNITS, 10 + 6)
    assert (short["side"], short["gross"], short["fees"]) == (-1, MONEY_UNITS, 4 + 10)
    assert short["entry_time"] == long["exit_time"]


def test_first_in_first_out_pairs_lots(fills_of: Any, share: Any) -> None:
    fills = fills_of((0, BUY, 2, 1000), (0, BUY, 2, 1100), (0, SELL, 3, 1200), (0, SELL, 1, 1300))
    trades = extract_trades(fills, [share], fifo=True)
    assert trades["quantity"].tolist() == [2, 1, 1]
    assert trades["entry_price"].tolist() == [10, 11, 11]
    assert trades["exit_price"].tolist() == [12, 12, 13]
    assert (trades["gross"] // MONEY_UNITS).tolist() == [4, 1, 2]


def test_what_the_end_cut_short_is_flagged_and_valued_at_the_mark(
    fills_of: Any, share: Any
) -> None:
    fills = fills_of((0, BUY, 4, 1000), (0, SELL, 1, 1200), fee=7)
    (realised,) = extract_trades(fills, [share])
    (marked,) = extract_trades(fills, [share], marks=np.array([1500]))
    assert (realised["open"], realised["exit_time"], realised["remaining"]) == (1, 0, 3)
    assert realised["gross"] == 2 * MONEY_UNITS
    assert marked["gross"] == (2 + 15) * MONEY_UNITS
    closed = closed_trades(marked.reshape(1))
    assert (closed.profits.size, closed.still_open) == (0, 1)


def test_trades_come_in_the_order_of_closing_and_open_ones_last(
    fills_of: Any, share: Any, future: Any
) -> None:
    fills = fills_of(
        (0, BUY, 1, 10), (1, BUY, 1, 10), (1, SELL, 1, 11), (1, SELL, 1, 11), (0, SELL, 1, 12)
    )
    trades = extract_trades(fills, [share, future])
    assert trades["instrument"].tolist() == [1, 0, 1]
    assert trades["open"].tolist() == [0, 0, 1]
    assert trades["id"].tolist() == [1, 2, 3]
    assert trades["gross"][0] == 1250 * MONEY_UNITS // 100


def test_no_fills_no_trades(fills_of: Any, share: Any) -> None:
    assert extract_trades(fills_of(), [share]).size == 0


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(rows=FILLS, fee=st.integers(-50, 50), fifo=st.booleans())
def test_profits_and_fees_add_up_to_the_account_exactly(
    rows: list[tuple[int, int, int, int]],
    fee: int,
    fifo: bool,
    fills_of: Any,
    share: Any,
    coin: Any,
    future: Any,
) -> None:
    instruments = [share, coin, future]
    fills = fills_of(*rows, fee=fee)
    marks = np.array([777, 888, 999])
    trades = extract_trades(fills, instruments, fifo=fifo, marks=marks)

    values = money_values(fills["instrument"], fills["price"], fills["quantity"], instruments)
    cash = -int((fills["side"] * values).sum()) - fee * len(rows)
    lots = np.bincount(fills["instrument"], fills["side"] * fills["quantity"], 3).astype(np.int64)
    held = np.sign(lots) * money_values(np.arange(3), marks, np.abs(lots), instruments)
    assert trades["fees"].sum() == fee * len(rows)
    assert trades["remaining"].sum() == np.abs(lots).sum()
    # Marking lots one trade at a time rounds once a trade instead of once a position.
    rounding = 0 if not fifo else np.count_nonzero(trades["open"])
    assert abs(int(trades["net"].sum()) - (cash + int(held.sum()))) <= rounding


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(rows=FILLS)
def test_both_ways_of_counting_agree_on_lots_and_profit(
    rows: list[tuple[int, int, int, int]], fills_of: Any, share: Any
) -> None:
    flat = [(0, *row[1:]) for row in rows]
    imbalance = sum(side * lots for _, side, lots, _ in flat)
    if imbalance:
        flat.append((0, -int(np.sign(imbalance)), abs(imbalance), 100))
    episodes, lots = (extract_trades(fills_of(*flat), [share], fifo=f) for f in (False, True))
    assert not episodes["open"].any()
    assert not lots["open"].any()
    assert episodes["gross"].sum() == lots["gross"].sum()
    assert episodes["quantity"].sum() == lots["quantity"].sum()
    assert (lots["exit_time"] >= lots["entry_time"]).all()


def test_excursions_stop_before_the_bar_of_the_exit(fills_of: Any, share: Any) -> None:
    fills = fills_of((0, BUY, 1, 1000), (0, SELL, 1, 1050), (0, SELL, 1, 1000), (0, BUY, 1, 900))
    fills["bar"] = [1, 3, 3, 5]
    high = np.array([99.0, 11.0, 12.0, 50.0, 10.5, 50.0])
    low = np.array([1.0, 9.5, 9.0, 8.0, 8.5, 1.0])
    long, short = with_excursions(extract_trades(fills, [share]), {0: (high, low)})
    assert (long["favourable"], long["adverse"]) == pytest.approx((0.2, 0.1))
    assert (short["favourable"], short["adverse"]) == pytest.approx((0.2, 4.0))


def test_an_exit_beyond_the_bars_before_it_counts(fills_of: Any, share: Any) -> None:
    fills = fills_of((0, BUY, 1, 1000), (0, SELL, 1, 1500))
    flat = np.array([10.0, 10.0])
    (trade,) = with_excursions(extract_trades(fills, [share]), {0: (flat, flat)})
    assert (trade["favourable"], trade["adverse"]) == pytest.approx((0.5, 0))


def test_a_trade_inside_one_bar_moves_as_far_as_its_exit(fills_of: Any, share: Any) -> None:
    fills = fills_of((0, BUY, 1, 1000), (0, SELL, 1, 900))
    fills["bar"] = 0
    (trade,) = with_excursions(
        extract_trades(fills, [share]), {0: (np.array([99.0]), np.array([1.0]))}
    )
    assert (trade["favourable"], trade["adverse"]) == pytest.approx((0, 0.1))


def test_values_round_half_up_and_are_exact_on_a_whole_grid(coin: Any, share: Any) -> None:
    zero = np.zeros(3, dtype=np.int64)
    ticks = np.array([50, 49, 150])
    assert money_values(zero, ticks, np.ones(3, np.int64), [coin]).tolist() == [1, 0, 2]
    assert money_values(zero, ticks, np.ones(3, np.int64), [share])[0] == MONEY_UNITS // 2


def test_slippage_is_what_the_fill_cost_beyond_its_reference(fills_of: Any, share: Any) -> None:
    fills = fills_of((0, BUY, 2, 1003), (0, SELL, 2, 999))
    fills["reference"] = [1000, 998]
    assert slippage_cost(fills, [share]) == (6 - 2) * MONEY_UNITS // 100
    assert traded_value(fills, [share]) == (2006 + 1998) * MONEY_UNITS // 100


def test_shares_of_a_large_amount_do_not_overflow() -> None:
    amount, whole = np.array([10**17]), np.array([3 * 10**10])
    assert apportion(amount, np.array([10**10]), whole)[0] == 10**17 // 3


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(rows=FILLS)
def test_counting_closed_trades_is_counting_those_extracted(
    rows: list[tuple[int, int, int, int]], fills_of: Any, share: Any, coin: Any, future: Any
) -> None:
    fills = fills_of(*rows)
    for instrument in range(3):
        own = fills["instrument"] == instrument
        fills["position"][own] = np.cumsum((fills["side"] * fills["quantity"])[own])
    trades = extract_trades(fills, [share, coin, future])
    assert count_closed(fills) == int((trades["open"] == 0).sum())
    for instrument in range(3):
        own = fills[fills["instrument"] == instrument]
        assert count_closed(own, alone=True) == count_closed(own)
