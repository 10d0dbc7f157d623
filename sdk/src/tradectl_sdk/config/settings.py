"""The settings there are: one pydantic class per section, one field per section in `Settings`.

A setting stands here only when code reads it. Its description says the unit, because the JSON
schema and the documentation are made from it.

Secrets are never settings. Where one is needed, the setting is a reference to it (``env:NAME``,
``keyring:NAME``), and the part that needs the secret resolves it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, model_validator

from tradectl_sdk.config.section import Folder, Section
from tradectl_sdk.config.trading import (
    ExchangeSection,
    LiveSection,
    PaperSection,
    SessionSection,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ALWAYS: Final = "account"  # the rule that no list of rules leaves out
# The rules asked by default, in order -> the settings that have no effect without them
RULE_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        ALWAYS: ("initial_margin",),
        "order-size": ("max_order_quantity",),
        "order-notional": ("max_order_notional",),
        "position-size": ("max_position_quantity",),
        "position-notional": ("max_position_notional",),
        "exposure": ("max_gross_exposure",),
        "order-rate": ("max_orders", "max_orders_seconds"),
        "collar": ("collar_bps",),
        "daily-loss": ("max_daily_loss", "daily_loss_from_peak"),
    }
)


class PluginsSection(Section):
    """Which plugins may be loaded, and a free table of settings for each."""

    model_config = ConfigDict(title="plugins", extra="allow")
    __pydantic_extra__: dict[str, dict[str, Any]] = Field(init=False)

    disabled: tuple[str, ...] = Field(
        default=(), description="Names of plugins that are never imported, even when installed."
    )

    def section(self, name: str) -> Mapping[str, Any]:
        """Return the settings given under ``[plugins.<name>]``, as they were written."""
        return (self.__pydantic_extra__ or {}).get(name, {})


class CostModelSection(Section):
    """A fee or slippage model by name, and its own settings beside it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any] = Field(init=False)

    model: str = Field(description="Name of the model; the keys beside it are its own settings.")

    @property
    def own(self) -> Mapping[str, Any]:
        """The model's own settings, as they were written."""
        return self.__pydantic_extra__ or {}


class BacktestSection(Section):
    """Assumptions of a simulated account and venue."""

    model_config = ConfigDict(title="backtest")

    cash: Decimal = Field(
        default=Decimal(100_000),
        gt=0,
        description="Cash the account starts with, in units of its currency.",
    )
    margin: bool = Field(
        default=False,
        description="Whether the account may borrow and sell short; a cash account may not.",
    )
    market_fill: Literal["next_open", "this_close", "next_close"] = Field(
        default="next_open", description="Where a market order decided on a bar fills."
    )
    limit_fill: Literal["cross", "touch"] = Field(
        default="cross", description="Whether a limit must be traded through or merely touched."
    )
    bar_path: Literal["worst_case", "adaptive", "ohlc"] = Field(
        default="worst_case", description="In which order the prices inside a bar came."
    )
    volume_share: Decimal = Field(
        default=Decimal("0.1"),
        ge=0,
        le=1,
        description="Largest share of a bar's volume that fills may take; 0 for no limit.",
    )
    slippage_bps: Decimal = Field(
        default=Decimal(2),
        ge=0,
        lt=10_000,
        description="How much worse than its reference price a taking fill is, in basis points.",
    )
    exits_in_entry_bar: bool = Field(
        default=True, description="Whether a stop loss may fill inside the bar of its own entry."
    )
    max_orders_per_instant: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Orders a strategy may place at one instant; more stops the run.",
    )
    maker_fee: Decimal | None = Field(
        default=None,
        gt=-1,
        lt=1,
        description="Share of the value paid by resting orders; unset: what the instrument says.",
    )
    taker_fee: Decimal | None = Field(
        default=None,
        gt=-1,
        lt=1,
        description="Share of the value paid by taking orders; unset: what the instrument says.",
    )
    default_fee: Decimal = Field(
        default=Decimal("0.001"),
        ge=0,
        lt=1,
        description="Share of the value assumed as fee where an instrument names none.",
    )
    fees: CostModelSection | None = Field(
        default=None,
        description="Fee model; maker and taker shares of the instruments when not given.",
    )
    slippage: CostModelSection | None = Field(
        default=None,
        description="Slippage model; slippage_bps basis points when not given.",
    )


class DataSection(Section):
    """Market data at rest."""

    model_config = ConfigDict(title="data")

    catalog: Folder = Field(
        default=Path(".tradectl/catalog"),
        description="Folder of the data catalog; a relative one starts at the project.",
    )


Limit = Annotated[Decimal | None, Field(gt=0)]
Collar = Annotated[Decimal, Field(gt=0, le=1_000_000)]


class InstrumentLimits(Section):
    """Limits of one instrument, in place of those for all."""

    max_order_quantity: Limit = Field(
        default=None, description="Largest quantity of one order, in units of the instrument."
    )
    max_order_notional: Limit = Field(
        default=None, description="Largest value of one order, in the account currency."
    )
    max_position_quantity: Limit = Field(
        default=None, description="Largest position, in units of the instrument."
    )
    max_position_notional: Limit = Field(
        default=None, description="Largest value of the position, in the account currency."
    )
    collar_bps: Collar | None = Field(
        default=None, description="Farthest price from the last one, in basis points of it."
    )


