"""``tradectl exchange``: which exchanges there are, what they can do, and whether they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.commands import noun
from tradectl.exchange_screens import (
    balance_rows,
    card_document,
    card_rows,
    market_rows,
    trial_document,
    trial_rows,
)
from tradectl.exchanges import keyed_exchange, offered, public_exchange, run_with
from tradectl.figures import plural
from tradectl.layout import Column
from tradectl.offers import show_offers
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import Exchange

app = noun("List, describe and try exchanges.")

_Name = Annotated[str, typer.Argument(help="The exchange.", autocompletion=offered)]


@app.command("list")
def list_(
    context: typer.Context,
    search: Annotated[str, typer.Argument(help="Only those whose name contains this.")] = "",
) -> ExitStatus:
    """List the exchanges that installed plugins offer."""
    session = session_of(context)
    plugins = session.plugins(session.settings())
    found = {n: each for n, each in plugins.exchanges().items() if search.lower() in n}
    out = session.out
    show_offers(
        out, plugins, found, kind="exchange", none=f"no plugin offers an exchange {search}".rstrip()
    )
    first = "binance" if "binance" in found else next(iter(found), "")
    out.next(f"tradectl exchange info {first}" if first else "tradectl plugin list")
    return ExitStatus.OK


@app.command()
def info(context: typer.Context, name: _Name) -> ExitStatus:
    """Show what an exchange can do, without connecting to it."""
    from tradectl_sdk.pipelines.exchanges import find_exchange

    session = session_of(context)
    settings = session.settings()
    plugins = session.plugins(settings)
    provided = find_exchange(name, plugins)
    card = public_exchange(name, settings, plugins).card
    out = session.out
    out.line(f"{name}: {provided.spec.summary}", "bold")
    out.line()
    out.fields([*card_rows(card), ("from", provided.source)])
    out.result("exchange/1", {"name": name, "source": provided.source} | card_document(card))
    out.next(f"tradectl exchange markets {name}", f"tradectl exchange test {name}")
    return ExitStatus.OK


@app.command()
def markets(
    context: typer.Context,
    name: _Name,
    search: Annotated[str, typer.Argument(help="Only those whose id contains this.")] = "",
    *,
    base: Annotated[str, typer.Option(help="Only what is counted in this, such as BTC.")] = "",
    quote: Annotated[str, typer.Option(help="Only what is priced in this, such as USDT.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most; 0 for all.", min=0)] = 0,
) -> ExitStatus:
    """List what can be traded, with steps of price and quantity, least order value and fees."""
    session = session_of(context)
    settings = session.settings()
    exchange = public_exchange(name, settings, session.plugins(settings))
    everything = run_with(exchange, _instruments)
    found = [each for each in everything if _matches(each, search, base, quote)]
    shown = found[:limit] if limit else found
    out = session.out
    if shown:
        columns = [Column(title="INSTRUMENT"), Column(title="QUOTE")]
        columns += [
            Column(title=title, right=True)
            for title in ("TICK", "LOT", "LEAST VALUE", "MAKER", "TAKER")
        ]
        out.table(columns, market_rows(shown))
    else:
        out.note(f"none of {plural(len(everything), 'instrument')} fits")
    if len(shown) < len(found):
        out.note(f"{len(found) - len(shown):,} more; --limit 0 shows all")
    out.result("exchange-markets/1", {"exchange": name, "count": len(found), "markets": shown})
    if shown:
        out.next(
            f"tradectl data pull '{shown[0].symbol}' --exchange {name} --timeframe 1h "
            "--since 2024-01-01"
        )
    return ExitStatus.OK


@app.command()
def test(context: typer.Context, name: _Name) -> ExitStatus:
    """Connect, measure latency and clock, and say what the keys may do. Nothing is changed.

    The exit status is 1 when something was found: a clock that is off, a key that can withdraw.
    """
    from tradectl_sdk.pipelines.exchanges import try_exchange

    session = session_of(context)
    settings = session.settings()
    plugins = session.plugins(settings)
    exchange, keys = keyed_exchange(name, settings, plugins)
    trial = run_with(exchange, lambda adapter: try_exchange(adapter, keys=keys), opened=False)
    out = session.out
    out.fields(trial_rows(trial))
    if trial.balances:
        columns = [Column(title="HELD"), Column(title="FREE", right=True)]
        out.table([*columns, Column(title="IN ORDERS", right=True)], balance_rows(trial.balances))
    for finding in trial.findings:
        out.warn(finding)
    if not keys:
        out.note("no keys were given, so only what is public was tried")
    out.result("exchange-test/1", {"exchange": name, "keys": keys, "trial": trial_document(trial)})
    sound = not trial.findings
    out.next(f"tradectl exchange markets {name}" if sound else "tradectl explain CLOCK_SKEW")
    return ExitStatus.OK if sound else ExitStatus.FINDING


async def _instruments(exchange: Exchange) -> Sequence[Instrument]:
    return await exchange.instruments()


def _matches(instrument: Instrument, search: str, base: str, quote: str) -> bool:
    return (
        search.upper() in instrument.id.upper()
        and (not base or instrument.base.upper() == base.upper())
        and (not quote or instrument.quote.upper() == quote.upper())
    )
