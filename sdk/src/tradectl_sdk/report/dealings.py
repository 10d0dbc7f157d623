"""What a run traded and what that cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.report.contents import Cell, Chart, Line, Marks, Section, Table, Words
from tradectl_sdk.report.drawing import KEPT_MARKS
from tradectl_sdk.runs.rendering import trades_to_json
from tradectl_sdk.runs.values import exact_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.report.contents import Prices, ReportedRun
    from tradectl_sdk.runs.record import RunRecord
    from tradectl_sdk.runs.values import Records

SHOWN_TRADES = 300  # more belong in a file
# Side of a trade, whether its entry or exit -> name and shape of the mark.
_MARKS = (
    (1, "entry", "long entry", "up"),
    (-1, "entry", "short entry", "down"),
    (0, "exit", "exit", "dot"),
)


def trades(run: ReportedRun) -> Section:
    """Every trade, on the price and as a table."""
    record = run.record
    parts: list[Chart | Table | Words] = [Words(run.missing)] if run.missing else []
    names = [str(each.id) for each in record.instruments]
    for number, prices in enumerate(run.prices):
        place = names.index(prices.instrument) if prices.instrument in names else -1
        own = record.trades[record.trades["instrument"] == place]
        parts.append(_price_chart(prices, own, number))
    parts.append(_trade_table(record))
    return Section(key="trades-section", title="Trades", parts=tuple(parts))


def costs(record: RunRecord) -> Section:
    """What fees and slippage took."""
    value = record.metrics.values.get
    fees, slippage, net = (value(name) or 0.0 for name in ("fees", "slippage", "net_profit"))
    before = net + fees + slippage
    share = f"{(fees + slippage) / before:.1%}".replace("%", " %") if before > 0 else "-"
    money = "{:,.2f}".format
    table = Table(
        key="costs",
        caption=f"Costs in {record.currency}",
        head=("Item", "Amount"),
        rows=(
            ("Profit before costs", money(before)),
            ("Fees", money(fees)),
            ("Slippage", money(slippage)),
            ("Profit after costs", money(net)),
            ("Costs, share of the profit before them", share),
            ("Fills", f"{len(record.fills):,}"),
        ),
    )
    parts: tuple[Chart | Table, ...] = (table,)
    if len(record.fills):
        parts += (_fee_chart(record),)
    return Section(key="costs-section", title="Costs", parts=parts)


def _price_chart(prices: Prices, trades: Records, number: int) -> Chart:
    marks = tuple(_marks(trades))
    crowded = [each for each in marks if each.time.size > KEPT_MARKS]
    note = f"Of more than {KEPT_MARKS:,} marks of a kind, one a pixel is drawn." if crowded else ""
    return Chart(
        key=f"price-{number + 1}",
        title=f"Trades on {prices.instrument}",
        summary=f"{trades.size:,} trades on the price.",
        lines=(Line(name="close", time=prices.time, values=prices.close),),
        marks=marks,
        note=note,
    )


def _marks(trades: Records) -> Iterator[Marks]:
    for side, end, name, shape in _MARKS:
        chosen = trades["side"] == side if side else trades["open"] == 0
        own = trades[chosen]
        if not own.size:
            continue
        own = own[np.argsort(own[f"{end}_time"], kind="stable")]
        yield Marks(
            name=name,
            time=own[f"{end}_time"].copy(),
            values=own[f"{end}_price"].copy(),
            shape=shape,
        )


def _trade_table(record: RunRecord) -> Table:
    trades = record.trades
    note = ""
    if trades.size > SHOWN_TRADES:
        note = (
            f"The {SHOWN_TRADES} of {trades.size:,} trades with the largest profits and losses; "
            "tradectl report --csv writes all."
        )
        largest = np.argsort(-np.abs(trades["net"]), kind="stable")[:SHOWN_TRADES]
        trades = trades[np.sort(largest)]
    rows = tuple(
        (
            str(row["id"]),
            row["instrument"],
            row["side"],
            row["entry_time"][:16].replace("T", " "),
            (row["exit_time"] or "open")[:16].replace("T", " "),
            row["quantity"],
            f"{row['entry_price']:.8g}",
            "" if row["exit_price"] is None else f"{row['exit_price']:.8g}",
            row["fees"],
            Cell(row["net"], "loss-1" if row["net"].startswith("-") else "gain-1"),
            row["exit_reason"] or "",
        )
        for row in trades_to_json(trades, record.instruments)
    )
    return Table(
        key="trades",
        caption=f"Trades, money in {record.currency}",
        head=(
            "Trade", "Instrument", "Side", "Entry (UTC)", "Exit (UTC)", "Quantity", "Entry price",
            "Exit price", "Fees", "Net", "Exit reason",
        ),
        rows=rows,
        text_columns=frozenset({1, 2, 3, 4, 10}),
        folded=len(rows) > 20,
        note=note,
    )  # fmt: skip


def _fee_chart(record: RunRecord) -> Chart:
    order = np.argsort(record.fills["known"], kind="stable")
    ends = record.time[[0, -1]]
    time = np.concatenate((ends[:1], record.fills["known"][order], ends[1:]))
    paid = np.concatenate(([0.0], np.cumsum(record.fills["fee"][order] / MONEY_UNITS)))
    total = exact_sum(record.fills["fee"]) / MONEY_UNITS
    return Chart(
        key="fees",
        title="Fees paid so far",
        summary=f"{total:,.2f} {record.currency} in all.",
        lines=(
            Line(name="fees", time=np.sort(time), values=np.append(paid, paid[-1]), filled=True),
        ),
        unit=record.currency,
    )