class RiskSection(Section):
    """Limits that every order is held to before a venue sees it.

    The account rule is always on: without it a backtest trades money that is not there. Of the
    others, those are on by default that catch a mistake and leave every order alone that a
    strategy can mean: a price more than half away from the last one is a misplaced decimal point
    or a wrong instrument, a thousand orders in a minute are a loop. Limits of size and loss depend
    on the account and are off until they are set.
    """

    model_config = ConfigDict(title="risk")

    rules: tuple[str, ...] = Field(
        default=tuple(RULE_SETTINGS),
        description="Names of the rules that are asked, in order; 'account' is asked in any case.",
    )
    resize: bool = Field(
        default=False,
        description="Cut an order down to what a limit allows instead of refusing it.",
    )
    initial_margin: Decimal = Field(
        default=Decimal("0.5"),
        gt=0,
        le=1,
        description="Share of its positions' value that a margin account must own; "
        "0.5 allows positions of twice the equity.",
    )
    max_order_quantity: Limit = Field(
        default=None, description="Largest quantity of one order, in units of the instrument."
    )
    max_order_notional: Limit = Field(
        default=None, description="Largest value of one order, in the account currency."
    )
    max_position_quantity: Limit = Field(
        default=None,
        description="Largest position in one instrument with its open orders filled, long or "
        "short, in units of the instrument.",
    )
    max_position_notional: Limit = Field(
        default=None,
        description="Largest value of a position with its open orders filled, in the account "
        "currency.",
    )
    max_gross_exposure: Limit = Field(
        default=None,
        description="Largest sum of the values of all positions with their open orders filled, "
        "long and short added up, in the account currency.",
    )
    max_orders: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Most orders in any interval of max_orders_seconds.",
    )
    max_orders_seconds: int = Field(
        default=60, ge=1, le=86_400, description="Length of the interval of max_orders, in seconds."
    )
    collar_bps: Collar = Field(
        default=Decimal(5000),
        description="Farthest a limit or trigger price may be from the last price, in basis "
        "points of it.",
    )
    max_daily_loss: Limit = Field(
        default=None,
        description="Loss since the day began, in the account currency, from which on only "
        "orders that reduce a position pass until the next day.",
    )
    daily_loss_from_peak: bool = Field(
        default=False,
        description="Count the daily loss from the day's highest equity instead of its first.",
    )
    instruments: dict[str, InstrumentLimits] = Field(
        default_factory=dict,
        description="Limits of single instruments by id, in place of those for all.",
    )

    @model_validator(mode="after")
    def _refuse_limits_nobody_asks(self) -> RiskSection:
        """Refuse a limit whose rule is not in the list: it would be silently without effect."""
        given = self.model_fields_set.union(
            *(limits.model_fields_set for limits in self.instruments.values())
        )
        for rule, names in RULE_SETTINGS.items():
            if rule not in (*self.rules, ALWAYS):
                for name in sorted(given & set(names)):
                    raise ValueError(f"sets {name}, but rules does not name {rule!r}")
        return self


class RunsSection(Section):
    """What runs leave behind."""

    model_config = ConfigDict(title="runs")

    directory: Folder = Field(
        default=Path(".tradectl/runs"),
        description="Folder that keeps every run; a relative one starts at the project.",
    )


class SenderSection(Section):
    """One way to tell people what a session does, and the notifier's own settings beside it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any] = Field(init=False)

    notifier: str = Field(description="Name of the notifier; a plugin offers it.")
    level: Literal["info", "warning", "critical"] = Field(
        default="info",
        description="Least urgency it is told of; what is critical goes to every sender.",
    )
    kinds: tuple[Literal["session", "fill", "order", "switch", "node", "data"], ...] = Field(
        default=("session", "fill", "order", "switch", "node", "data"),
        description="What it is told about.",
    )

    @property
    def own(self) -> Mapping[str, Any]:
        """The notifier's own settings, as they were written."""
        return self.__pydantic_extra__ or {}


class Settings(Section):
    """Every setting of tradectl, complete and immutable."""

    model_config = ConfigDict(title="tradectl settings")

    backtest: BacktestSection = Field(
        default_factory=BacktestSection, description="Simulated account and venue."
    )
    data: DataSection = Field(default_factory=DataSection, description="Market data at rest.")
    exchange: dict[str, ExchangeSection] = Field(
        default_factory=dict,
        description="Exchanges by the name that commands know them by, one table for each.",
    )
    live: LiveSection = Field(default_factory=LiveSection, description="Trading with real money.")
    paper: PaperSection = Field(default_factory=PaperSection, description="Trading without money.")
    notify: dict[str, SenderSection] = Field(
        default_factory=dict,
        description="Who is told what sessions do; one table for each sender.",
    )
    plugins: PluginsSection = Field(
        default_factory=PluginsSection,
        description="Which plugins may be loaded; one table of settings for each plugin.",
    )
    risk: RiskSection = Field(
        default_factory=RiskSection, description="Limits that every order is held to."
    )
    runs: RunsSection = Field(default_factory=RunsSection, description="What runs leave behind.")
    session: SessionSection = Field(
        default_factory=SessionSection, description="The processes of a paper or live session."
    )
