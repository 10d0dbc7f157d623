"""What each kind of failure means: for an order, a cancellation, and a question."""

from __future__ import annotations

from typing import Any

import pytest
from fake_binance import INSTRUMENT, KEY, ORDER, SECRET, Reply, error, play
from tradectl_ccxt.adapter import CcxtExchange
from tradectl_ccxt.settings import VenueSettings
from tradectl_sdk.domain.orders import OrderType, TimeInForce
from tradectl_sdk.errors import (
    ClockSkewError,
    CredentialError,
    ExchangeRefusedError,
    MaintenanceError,
    RateLimitedError,
    TradectlError,
    TransportError,
    UnreadableAnswerError,
)
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    Credentials,
    OrderRef,
    OrderReport,
    RateBudget,
    RateLimiter,
    Refused,
    Ticket,
    Unclear,
)

TICKET = Ticket(
    client_id="mine",
    instrument=INSTRUMENT,
    side=1,
    type=int(OrderType.LIMIT),
    lots=100,
    limit=10_000,
    decided=0,
)
REF = OrderRef(instrument=INSTRUMENT, client_id="mine")
SECOND = 1_000_000_000

# How the server answers an order -> what is made of it, and whether it may have left us
ORDER_ANSWERS: dict[str, tuple[Reply, type[Any]]] = {
    "taken": (Reply(ORDER), Accepted),
    "too little money": (error(-2010, "Account has insufficient balance"), Refused),
    "a filter": (error(-1013, "Filter failure: NOTIONAL"), Refused),
    "an unknown symbol": (error(-1121), Refused),
    "too many orders": (error(-1015, status=429), Refused),
    "a late time stamp": (error(-1021), Refused),
    "a wrong key": (error(-2015, status=401), Refused),
    "a refusal inside 200": (error(-2010, status=200), Refused),
    "an id that is taken": (error(-2010, "Duplicate order sent."), Unclear),  # by this very order
    "execution unknown": (error(-1006, status=500), Unclear),
    "timeout of the venue": (error(-1007, status=408), Unclear),
    "a code nobody knows": (error(-9999), Unclear),
    "a gateway's 504": (Reply("<html>504</html>", 504), Unclear),
    "a 503": (Reply({"code": -1001, "msg": "internal"}, 503), Unclear),
    "rate limit": (error(-1003, status=429), Unclear),
    "a ban": (error(-1003, status=418), Unclear),
    "no JSON": (Reply("<html>hello</html>"), Unclear),
    "half an answer": (Reply('{"orderId": 28, "sym'), Unclear),
    "an empty object": (Reply({}), Unclear),
    "a list": (Reply([]), Unclear),
    "null": (Reply("null"), Unclear),
    "a broken connection": (Reply(reset=True), Unclear),
    "no answer": (Reply(hang=True), Unclear),
}


@pytest.mark.parametrize("what", ORDER_ANSWERS)
def test_an_order_is_refused_only_by_a_definite_no_and_sent_once(what: str) -> None:
    reply, expected = ORDER_ANSWERS[what]

    async def act(fake: Any, exchange: CcxtExchange) -> None:
        fake.script("POST", "order", reply)
        (outcome,) = await exchange.submit([TICKET])
        assert isinstance(outcome, expected), outcome
        assert fake.count("POST", "order") == 1
        assert isinstance(outcome, Accepted) or SECRET not in outcome.text + repr(outcome)
        if isinstance(outcome, Unclear):
            assert outcome.sent

    play(act, timeout_seconds=0.4 if reply.hang else 20.0)


CANCEL_ANSWERS: dict[str, tuple[Reply, type[Any]]] = {
    "cancelled": (Reply(ORDER | {"status": "CANCELED"}), Accepted),
    "ended already": (error(-2011, "Unknown order sent."), Refused),
    "too little money": (error(-2010), Unclear),  # no answer to a cancellation
    "a 502": (Reply("<html/>", 502), Unclear),
    "a broken connection": (Reply(reset=True), Unclear),
    "no answer": (Reply(hang=True), Unclear),
}


@pytest.mark.parametrize("what", CANCEL_ANSWERS)
def test_a_cancellation_is_refused_only_by_a_definite_no(what: str) -> None:
    reply, expected = CANCEL_ANSWERS[what]

    async def act(fake: Any, exchange: CcxtExchange) -> None:
        fake.script("DELETE", "order", reply)
        outcome = await exchange.cancel(REF)
        assert isinstance(outcome, expected), outcome
        assert fake.count("DELETE", "order") == 1

    play(act, timeout_seconds=0.4 if reply.hang else 20.0)


