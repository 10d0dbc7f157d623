"""From a strategy, instruments and settings to a plan of the engine, before there are any data.

Backtests add their series to it, sessions run it as it is, and what replays a session adds what the
session saw: all three trade by the same rules, costs and assumptions.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tradectl_sdk.engine import Assumptions, BarPath, LimitFill, MarketFill, Plan
from tradectl_sdk.engine.live_build import no_bars
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.configuration import check_plugin_tables
from tradectl_sdk.pipelines.costs import make_costs
from tradectl_sdk.pipelines.risk import make_rules
from tradectl_sdk.pipelines.series import with_fees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.config.settings import BacktestSection, Settings
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import ParameterValue


def parameter_values(
    found: FoundStrategy, parameters: Mapping[str, object]
) -> dict[str, ParameterValue]:
    """All parameters of a strategy, checked, with the defaults of those that are not given.

    Raises:
        UsageError: If one is unknown or out of bounds.
    """
    example = found.cls(**parameters)
    return {name: getattr(example, name) for name in found.cls.parameters()}


def bare_plan(
    found: FoundStrategy,
    parameters: Mapping[str, object],
    instruments: Sequence[Instrument],
    length: int,
    settings: Settings,
    *,
    has_volume: bool,
    warmup: int = 0,
    plugins: Plugins | None = None,
) -> Plan:
    """Resolve parameters, fees, risk rules and cost models; the plan's series have no bars.

    Args:
        found: The strategy.
        parameters: Values for its declared parameters.
        instruments: What is traded; the settings' fees are filled in.
        length: Nanoseconds of the bars that drive the strategy.
        settings: Everything that is assumed.
        has_volume: Whether bars carry volume; without it fills cannot be limited by it.
        warmup: Instants before orders are accepted, if more than the strategy asks for.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        UsageError: If a parameter is unknown or out of bounds.
        PluginError: If a rule or a model cannot be loaded.
    """
    values = parameter_values(found, parameters)
    section = settings.backtest
    terms = tuple(
        with_fees(one, section.maker_fee, section.taker_fee, section.default_fee)
        for one in instruments
    )
    assumptions = make_assumptions(section, has_volume=has_volume)
    plugins = loaded(plugins)
    check_plugin_tables(settings.plugins, plugins)
    rules, observing, _ = make_rules(
        settings.risk, plugins, terms, assumptions, sections=settings.plugins
    )
    fees, slippage, _ = make_costs(section, plugins, terms)
    return Plan(
        instruments=terms,
        columns=tuple(no_bars(index, length) for index in range(len(terms))),
        make_strategy=lambda: found.cls(**values),
        assumptions=assumptions,
        make_rules=rules,
        observing=observing,
        fees=fees,
        slippage=slippage,
        warmup=warmup,
    )


def make_assumptions(section: BacktestSection, *, has_volume: bool) -> Assumptions:
    """The engine's assumptions from the settings; data without volume cannot limit fills."""
    return Assumptions(
        cash=section.cash,
        margin=section.margin,
        market_fill=MarketFill(section.market_fill),
        limit_fill=LimitFill(section.limit_fill),
        bar_path=BarPath(section.bar_path),
        volume_share=section.volume_share if has_volume else Decimal(0),
        slippage_bps=section.slippage_bps,
        exits_in_entry_bar=section.exits_in_entry_bar,
        max_orders_per_instant=section.max_orders_per_instant,
    )
