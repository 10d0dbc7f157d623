"""Settings of sessions: paper and live trading, and the exchanges they trade at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from tradectl_sdk.config.section import Folder, Section


class ExchangeSection(Section):
    """One exchange as this project uses it; its adapter's own settings are its plugin's table."""

    adapter: str | None = Field(
        default=None,
        min_length=1,
        description="Name of the exchange as a plugin offers it; the table's own name unless set.",
    )
    account: str | None = Field(
        default=None,
        min_length=1,
        description="Name of the key that live sessions use; the table's own name unless set.",
    )


class PaperSection(Section):
    """Trading without money: data of an exchange, fills by the assumptions of [backtest]."""

    model_config = ConfigDict(title="paper")

    exchange: str | None = Field(
        default=None,
        min_length=1,
        description="Exchange whose data paper sessions use when --exchange is left out.",
    )


class LiveSection(Section):
    """Trading with real money; the limits it needs are those of [risk]."""

    model_config = ConfigDict(title="live")

    exchange: str | None = Field(
        default=None,
        min_length=1,
        description="Exchange that live sessions trade at when --exchange is left out.",
    )
    preflight_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="Minutes for which a preflight that passed allows a start.",
    )
    least_disk_mb: int = Field(
        default=500,
        ge=1,
        description="Megabytes that must be free where sessions are kept, or preflight fails.",
    )


Endpoint = Annotated[str, Field(pattern=r"^[^\s:]+:\d{1,5}$")]


class TcpSection(Section):
    """Addresses of a session whose nodes run on several machines; every connection needs a key."""

    gateway: Endpoint = Field(description="HOST:PORT where the gateway listens for orders.")
    executor: Endpoint = Field(description="HOST:PORT where the executor listens for intents.")
    market: Endpoint = Field(
        description="HOST:PORT where the gateway publishes market data; the next port is used, too."
    )


class SessionSection(Section):
    """The processes of a session: how long they wait, and what becomes of one that dies."""

    model_config = ConfigDict(title="session")

    directory: Folder = Field(
        default=Path(".tradectl/sessions"),
        description="Folder that keeps every session; a relative one starts at the project.",
    )
    on_failure: Literal["halt", "reduce"] = Field(
        default="halt",
        description="What the kill switch does when the strategy raises: no order at all any "
        "more, or only orders that reduce a position.",
    )
    bar_grace_seconds: float = Field(
        default=2.0,
        ge=0,
        le=600,
        description="Seconds that bars which close at one instant are waited for once the first "
        "of them is there; later ones are marked as late.",
    )
    silence_seconds: float = Field(
        default=30.0,
        gt=0,
        le=86_400,
        description="Seconds beyond twice a bar's length without any datum after which data "
        "count as stale.",
    )
    clock_limit_seconds: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="Farthest the exchange's clock may be from ours, in seconds, before orders "
        "are refused.",
    )
    clock_interval_seconds: float = Field(
        default=60.0,
        ge=1,
        le=3600,
        description="Seconds between two measurements of the exchange's clock.",
    )
    reconcile_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="Seconds between two comparisons of the account with the exchange.",
    )
    restarts: int = Field(
        default=5,
        ge=0,
        le=1000,
        description="Most restarts of one process within restart_window_seconds; one more halts "
        "the session.",
    )
    restart_window_seconds: float = Field(
        default=600.0,
        ge=1,
        le=86_400,
        description="Seconds over which restarts are counted.",
    )
    orphan_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="Seconds that processes wait for another supervisor when theirs has died, "
        "before they stop.",
    )
    stop_seconds: float = Field(
        default=10.0,
        ge=1,
        le=600,
        description="Seconds that a process is given to stop in good order before it is killed.",
    )
    realtime: bool = Field(
        default=False,
        description="Whether gateway, executor and host run before the ordinary programs of their "
        "machine, with a real-time priority; Linux only, and the user must be allowed to.",
    )
    tcp: TcpSection | None = Field(
        default=None,
        description="Addresses for nodes on several machines; sockets in the session's folder "
        "unless set.",
    )
