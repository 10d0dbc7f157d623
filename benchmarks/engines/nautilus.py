"""nautilus_trader: ``on_bar`` in Python on its Rust and Cython core; fills at the same close.

Logging, its risk engine and its analysis are switched off, all in its favour; loading the data
into the engine is not timed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, CurrencyType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from benchmarks import rules
from benchmarks.engines import frames
from benchmarks.measuring import Task, Work, serve

if TYPE_CHECKING:
    import pandas as pd

VENUE = Venue("SIM")
FEE = Decimal("0.001")


def instrument(number: int) -> Any:
    """A currency pair on the benchmark's grid."""
    name = f"A{number:03d}"
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol(f"{name}USDT"), VENUE),
        raw_symbol=Symbol(f"{name}USDT"),
        base_currency=Currency(name, 8, 0, name, CurrencyType.CRYPTO),
        quote_currency=USDT,
        price_precision=6,
        size_precision=1,
        price_increment=Price(1e-6, 6),
        size_increment=Quantity(0.1, 1),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=FEE,
        taker_fee=FEE,
        ts_event=0,
        ts_init=0,
    )


class Cross(Strategy):  # type: ignore[misc]
    """Long one unit of each instrument from an upward cross to a downward one."""

    def __init__(self, instruments: list[Any]) -> None:
        super().__init__()
        self.traded = instruments
        self.by_type: dict[Any, list[Any]] = {}
        self.filled, self.closed = 0, 0

    def on_start(self) -> None:
        """Subscribe, and let the engine feed the averages."""
        for one in self.traded:
            kind = bar_type(one)
            fast, slow = SimpleMovingAverage(rules.FAST), SimpleMovingAverage(rules.SLOW)
            self.register_indicator_for_bars(kind, fast)
            self.register_indicator_for_bars(kind, slow)
            self.by_type[kind] = [one, fast, slow, float("nan")]
            self.subscribe_bars(kind)

    def on_bar(self, bar: Any) -> None:
        """Trade at this close, the only price there is."""
        state = self.by_type[bar.bar_type]
        one, fast, slow, was = state
        if not slow.initialized:
            return
        state[3] = above = fast.value - slow.value
        if above > 0.0 >= was and self.portfolio.is_flat(one.id):
            self._order(one, OrderSide.BUY)
        elif above < 0.0 <= was and self.portfolio.is_net_long(one.id):
            self._order(one, OrderSide.SELL)

    def _order(self, one: Any, side: Any) -> None:
        size = one.make_qty(rules.QUANTITY)
        self.submit_order(self.order_factory.market(one.id, side, size))

    def on_order_filled(self, _: Any) -> None:
        """Count fills."""
        self.filled += 1

    def on_position_closed(self, _: Any) -> None:
        """Count closed trades."""
        self.closed += 1


def bar_type(one: Any) -> Any:
    """The one-minute bars of an instrument."""
    return BarType.from_str(f"{one.id}-1-MINUTE-LAST-EXTERNAL")


def prepare(task: Task) -> Work:
    """Load an engine; its run is the call, once only, since a run uses the engine up."""
    zone = "UTC"
    source: list[pd.DataFrame] = (
        [frames.bars(task, zone=zone)] if task.workload == "A" else list(frames.each(task))
    )
    traded = [instrument(number) for number in range(len(source))]
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.CASH, [Money(rules.CASH, USDT)])
    for number, (one, frame) in enumerate(zip(traded, source, strict=True)):
        engine.add_instrument(one)
        aware = frame if frame.index.tz else frame.tz_localize(zone)
        engine.add_data(
            BarDataWrangler(bar_type(one), one).process(aware), sort=number == len(source) - 1
        )
    strategy = Cross(traded)
    engine.add_strategy(strategy)
    last = [float(frame["close"].iloc[-1]) for frame in source]

    def read(_: None) -> dict[str, Any]:
        cash = engine.cache.account_for_venue(VENUE).balance_total(USDT).as_double()
        held = [float(engine.portfolio.net_position(one.id)) for one in traded]
        equity = cash + sum(lots * price for lots, price in zip(held, last, strict=True))
        return {"trades": strategy.closed, "fills": strategy.filled, "equity": equity}

    return Work(engine.run, read, rule="this_close", note="fills at this close", once=True)


if __name__ == "__main__":
    serve(nautilus_trader.__version__, prepare)
