from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from tradectl_sdk.runs import backtest_to_json, run_to_json
from tradectl_sdk.runs.rendering import iso_times, orders_to_json

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_backtest_document_has_everything_promised(run: Callable[..., Any]) -> None:
    record = run()
    document = json.loads(json.dumps(backtest_to_json(record), allow_nan=False))
    assert {
        "run", "engine", "settings", "metrics", "orders", "fills", "trades", "final_equity",
        "order_list_hash",
    } <= set(document)  # fmt: skip
    assert document["final_equity"] == "1000.12345678"
    assert document["engine"] == {"mode": "compiled", "reason": ""}
    assert document["metrics"]["values"]["trades"] == 1
    assert len(document["orders"]) == len(document["fills"]) == 3


def test_a_fill_says_when_what_how_much_at_which_price_and_why(run: Callable[..., Any]) -> None:
    view = run_to_json(run(), fills=True)
    assert view["fills"][1] == {
        "id": 2,
        "order": 2,
        "time": "2024-01-02T00:01:00.000000000Z",
        "known": "2024-01-02T00:02:00.000000000Z",
        "instrument": "ACME.TEST",
        "side": "sell",
        "quantity": "5",
        "price": "11",
        "reference": "11",
        "fee": "0.01",
        "liquidity": "taker",
        "reason": "market_open",
        "position": "0",
    }
    assert "open of the first bar" in view["reasons"]["market_open"]
    assert "fills" not in run_to_json(run())


def test_a_trade_cut_short_has_no_exit(run: Callable[..., Any]) -> None:
    closed, still_open = backtest_to_json(run())["trades"]
    assert (closed["net"], closed["fees"], closed["bars"]) == ("4.98", "0.02", 1)
    assert closed["exit_reason"] == "market_open"
    assert still_open["open"] is True
    assert [still_open[name] for name in ("exit_time", "exit_price", "exit_reason", "bars")] == [
        None, None, None, None,
    ]  # fmt: skip


def test_an_order_denied_for_its_instrument_can_still_be_shown(
    orders_of: Any, fills_of: Any, share: Any
) -> None:
    orders = orders_of(fills_of((0, 1, 5, 1000)))
    orders["instrument"], orders["status"], orders["reason"] = 9, 2, 7
    orders["limit"], orders["expires"] = 1234, orders["created"]
    (order,) = orders_to_json(orders, [share])
    assert order["instrument"] is None
    assert (order["status"], order["reason"]) == ("denied", "no_instrument")
    assert (order["limit"], order["trigger"]) == ("12.34", None)
    assert order["expires"] == "2024-01-02T00:00:00.000000000Z"


def test_times_keep_their_nanoseconds() -> None:
    assert iso_times(np.array([1])) == ["1970-01-01T00:00:00.000000001Z"]
