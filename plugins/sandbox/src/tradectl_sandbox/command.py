"""``tradectl sandbox``: start an exchange to rehearse against."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from tradectl_sdk.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    help="Start an exchange to rehearse against, in the dialect of Binance spot.",
)

_Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port to listen at; 0 for any that is free.")
]
_Host = Annotated[str, typer.Option(help="Address to listen at; beyond this machine with care.")]
_Data = Annotated[
    list[str] | None,
    typer.Option(metavar="SYMBOL.VENUE", help="Series to replay, from the catalog or a plugin."),
]
_Csv = Annotated[Path | None, typer.Option(help="File of bars to replay.")]
_Timeframe = Annotated[str, typer.Option(help="Length of the bars that are replayed.")]
_Synthetic = Annotated[int | None, typer.Option(metavar="SEED", help="Make a market up.")]
_Symbols = Annotated[
    list[str] | None, typer.Option("--symbol", help="What trades in a market made up.")
]
_Speed = Annotated[
    float, typer.Option(min=0, help="Market time per time on the wall; 0 to move when told to.")
]
_History = Annotated[int, typer.Option(min=0, help="Bars that have happened when it starts.")]
_Recorded = Annotated[
    bool, typer.Option("--as-recorded", help="Keep the times of the series, old as they are.")
]
_Ledger = Annotated[Path | None, typer.Option(help="File of the account; it outlives the process.")]
_Cash = Annotated[str, typer.Option(help="What a new account holds in the quote currency.")]
_Fee = Annotated[str, typer.Option(help="Share of the traded value paid as fee.")]


@app.callback()
def sandbox() -> None:
    """Start an exchange to rehearse against, in the dialect of Binance spot."""


@app.command("start")
def start(
    *,
    port: _Port = 9100,
    host: _Host = "127.0.0.1",
    data: _Data = None,
    csv: _Csv = None,
    timeframe: _Timeframe = "1m",
    synthetic: _Synthetic = None,
    symbol: _Symbols = None,
    speed: _Speed = 1.0,
    history: _History = 1000,
    as_recorded: _Recorded = False,
    ledger: _Ledger = None,
    cash: _Cash = "100000",
    fee: _Fee = "0.001",
) -> None:
    """Start the exchange and run until interrupted.

    Without --data or --csv a market is made up. The key is "sandbox", its secret "sandbox-secret".
    """
    from dataclasses import replace

    from tradectl_sandbox.serving import run_until_stopped
    from tradectl_sandbox.settings import ASSUMPTIONS, SandboxSettings
    from tradectl_sandbox.sources import find_series

    series = find_series(
        data=data or [],
        csv=csv,
        timeframe=timeframe,
        seed=synthetic,
        symbols=symbol or ["BTC/USDT", "ETH/USDT"],
        fee=_share("--fee", fee),
    )
    settings = SandboxSettings(
        series=series,
        history=min(history, len(series[0]) - 1),
        speed=speed,
        as_recorded=as_recorded,
        ledger=ledger,
        assumptions=replace(ASSUMPTIONS, cash=_number("--cash", cash)),
        host=host,
        port=port,
    )
    run_until_stopped(settings, typer.echo)


def _share(option: str, text: str) -> Decimal:
    """Read a share of something, 0 to less than 1.

    Raises:
        UsageError: If it is none.
    """
    found = _number(option, text)
    if found >= 1:
        raise UsageError(
            f"{option} was {text!r}, expected less than 1", hint="0.001 is a tenth of a percent"
        )
    return found


def _number(option: str, text: str) -> Decimal:
    """Read an amount or a share.

    Raises:
        UsageError: If it is none.
    """
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite() or found < 0:
        raise UsageError(f"{option} was {text!r}, expected a number that is not negative")
    return found