QUESTION_ANSWERS: dict[str, tuple[Reply, type[Any]]] = {
    "found": (Reply(ORDER), OrderReport),
    "no such order": (error(-2013, "Order does not exist."), Absent),
    "rate limit": (error(-1003, status=429, Retry_After="7"), RateLimitedError),
    "a ban": (error(-1003, status=418, Retry_After="120"), RateLimitedError),
    "a clock that is off": (error(-1021), ClockSkewError),
    "a wrong key": (error(-2015, status=401), CredentialError),
    "a wrong symbol": (error(-1121), ExchangeRefusedError),
    "maintenance": (error(-1, "System is under maintenance.", status=503), MaintenanceError),
    "a 502": (Reply("<html>502</html>", 502), TransportError),
    "a broken connection": (Reply(reset=True), TransportError),
    "no answer": (Reply(hang=True), TransportError),
    "no order in it": (Reply({"orderId": 1}), UnreadableAnswerError),
}


@pytest.mark.parametrize("what", QUESTION_ANSWERS)
def test_a_failed_question_raises_and_is_never_evidence(what: str) -> None:
    reply, expected = QUESTION_ANSWERS[what]

    async def act(fake: Any, exchange: CcxtExchange) -> None:
        fake.script("GET", "order", reply)
        if not issubclass(expected, TradectlError):
            assert isinstance(await exchange.query(REF), expected)
            return
        with pytest.raises(TradectlError) as raised:
            await exchange.query(REF)
        assert type(raised.value) is expected, raised.value
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None
        if isinstance(raised.value, RateLimitedError):
            assert raised.value.retry_after == int(reply.headers["Retry-After"]) * SECOND

    play(act, timeout_seconds=0.4 if reply.hang else 20.0)


def test_what_never_left_is_said_to_be_unsent() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        exchange.private.urls["api"]["private"] = "http://127.0.0.1:9/api/v3"  # nobody listens
        (outcome,) = await exchange.submit([TICKET])
        assert outcome == Unclear(text=outcome.text, sent=False)  # type: ignore[union-attr]
        assert "Connect call failed" in outcome.text  # and not the address alone
        assert fake.count("POST", "order") == 0

    play(act)


def test_after_a_ban_nothing_is_sent_until_it_is_over() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        fake.script("GET", "order", error(-1003, status=429, Retry_After="30"))
        with pytest.raises(RateLimitedError):
            await exchange.query(REF)
        (outcome,) = await exchange.submit([TICKET])
        assert isinstance(outcome, Unclear)
        assert not outcome.sent
        assert fake.count("POST", "order") == 0

    play(act)


def test_without_room_in_the_budget_an_order_is_not_sent_and_a_cancel_is() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        budget = RateBudget(weight=8, interval=3600 * SECOND, reserved=0.5)
        exchange.turnstile.budget(RateLimiter((budget,)))
        outcomes = [(await exchange.submit([TICKET]))[0] for _ in range(6)]
        sent = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        unsent = [o for o in outcomes if isinstance(o, Unclear) and not o.sent]
        assert (len(sent), len(unsent)) == (4, 2)
        assert isinstance(await exchange.cancel(REF), Accepted)

    play(act)


def test_what_the_venue_says_was_used_is_learned() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        used = {"x-mbx-used-weight-1m": "5990"}
        fake.script("GET", "order", Reply(ORDER, headers=used))
        await exchange.query(REF)
        (outcome,) = await exchange.submit([TICKET])
        assert isinstance(outcome, Unclear)
        assert not outcome.sent

    play(act)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lots": 0}, "bad_quantity"),
        ({"limit": -1}, "bad_price"),
        ({"type": int(OrderType.TRAILING_STOP), "trail": 5}, "unsupported_type"),
        ({"time_in_force": int(TimeInForce.DAY)}, "unsupported_time_in_force"),
        ({"client_id": "not-allowed"}, "bad_client_id"),
        ({"instrument": "ETH/USDT.BINANCE"}, "unknown_symbol"),
        ({"instrument": "BTC/USDT.KRAKEN"}, "unknown_symbol"),
    ],
)
def test_what_cannot_be_an_order_is_refused_before_anything_is_sent(
    changes: dict[str, Any], code: str
) -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        values = {name: getattr(TICKET, name) for name in TICKET.__struct_fields__}
        (outcome,) = await exchange.submit([Ticket(**(values | changes))])
        assert isinstance(outcome, Refused)
        assert outcome.code == code
        assert fake.requests == []

    play(act)


