"""QSTrader's sixty-forty portfolio: two assets, balanced every Wednesday, filled the day after."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from golden_data import DAY, read_daily
from golden_runs import asset, free, money, play, printed
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.runs import extract_trades
from tradectl_sdk.runs.values import money_values
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from pathlib import Path

    from golden_data import Shared
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Mode, Outcome

ABC, DEF = 0, 1
WEDNESDAY = 6  # days after the Thursday on which 1970 began
FOLDER = "data/golden/backtests/qstrader"


class SixtyForty(Strategy):
    """Sixty parts of the first asset to forty of the second, five per cent kept in cash."""

    portfolio = True

    def on_bar(self, ctx: Any, bar: Any) -> None:
        day = bar.time // DAY - 1  # a day's bar closes at the midnight after it
        # At one instant the bars come in the order of the assets: with the last, all are known.
        if bar.instrument == DEF and day % 7 == WEDNESDAY:
            self.balance(ctx, ABC, 0.6)
            self.balance(ctx, DEF, 0.4)

    def balance(self, ctx: Any, instrument: int, weight: float) -> None:
        shares = int(0.95 * ctx.equity * weight / ctx.price_of(instrument))
        ctx.target(shares, instrument)


def ledger_of(outcome: Outcome, assets: list[Instrument]) -> list[dict[str, object]]:
    """What the source's ledger says of each fill; on a day it lists sales first."""
    rows: list[dict[str, object]] = []
    balance = 1_000_000 * MONEY_UNITS
    fills = outcome.fills
    values = money_values(fills["instrument"], fills["price"], fills["quantity"], assets)
    for at in np.lexsort((fills["side"], fills["time"])):
        fill, value = fills[at], int(values[at])
        traded, bought = assets[fill["instrument"]], fill["side"] > 0
        balance -= value if bought else -value
        rows.append(
            {
                "side": "LONG" if bought else "SHORT",
                "quantity": int(fill["side"] * fill["quantity"]),
                "asset": f"EQ:{traded.symbol}",
                "price": printed(traded.ticks_to_price(fill["price"]), 2),
                "day": day_of(fill),
                "debit": money(value if bought else 0),
                "credit": money(0 if bought else value),
                "balance": money(balance),
            }
        )
    return rows


def day_of(fill: np.void) -> str:
    """The day of a fill as the source writes it, such as 03/01/2019."""
    year, month, day = str(np.datetime64(int(fill["time"]), "ns"))[:10].split("-")
    return f"{day}/{month}/{year}"


def read_ledger(path: Path) -> list[dict[str, object]]:
    """Read the source's ledger after its first line, the subscription."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))[1:]
    rows: list[dict[str, object]] = []
    for line in lines:
        side, quantity, name, price, day = line["description"].split()
        row = {"side": side, "quantity": int(float(quantity)), "asset": name}
        amounts = {key: float(line[key]) for key in ("debit", "credit", "balance")}
        rows.append(row | {"price": float(price), "day": day} | amounts)
    return rows


def test_sixty_forty(shared: Shared, mode: Mode) -> None:
    """The whole ledger, and what is held at the end with its profits."""
    expected = shared.expected("qst-sixty-forty-weekly")
    assets = [asset(symbol, tick="0.000000000001") for symbol in ("ABC", "DEF")]
    bars = [
        read_daily(shared.file(f"{FOLDER}/{one.symbol}.csv"), adjusted="Adj Close")
        for one in assets
    ]

    outcome = play(mode, bars, SixtyForty, free(1_000_000), instruments=assets)

    assert ledger_of(outcome, assets) == read_ledger(
        shared.file(f"{FOLDER}/sixty_forty_history.dat")
    )
    marks = np.array([assets[k].nearest_ticks(float(bars[k].prices[-1, 3])) for k in (ABC, DEF)])
    held = np.array(outcome.positions)
    realised, total = (
        np.sort(extract_trades(outcome.fills, assets, marks=at), order="instrument")["gross"]
        for at in (None, marks)
    )
    worth = money_values(np.array([ABC, DEF]), marks, held, assets)
    found = {
        "final_positions": held,
        "market_value": worth / MONEY_UNITS,
        "unrealised_pnl": (total - realised) / MONEY_UNITS,
        "realised_pnl": realised / MONEY_UNITS,
    }
    for name, values in found.items():
        numbers = {one.symbol: value for one, value in zip(assets, values, strict=True)}
        # The source adds doubles; we round each of at most five fills to the money unit, 1e-8.
        assert numbers == pytest.approx(expected[name], rel=0, abs=2.5e-8), name
