"""The table ``[plugins.ccxt]``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

# What ccxt must never be told, because an order would be sent twice or a key printed
FORBIDDEN = frozenset({"maxRetriesOnFailure", "verbose", "enableRateLimit"})


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class VenueSettings(_Table):
    """One exchange, ``[plugins.ccxt.exchanges.NAME]``."""

    market: Literal["spot", "swap"] = Field(
        default="spot", description="What is traded: spot, or perpetual contracts."
    )
    urls: dict[str, Any] = Field(
        default_factory=dict,
        description="Addresses laid over ccxt's own, such as those of a test network.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Options laid over ccxt's own for this exchange."
    )
    timeout_seconds: float = Field(
        default=10.0, gt=0, description="Seconds a request may take before it counts as lost."
    )
    silence_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Seconds without anything after which a stream of market data is opened anew.",
    )
    grace_seconds: float = Field(
        default=2.0,
        gt=0,
        description="Seconds after its close in which a bar may arrive before it is asked for.",
    )
    reconnect_seconds: float = Field(
        default=0.5, gt=0, description="Seconds before the first reconnection; doubled each time."
    )

    @field_validator("options")
    @classmethod
    def _keep_promises(cls, options: dict[str, Any]) -> dict[str, Any]:
        """Refuse what would break the rules that sending rests on, however deep it stands."""
        for key in _keys(options):
            if key in FORBIDDEN:
                raise ValueError(f"{key} is not for settings: tradectl never lets ccxt do that")
        return options


class CcxtSettings(_Table):
    """All exchanges of ccxt."""

    exchanges: dict[str, VenueSettings] = Field(
        default_factory=dict, description="Settings of single exchanges, by ccxt's name."
    )

    @field_validator("exchanges")
    @classmethod
    def _know_names(cls, exchanges: dict[str, VenueSettings]) -> dict[str, VenueSettings]:
        """Refuse names that ccxt does not know: a typo must not pass in silence."""
        from tradectl_ccxt.names import NAMES

        for name in exchanges:
            if name not in NAMES:
                raise ValueError(f"{name!r} is no exchange of ccxt")
        return exchanges

    def of(self, name: str) -> VenueSettings:
        """Return what is set for one exchange."""
        return self.exchanges.get(name, VenueSettings())


def _keys(table: dict[str, Any]) -> list[str]:
    nested = [key for value in table.values() if isinstance(value, dict) for key in _keys(value)]
    return [*table, *nested]
