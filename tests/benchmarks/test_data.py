"""The data and what must come out of it, bit for bit those of the peers' own measurements."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest

from benchmarks import datasets, rules

COLUMNS = ("open", "high", "low", "close", "volume")
N = 20_000


def as_bytes(bars: dict[str, np.ndarray], names: tuple[str, ...] = COLUMNS) -> dict[str, bytes]:
    return {name: bars[name].tobytes() for name in names}


def test_a_walk_is_the_peers_walk(peers: Any) -> None:
    theirs = peers._walk(np.random.default_rng(peers.SEED), N)
    ours = datasets.walk(N, datasets.SEED)
    assert as_bytes(ours) == as_bytes(theirs)
    assert ours["time"].tolist() == (peers.T0_NS + peers.MIN_NS * np.arange(N)).tolist()


def test_a_portfolio_is_the_peers_portfolio(peers: Any) -> None:
    bars = 200
    ours = datasets.make_portfolio(bars)
    assert ours["close"].shape == (bars, peers.PORT_N)
    for k in (0, 41, peers.PORT_N - 1):
        theirs = peers._walk(np.random.default_rng([peers.SEED, k]), bars)
        assert as_bytes({name: ours[name][:, k] for name in COLUMNS}) == as_bytes(theirs)


def test_orders_are_the_peers_orders_on_a_grid(peers: Any) -> None:
    price, size = datasets.draw_orders(N)
    theirs = peers.order_arrays(f"{N}x1")
    assert (price.tobytes(), size.tobytes()) == tuple(one.tobytes() for one in theirs)
    kept = datasets.make_orders(N)
    assert abs(kept["price"] - price).max() <= 0.5 / rules.TICKS_PER_UNIT + 1e-12
    assert abs(kept["size"] - size).max() <= 0.5 / rules.LOTS_PER_UNIT + 1e-15
    assert (kept["size"] != 0).all()


@pytest.mark.parametrize(("lag", "fill"), [(1, "next_open"), (0, "close")])
def test_the_rules_are_the_peers_rules(peers: Any, lag: int, fill: str) -> None:
    bars = datasets.walk(N, datasets.SEED)
    assert rules.expect_cross(bars, lag=lag) == peers.reference(bars, fill=fill)


def test_the_rules_of_a_sweep_are_the_peers_rules(
    peers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "FASTS", (5, 24))
    monkeypatch.setattr(rules, "SLOWS", (30, 150))
    bars = datasets.walk(N, datasets.SEED)
    for lag, fill in ((1, "next_open"), (0, "close")):
        theirs = [peers.reference(bars, *windows, fill=fill) for windows in rules.pairs()]
        ours = rules.expect_sweep(bars, lag=lag)
        for name in ("trades", "fills", "equity"):
            assert ours[name] == [one[name] for one in theirs]


def test_of_a_sweep_every_pair_has_to_be_right() -> None:
    right = {"trades": [1, 2], "equity": [1e6, 2e6]}
    assert rules.agrees(right, right | {"fills": [2, 5]})
    assert not rules.agrees(right | {"trades": [2, 1]}, right)
    assert not rules.agrees(right | {"equity": [1e6 + 0.5, 2e6 - 0.5]}, right)
    assert not rules.agrees(right | {"equity": [1e6]}, right)


def test_an_engine_that_was_given_some_pairs_is_held_to_these() -> None:
    expected = {"trades": [2, 3, 4], "fills": [4, 6, 8], "equity": [1e6, 2e6, 3e6]}
    some = {"trades": [4, 2], "equity": [3e6, 1e6], "pairs": [2, 0]}
    assert rules.agrees(some, rules.of_some_pairs(expected, some))
    other = some | {"pairs": [1, 0]}
    assert not rules.agrees(other, rules.of_some_pairs(expected, other))
    assert rules.of_some_pairs(expected, {"trades": [2, 3, 4]}) is expected


def test_the_rules_of_a_portfolio_are_the_peers_rules(peers: Any) -> None:
    bars = datasets.make_portfolio(500)
    bars["ts"] = bars.pop("time")
    assert rules.expect_portfolio(bars) == peers.reference_portfolio(bars)


def test_the_rules_of_orders_are_the_peers_rules(peers: Any) -> None:
    rows = datasets.make_orders(N)
    theirs = peers.reference_orders(rows["price"][:, None], rows["size"][:, None])
    ours = rules.expect_orders(rows["price"], rows["size"])
    assert ours["fills"] == theirs["fills"]
    assert ours["equity"] == pytest.approx(theirs["equity"], abs=1e-6)


def test_constants_are_the_peers_constants(peers: Any) -> None:
    ours = (rules.FAST, rules.SLOW, rules.FEE, rules.QUANTITY, rules.CASH, datasets.SEED)
    theirs = (peers.FAST, peers.SLOW, peers.FEE, peers.QTY, peers.CASH, peers.SEED)
    assert ours == theirs
    assert datasets.WIDTH == peers.PORT_N
    assert rules.pairs() == peers.GRID


@pytest.mark.slow
def test_the_published_results_come_out() -> None:
    bars = datasets.make_bars(100_000)
    found = rules.expect_cross(bars)
    assert (found["trades"], found["fills"]) == (1_363, 2_726)
    assert found["equity"] == pytest.approx(999_765.205960, abs=1e-6)


def test_exact_orders_are_counted_in_whole_units() -> None:
    rows = datasets.make_orders(500)
    cash, position = Fraction(10**9), Fraction(0)
    unit, half = rules.MONEY_UNITS, Fraction(1, 2)
    for price, size in zip(rows["price"], rows["size"], strict=True):
        ticks, lots = round(float(price) * 10**6), round(float(size) * 10**8)
        value = floor(Fraction(ticks, 10**6) * Fraction(abs(lots), 10**8) * unit + half)
        fee = ceil(Fraction(value, 1000))
        cash -= Fraction((value if lots > 0 else -value) + fee, unit)
        position += Fraction(lots, 10**8)
    last = Fraction(round(float(rows["price"][-1]) * 10**6), 10**6)
    worth = Fraction(floor(abs(position) * last * unit + half), unit)
    equity = cash + (worth if position > 0 else -worth)
    assert rules.expect_exact_orders(rows["price"], rows["size"])["equity"] == float(equity)


def test_a_cross_is_traded_at_the_next_open_and_paid_for() -> None:
    close = np.concatenate((np.full(60, 100.0), np.full(20, 110.0), np.full(60, 90.0)))
    opens = close + 0.5
    found = rules.expect_cross({"open": opens, "close": close})
    # Flat averages are equal; the step at 60 crosses upward, the one at 80 later downward.
    up, down = rules.crosses(close)
    bought, sold = int(np.flatnonzero(up)[0]) + 1, int(np.flatnonzero(down)[0]) + 1
    assert bought == 61
    equity = rules.CASH - opens[bought] * 1.001 + opens[sold] * 0.999
    assert found == {"trades": 1, "fills": 2, "equity": equity}


def test_an_order_of_the_last_bar_never_fills() -> None:
    close = np.concatenate((np.full(60, 100.0), [110.0]))
    found = rules.expect_cross({"open": close, "close": close})
    assert found == {"trades": 0, "fills": 0, "equity": rules.CASH}
    same_close = rules.expect_cross({"open": close, "close": close}, lag=0)
    assert same_close["fills"] == 1


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ({"trades": 3, "fills": 6, "equity": 10.0009}, True),
        ({"trades": 3, "equity": 10.0}, True),
        ({"trades": 3, "fills": 6, "equity": 10.0011}, False),
        ({"trades": 2, "fills": 6, "equity": 10.0}, False),
        ({"trades": 3, "fills": 7, "equity": 10.0}, False),
        ({"equity": 10.0}, False),
        ({"trades": 3, "equity": float("nan")}, False),
    ],
)
def test_what_agrees(result: dict[str, Any], verdict: bool) -> None:
    assert rules.agrees(result, {"trades": 3, "fills": 6, "equity": 10.0}) is verdict


def test_a_data_set_is_kept_and_read_in_parts(tmp_path: Any) -> None:
    datasets.make(tmp_path, "A-500")
    datasets.make(tmp_path, "D-500")
    assert set(datasets.read(tmp_path, "A-500")) == {"time", *COLUMNS}
    assert set(datasets.read(tmp_path, "A-500", "open", "close")) == {"open", "close"}
    assert set(datasets.expected(tmp_path, "A-500")) == {"next_open", "this_close"}
    assert set(datasets.expected(tmp_path, "D-500")) == {"floats", "exact"}
    assert not list(tmp_path.glob("*.part*"))
