"""Adapters that know one market and send nothing: what they would send is written down instead."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tradectl_ccxt.adapter import CcxtExchange
from tradectl_ccxt.markets import instruments_of
from tradectl_ccxt.settings import VenueSettings
from tradectl_sdk.exchange import Credentials

WALLET = {"private_key": "0x" + "1" * 64, "account": "0x" + "2" * 40}
KEYS = {"api_key": "key", "secret": "c2VjcmV0", "passphrase": "pass"}
# Where a venue's ids are not BTCUSDT
MARKET_IDS = {"kraken": "XBTUSDT", "coinbase": "BTC-USDT", "okx": "BTC-USDT", "kucoin": "BTC-USDT"}
MARKET_IDS |= {"gate": "BTC_USDT", "hyperliquid": "10001"}


def adapter(name: str) -> tuple[CcxtExchange, list[str]]:
    """Return an adapter that knows one market, and what it sends instead of sending it."""
    keys = Credentials.of(WALLET if name == "hyperliquid" else KEYS)
    exchange = CcxtExchange(name, VenueSettings(), keys)
    sent: list[str] = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        import ccxt
        from tradectl_ccxt.calls import CALL

        call = CALL.get()
        assert call is not None
        call.sent = True
        sent.append(f"{method} {unquote(url)} {unquote(str(body or ''))}")
        raise ccxt.RequestTimeout("no answer")

    for client in (exchange.public, exchange.private):
        client.set_markets([market(client, name)])
        client.fetch = fetch
        client.options["enableUnifiedMargin"] = client.options["enableUnifiedAccount"] = True
        client.options["uta"] = client.options["builderFee"] = False
        client.options["initializeClient"] = client.options["unifiedAccount"] = False
    exchange.symbols = dict(instruments_of(exchange.public, "spot"))
    exchange._ids = {each.id: each for each in exchange.symbols.values()}
    return exchange, sent


def market(client: Any, name: str) -> dict[str, Any]:
    identity = MARKET_IDS.get(name, "BTCUSDT")
    found: dict[str, Any] = client.safe_market_structure(
        {
            "id": identity,
            "symbol": "BTC/USDT",
            "base": "BTC",
            "quote": "USDT",
            "baseId": identity if name == "hyperliquid" else "BTC",
            "quoteId": "USDT",
            "type": "spot",
            "spot": True,
            "margin": False,
            "active": True,
            "contract": False,
            "swap": False,
            "precision": {"amount": 0.0001, "price": 0.01},
            "limits": {"amount": {"min": 0.0001}},
            "info": {"orderTypes": ["LIMIT", "MARKET"]},
        }
    )
    return found