def test_what_ccxt_would_round_is_refused() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        market = exchange.private.markets["BTC/USDT"]
        market["precision"] = {"amount": 0.001, "price": 0.1}  # a grid that became coarser
        off_lots = Ticket(**_with(lots=150))
        (outcome,) = await exchange.submit([off_lots])
        assert isinstance(outcome, Refused)
        assert outcome.code == "bad_quantity"
        (outcome,) = await exchange.submit([Ticket(**_with(limit=10_001))])
        assert isinstance(outcome, Refused)
        assert outcome.code == "bad_price"
        assert fake.requests == []

    play(act)


def _with(**changes: Any) -> dict[str, Any]:
    return {name: getattr(TICKET, name) for name in TICKET.__struct_fields__} | changes


def test_the_order_that_arrives_is_the_one_that_was_meant() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        await exchange.submit([TICKET])
        ((_, _, sent),) = [r for r in fake.requests if r[0] == "POST"]
        expected = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "quantity": "0.001",
            "price": "100",
            "newClientOrderId": "mine",
            "timeInForce": "GTC",
            "recvWindow": "5000",
        }
        assert expected.items() <= sent.items()
        stop = _with(type=int(OrderType.STOP_LIMIT), trigger=10_500, time_in_force=2)
        await exchange.submit([Ticket(**stop)])
        sent = fake.requests[-1][2]
        assert sent["type"] == "STOP_LOSS_LIMIT"
        assert (sent["stopPrice"], sent["timeInForce"]) == ("105", "FOK")

    play(act)


def test_requests_are_signed_by_the_venues_clock() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        fake.offset = 3_600_000
        venue = await exchange.venue_time()
        await exchange.query(REF)
        stamp = int(fake.requests[-1][2]["timestamp"])
        assert abs(stamp * 1_000_000 - venue) < 5 * SECOND
        assert abs(exchange.now() - venue) < 5 * SECOND

    play(act)


def test_keys_show_up_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    words: list[str] = []

    async def act(fake: Any, exchange: CcxtExchange) -> None:
        words.append(repr(exchange) + repr(vars(exchange)))
        fake.script("GET", "order", Reply(f"<b>{KEY}{SECRET}</b>", 502))
        fake.script("POST", "order", error(-1000, f"key {KEY} and {SECRET}"))
        words.append(repr(await exchange.submit([TICKET])))
        with pytest.raises(TradectlError) as raised:
            await exchange.query(REF)
        words.append(repr(raised.value) + str(raised.value))

    with caplog.at_level(0):
        play(act)
    shown = caplog.text + "".join(words)
    assert "***" in shown
    assert KEY not in shown
    assert SECRET not in shown


def test_closing_twice_and_asking_afterwards() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        await exchange.close()
        await exchange.close()
        with pytest.raises(TransportError, match="has been closed"):
            await exchange.query(REF)
        (outcome,) = await exchange.submit([TICKET])
        assert isinstance(outcome, Unclear)
        assert not outcome.sent

    play(act)


def test_an_adapter_without_keys_cannot_send() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        public = CcxtExchange("binance", fake.settings(), None)
        await public.open()
        (outcome,) = await public.submit([TICKET])
        await public.close()
        assert isinstance(outcome, Refused)
        assert outcome.code == "AuthenticationError"
        assert fake.count("POST", "order") == 0

    play(act)


def test_rights_and_balances_are_told() -> None:
    async def act(fake: Any, exchange: CcxtExchange) -> None:
        rights = await exchange.permissions()
        assert (rights.trade, rights.withdraw, rights.restricted_by_address) == (True, False, True)
        (usdt,) = await exchange.balances()
        assert (usdt.currency, usdt.free, usdt.held) == ("USDT", 1_250_000_000, 50_000_000)

    play(act)


def test_settings_cannot_make_it_repeat_or_print() -> None:
    for key in ("maxRetriesOnFailure", "verbose", "enableRateLimit"):
        with pytest.raises(ValueError, match="not for settings"):
            VenueSettings(options={"createOrder": {key: 3}})
    exchange = CcxtExchange("binance", VenueSettings(), Credentials())
    exchange.private.options["maxRetriesOnFailure"] = 5
    retries = exchange.private.handle_option_integer_and_params(
        {"maxRetriesOnFailure": 7}, "order", "maxRetriesOnFailure", 0
    )
    assert retries[0] == 0
    with pytest.raises(ValueError, match="it prints keys"):
        exchange.private.verbose = True
