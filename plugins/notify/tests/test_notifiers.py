from __future__ import annotations

import hashlib
import hmac
import socket
from typing import TYPE_CHECKING

import pytest
from tradectl_notify.discord import Discord, DiscordSettings
from tradectl_notify.telegram import Telegram, TelegramSettings
from tradectl_notify.webhook import Webhook, WebhookSettings
from tradectl_sdk.errors import NotDeliveredError, UsageError
from tradectl_sdk.exchange import Secret
from tradectl_sdk.notify import Level, Notice, Notifier

if TYPE_CHECKING:
    from conftest import Service

CANARY = "123456:canary-token"


def notice(
    title: str = "bought 2 BTC/USDT", *, level: Level = Level.INFO, text: str = ""
) -> Notice:
    return Notice(
        id="p-1/7",
        time=1_764_068_645_000_000_000,
        level=level,
        kind="fill",
        session="p-1",
        strategy="cross",
        live=True,
        title=title,
        text=text,
    )


def telegram(service: Service) -> Telegram:
    settings = TelegramSettings(token="keyring:x", chat="42", server=service.address)
    return Telegram(settings, {"token": Secret(CANARY)})


def discord(service: Service) -> Discord:
    url = f"{service.address}/api/webhooks/1/{CANARY}"
    return Discord(DiscordSettings(url="keyring:x"), {"url": Secret(url)})


def webhook(service: Service, secret: str = "") -> Webhook:
    settings = WebhookSettings(endpoint=f"{service.address}/hook?a=1")
    return Webhook(settings, {"secret": Secret(secret)} if secret else {})


def test_telegram_gets_plain_text_in_one_chat(service: Service) -> None:
    telegram(service).send([notice(text="at 100.5"), notice("*stopped*", level=Level.CRITICAL)])
    ((path, headers, _),) = service.requests
    assert path == f"/bot{CANARY}/sendMessage"
    assert headers["content-type"] == "application/json"
    (document,) = service.documents
    assert document["chat_id"] == "42"
    assert "parse_mode" not in document
    assert document["text"] == (
        "LIVE cross: bought 2 BTC/USDT (2025-11-25 11:04:05 UTC)\nat 100.5\n"
        "[CRITICAL] LIVE cross: *stopped* (2025-11-25 11:04:05 UTC)"
    )


def test_discord_mentions_nobody(service: Service) -> None:
    service.answer(204)
    discord(service).send([notice("@everyone look")])
    (document,) = service.documents
    assert document["allowed_mentions"] == {"parse": []}
    assert "@everyone look" in document["content"]
    assert service.requests[0][0].endswith(CANARY)


def test_a_webhook_gets_a_document_and_can_check_who_sent_it(service: Service) -> None:
    webhook(service, "shared").send([notice()])
    ((path, headers, body),) = service.requests
    assert path == "/hook?a=1"
    stamp, digest = (part.split("=")[1] for part in headers["x-tradectl-signature"].split(","))
    expected = hmac.new(b"shared", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert digest == expected
    (document,) = service.documents
    assert document["schema"] == "tradectl.notices/1"
    assert document["notices"][0] == {
        "id": "p-1/7",
        "time_ns": 1_764_068_645_000_000_000,
        "level": "info",
        "kind": "fill",
        "session": "p-1",
        "strategy": "cross",
        "live": True,
        "title": "bought 2 BTC/USDT",
        "text": "",
    }


def test_a_webhook_without_a_secret_is_not_signed(service: Service) -> None:
    webhook(service).send([notice()])
    assert "x-tradectl-signature" not in service.requests[0][1]


@pytest.mark.parametrize("make", [telegram, discord], ids=["telegram", "discord"])
def test_a_long_message_keeps_the_newest_and_says_what_is_missing(make, service: Service) -> None:
    notifier: Notifier = make(service)
    notifier.send([notice(f"number {n} " + "x" * 80) for n in range(100)])
    (document,) = service.documents
    text = document.get("text") or document["content"]
    assert len(text) <= notifier.limit
    assert "number 99 " in text
    assert "earlier notices left out" in text
    assert "number 0 " not in text


def test_a_single_message_that_is_too_long_is_cut(service: Service) -> None:
    discord(service).send([notice("x" * 5000)])
    assert len(service.documents[0]["content"]) == 2000


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (({"parameters": {"retry_after": 17}}, {}), 17.0),
        (({"retry_after": 2.5}, {}), 2.5),
        ((None, {"Retry_After": "9"}), 9.0),
        ((None, {"Retry_After": "soon"}), 1.0),
        (({"retry_after": 10**9}, {}), 3600.0),
    ],
)
def test_the_service_says_how_long_to_wait(service: Service, answer, seconds: float) -> None:
    document, headers = answer
    service.answer(429, document, **headers)
    with pytest.raises(NotDeliveredError, match="status 429") as caught:
        telegram(service).send([notice()])
    assert caught.value.retry_after == seconds
    assert not caught.value.hopeless


@pytest.mark.parametrize(
    ("status", "hopeless"), [(400, True), (401, True), (403, True), (404, True), (500, False)]
)
def test_trying_again_helps_when_it_is_the_services_fault(
    service: Service, status: int, hopeless: bool
) -> None:
    service.answer(status)
    with pytest.raises(
        NotDeliveredError, match=f"telegram answered with status {status}"
    ) as caught:
        telegram(service).send([notice()])
    assert caught.value.hopeless == hopeless


def test_a_redirect_is_not_followed_with_the_token(service: Service) -> None:
    service.answer(307, None, Location=f"{service.address}/elsewhere")
    with pytest.raises(NotDeliveredError, match="status 307"):
        telegram(service).send([notice()])
    assert len(service.requests) == 1


@pytest.mark.parametrize("make", [telegram, discord], ids=["telegram", "discord"])
def test_what_fails_is_told_without_the_secret(make, service: Service) -> None:
    service.answer(401, {"description": CANARY})
    notifier = make(service)
    with pytest.raises(NotDeliveredError) as refused:
        notifier.send([notice()])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        service.address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        unreachable = make(service)
        with pytest.raises(NotDeliveredError, match="could not be reached") as broken:
            unreachable.send([notice()])
    for caught in (refused, broken):
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("address", ["http://example.org", "ftp://127.0.0.1", "nonsense", ""])
def test_a_secret_never_travels_in_the_open(address: str) -> None:
    settings = TelegramSettings(token="keyring:x", chat="42", server=address)
    with pytest.raises(UsageError, match="server of telegram"):
        Telegram(settings, {"token": Secret(CANARY)})
    with pytest.raises(UsageError, match="url of discord") as caught:
        Discord(DiscordSettings(url="env:X"), {"url": Secret(f"{address}/{CANARY}")})
    assert "canary" not in str(caught.value)
