"""The table of venues: orders carry our ids there, and are sent once whatever happens."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from offline import adapter
from tradectl_ccxt.adapter import CcxtExchange
from tradectl_ccxt.dialects import DIALECTS, GENERIC, dialect_of
from tradectl_ccxt.names import NAMES
from tradectl_ccxt.settings import VenueSettings
from tradectl_sdk.domain.orders import OrderType, TimeInForce
from tradectl_sdk.exchange import OrderRef, Ticket, Unclear


def ticket(name: str, **changes: Any) -> Ticket:
    form = dialect_of(name).client_ids
    assert form is not None
    usual: dict[str, Any] = {
        "client_id": "a1b2c3d4" * 4 if form.length >= 32 else "a1b2c3d4e5f6g7h8i9"[: form.length],
        "instrument": f"BTC/USDT.{name.upper()}",
        "side": 1,
        "type": int(OrderType.LIMIT),
        "time_in_force": int(TimeInForce.IOC),
        "lots": 12,
        "limit": 5_000_000,
        "decided": 0,
    }
    return Ticket(**(usual | changes))


@pytest.mark.parametrize("name", DIALECTS)
def test_an_order_carries_our_id_and_is_sent_once(name: str) -> None:
    exchange, sent = adapter(name)
    wanted = ticket(name)

    async def act() -> Any:
        found = await exchange.submit([wanted])
        await exchange.close()
        return found

    (outcome,) = asyncio.run(asyncio.wait_for(act(), 30))

    assert isinstance(outcome, Unclear), outcome
    assert outcome.sent
    orders = [request for request in sent if request.startswith("POST")]
    assert len(orders) == 1, sent
    assert dialect_of(name).prefix + wanted.client_id in orders[0]
    assert "0.0012" in orders[0]
    assert "50000" in orders[0]
    assert any(word in orders[0] for word in ("IOC", "ioc", "Ioc", "immediate"))


@pytest.mark.parametrize("name", [n for n, d in DIALECTS.items() if d.asks_by_id])
def test_an_order_is_asked_for_by_our_id(name: str) -> None:
    exchange, sent = adapter(name)
    wanted = ticket(name)
    ref = OrderRef(instrument=wanted.instrument, client_id=wanted.client_id)

    async def act() -> None:
        with pytest.raises(Exception, match="no answer"):
            await exchange.query(ref)
        await exchange.close()

    asyncio.run(asyncio.wait_for(act(), 30))

    assert dialect_of(name).prefix + wanted.client_id in sent[0]


@pytest.mark.parametrize("name", [n for n, d in DIALECTS.items() if d.cancels_by_id])
def test_an_order_is_cancelled_by_our_id(name: str) -> None:
    exchange, sent = adapter(name)
    wanted = ticket(name)
    ref = OrderRef(instrument=wanted.instrument, client_id=wanted.client_id)

    async def act() -> Any:
        found = await exchange.cancel(ref)
        await exchange.close()
        return found

    outcome = asyncio.run(asyncio.wait_for(act(), 30))

    assert isinstance(outcome, Unclear), outcome
    assert len(sent) == 1
    assert dialect_of(name).prefix + wanted.client_id in sent[0]


@pytest.mark.parametrize("name", [n for n, d in DIALECTS.items() if not d.asks_by_id])
def test_where_a_venue_cannot_find_by_our_id_the_lists_are_searched(name: str) -> None:
    exchange, _ = adapter(name)
    wanted = ticket(name)
    mine = dialect_of(name).prefix + wanted.client_id
    row = {
        "id": "7",
        "clientOrderId": mine,
        "symbol": "BTC/USDT",
        "status": "canceled",
        "side": "buy",
        "type": "limit",
        "amount": 0.0012,
        "filled": 0,
        "price": 50_000,
        "timestamp": 1,
    }

    async def listed(*_: Any) -> list[dict[str, Any]]:
        return [row]

    async def none(*_: Any) -> list[dict[str, Any]]:
        return []

    async def ask(client_id: str) -> Any:
        ref = OrderRef(instrument=wanted.instrument, client_id=client_id)
        return await exchange.query(ref)

    exchange.private.fetch_open_orders = none
    row["timestamp"] = exchange.now() // 1_000_000
    exchange.private.fetch_orders = exchange.private.fetch_closed_orders = listed
    exchange.private.fetch_canceled_orders = listed

    async def act() -> None:
        assert (await ask(wanted.client_id)).venue_id == "7"
        assert type(await ask("another")).__name__ == "Absent"
        await exchange.close()

    asyncio.run(asyncio.wait_for(act(), 30))


@pytest.mark.parametrize("name", DIALECTS)
def test_every_row_makes_sense(name: str) -> None:
    dialect = DIALECTS[name]

    assert name in NAMES
    assert dialect_of(name) is dialect
    assert dialect.client_ids is not None
    assert not dialect.refusals & dialect.unknown
    if dialect.rates:
        assert any(not rate.orders and 0 < rate.reserved < 1 for rate in dialect.rates)


def test_an_unknown_venue_gets_no_ids_and_nothing_counts_as_a_refusal() -> None:
    card = CcxtExchange("bitstamp", VenueSettings(), None).card

    assert dialect_of("bitstamp") is GENERIC
    assert card.client_ids is None
    assert GENERIC.refusals == frozenset()
    assert card.times_in_force == {TimeInForce.GTC}


def test_entities_of_one_venue_share_its_ways() -> None:
    assert dialect_of("okxus") is DIALECTS["okx"]
    assert dialect_of("bybiteu") is DIALECTS["bybit"]
    assert dialect_of("binanceus") is GENERIC


def test_an_id_of_the_wrong_length_is_refused_where_the_length_is_fixed() -> None:
    exchange, sent = adapter("hyperliquid")

    async def act() -> Any:
        found = await exchange.submit([ticket("hyperliquid", client_id="abc")])
        await exchange.close()
        return found

    (outcome,) = asyncio.run(act())

    assert outcome.code == "bad_client_id"
    assert sent == []
    assert json.dumps(sent) == "[]"
