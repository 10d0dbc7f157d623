"""Fills, orders and trades of a run as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl.figures import shortened
from tradectl.layout import Cell, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl.console import Output

    Rows = Sequence[Mapping[str, Any]]

_NOTHING = "-"
_LEAVES_FIRST = 9  # the rank of a column that says nothing new


def show_fills(out: Output, fills: Rows, reasons: Mapping[str, str]) -> None:
    """Print fills, then what the reasons among them mean."""
    columns = [
        Column(title="TIME"),
        Column(title="INSTRUMENT", rank=_rank(fills)),
        Column(title="SIDE"),
        Column(title="QUANTITY", right=True),
        Column(title="PRICE", right=True),
        Column(title="FEE", right=True),
        Column(title="POSITION", right=True, rank=2),
        Column(title="REASON"),
    ]
    if not fills:
        out.note("there are no fills")
        return
    out.table(columns, [_fill(each) for each in fills])
    out.line()
    out.fields([(reason, meaning) for reason, meaning in reasons.items()])


def fill_in_words(fill: Mapping[str, Any] | None) -> str:
    """Write one fill on a line."""
    if fill is None:
        return "no further fill"
    return (
        f"{shortened(fill['time'])}  {fill['side']} {fill['quantity']} {fill['instrument']} "
        f"at {fill['price']}, {fill['reason']}"
    )


def show_orders(out: Output, orders: Rows) -> None:
    """Print orders."""
    columns = [
        Column(title="ID", right=True),
        Column(title="CREATED"),
        Column(title="INSTRUMENT", rank=_rank(orders)),
        Column(title="SIDE"),
        Column(title="TYPE"),
        Column(title="QUANTITY", right=True),
        Column(title="FILLED", right=True, rank=3),
        Column(title="LIMIT", right=True, rank=1),
        Column(title="TRIGGER", right=True, rank=1),
        Column(title="STATUS"),
        Column(title="REASON", rank=4),
    ]
    if orders:
        out.table(columns, [_order(each) for each in orders])
    else:
        out.note("there are no orders")


def show_trades(out: Output, trades: Rows, currency: str) -> None:
    """Print trades; the result is after fees."""
    columns = [
        Column(title="IN"),
        Column(title="OUT"),
        Column(title="INSTRUMENT", rank=_rank(trades)),
        Column(title="SIDE"),
        Column(title="QUANTITY", right=True),
        Column(title="ENTRY", right=True, rank=1),
        Column(title="EXIT", right=True, rank=1),
        Column(title=f"NET {currency}", right=True),
        Column(title="BARS", right=True, rank=3),
        Column(title="LEFT BY", rank=4),
    ]
    if trades:
        out.table(columns, [_trade(each) for each in trades])
    else:
        out.note("there are no trades")


def _rank(rows: Rows) -> int:
    """The instrument may leave a narrow table first when it is always the same."""
    return 0 if len({each["instrument"] for each in rows}) > 1 else _LEAVES_FIRST


def _fill(each: Mapping[str, Any]) -> Sequence[str | Cell]:
    return (
        shortened(each["time"]),
        each["instrument"],
        each["side"],
        each["quantity"],
        each["price"],
        _money(each["fee"]),
        each["position"],
        each["reason"],
    )


def _order(each: Mapping[str, Any]) -> Sequence[str | Cell]:
    return (
        str(each["id"]),
        shortened(each["created"]),
        each["instrument"] or _NOTHING,
        each["side"],
        each["type"],
        each["quantity"],
        each["filled"],
        each["limit"] or _NOTHING,
        each["trigger"] or _NOTHING,
        each["status"],
        each["reason"] or _NOTHING,
    )


def _trade(each: Mapping[str, Any]) -> Sequence[str | Cell]:
    bars = each["bars"]
    return (
        shortened(each["entry_time"]),
        Cell("open", "dim") if each["open"] else shortened(each["exit_time"]),
        each["instrument"],
        each["side"],
        each["quantity"],
        _average(each["entry_price"]),
        _average(each["exit_price"]),
        _money(each["net"]),
        _NOTHING if bars is None else str(bars),
        each["exit_reason"] or _NOTHING,
    )


def _money(text: str) -> str:
    """Write an exact amount to the hundredth, for people."""
    return f"{float(text):,.2f}"


def _average(price: float | None) -> str:
    return _NOTHING if price is None else f"{price:.10g}"
