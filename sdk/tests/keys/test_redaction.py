from __future__ import annotations

import base64
import io
import json
import logging
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.errors import CredentialError
from tradectl_sdk.exchange import KeyPermissions, Secret
from tradectl_sdk.keys import Redactor, ScrubbedStream, judge

CANARY = "s3cr/t+K=y\"'é-canary-0123456789"


def spellings(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        f"key={secret}&",
        f"?apiKey={quote(secret, safe='')}&x=1",
        f"header {raw.hex()}",
        f"Basic {base64.b64encode(raw).decode()}",
        f"Basic {base64.b64encode(b'user:' + raw).decode()}",
        f"Basic {base64.b64encode(b'us:' + raw + b':more').decode()}",
        f"Basic {base64.urlsafe_b64encode(b'use:' + raw).decode()}",
        json.dumps({"secret": secret}),
        repr({"secret": secret}),
    ]


@pytest.mark.parametrize("text", spellings(CANARY))
def test_a_secret_is_found_however_it_is_spelled(text: str) -> None:
    scrubbed = Redactor([Secret(CANARY)]).scrub(text)
    assert "***" in scrubbed
    for form in (CANARY, quote(CANARY, safe=""), CANARY.encode().hex(), "canary"):
        assert form not in scrubbed
    assert base64.b64encode(CANARY.encode()).decode()[8:24] not in scrubbed


@given(st.text(min_size=6, max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_no_secret_survives_whatever_stands_around_it(secret: str, before: str, after: str) -> None:
    scrubbed = Redactor([Secret(secret)]).scrub(before + secret + after)
    assert secret not in scrubbed.replace("***", "\0")


@pytest.mark.parametrize("secret", ["------", "pass-----word", "pass\n-----word"])
def test_dashes_are_part_of_a_secret(secret: str) -> None:
    assert Redactor([Secret(secret)]).scrub(f"with {secret} in it") == "with *** in it"


@given(st.text(max_size=80))
def test_other_text_is_left_alone(text: str) -> None:
    if CANARY not in text:
        assert Redactor([Secret(CANARY)]).scrub(text) == text


def test_a_private_key_is_found_line_by_line() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nZm9vYmFyYmF6cXV4\n-----END-----"
    scrubbed = Redactor([Secret(pem)]).scrub("line 2 is MC4CAQAwBQYDK2VwBCIEIJ here")
    assert scrubbed == "line 2 is *** here"
    assert Redactor([Secret(pem)]).scrub(pem.splitlines()[0]) == "-----BEGIN PRIVATE KEY-----"


def test_a_log_is_scrubbed_traceback_included() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    redactor = Redactor()
    redactor.watch(handler)
    redactor.learn(Secret(CANARY))
    log = logging.getLogger("tradectl.test.redaction")
    log.addHandler(handler)
    log.propagate = False
    try:
        int(f"bad key {CANARY}")
    except ValueError:
        log.exception("failed with %s", CANARY)
    finally:
        log.removeHandler(handler)
    assert CANARY not in stream.getvalue()
    assert stream.getvalue().count("***") >= 2


def test_a_stream_is_scrubbed_even_when_the_secret_comes_in_two_pieces() -> None:
    below = io.StringIO()
    stream = ScrubbedStream(below, Redactor([Secret(CANARY)]))
    stream.write(f"a {CANARY[:10]}")
    stream.write(f"{CANARY[10:]} b\nrest {CANARY}")
    stream.flush()
    assert below.getvalue() == "a *** b\nrest ***"
    assert not stream.isatty()


def test_a_redactor_prints_nothing_of_what_it_knows() -> None:
    assert "canary" not in repr(Redactor([Secret(CANARY)]))


def test_a_key_that_can_withdraw_is_refused() -> None:
    with pytest.raises(CredentialError, match="can withdraw"):
        judge("binance", KeyPermissions(trade=True, withdraw=True))


def test_a_key_that_cannot_trade_is_refused_for_trading_only() -> None:
    permissions = KeyPermissions(trade=False, withdraw=False)
    with pytest.raises(CredentialError, match="cannot trade"):
        judge("binance", permissions)
    assert judge("binance", permissions, to_trade=False).warnings == ()


def test_what_the_exchange_does_not_tell_is_said() -> None:
    verdict = judge("x", KeyPermissions(restricted_by_address=False))
    assert verdict.unclear == ("whether it can withdraw", "whether it can trade")
    assert "any address" in verdict.warnings[0]
