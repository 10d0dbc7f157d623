from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tradectl_sdk.exchange import Credentials, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = "s3cr3t-of-the-account"
PARTS = ("api_key", "secret", "passphrase", "private_key", "private_key_password")
CREDENTIALS = Credentials.of(dict.fromkeys(PARTS, KEPT) | {"account": "sub-1"})

PRINTERS: dict[str, Callable[[object], str]] = {
    "str": str,
    "repr": repr,
    "format": lambda value: f"{value} {value!r} {value!s} {value!a} {value!s:>40}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031 - how logging does it
    "pprint": pprint.pformat,
    "json": lambda value: json.dumps({"value": value}, default=str),
    "list": lambda value: str([value, (value,), {"key": value}]),
    "vars": lambda value: str(getattr(value, "__dict__", "")) + str(dir(value)),
    "slots": lambda value: str([getattr(value, name) for name in type(value).__slots__]),
    "copy": lambda value: repr(copy.copy(value)) + repr(copy.deepcopy(value)),
}


@pytest.mark.parametrize("value", [CREDENTIALS, CREDENTIALS.secret], ids=["credentials", "secret"])
@pytest.mark.parametrize("printer", PRINTERS)
def test_nothing_that_prints_shows_a_secret(printer: str, value: object) -> None:
    assert KEPT not in PRINTERS[printer](value)


def test_fields_as_a_dictionary_stay_redacted() -> None:
    assert str(asdict(CREDENTIALS)).count("***") == len(PARTS)
    assert KEPT not in str(asdict(CREDENTIALS))


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps, msgspec.json.encode])
@pytest.mark.parametrize("value", [CREDENTIALS.secret, {"key": CREDENTIALS.secret}])
def test_nothing_that_stores_takes_a_secret(write: Callable[[Any], object], value: object) -> None:
    with pytest.raises(TypeError) as refused:
        write(value)

    assert KEPT not in str(refused.value)


def test_credentials_as_a_whole_cannot_be_stored_either() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(CREDENTIALS)
    with pytest.raises(TypeError):
        msgspec.json.encode(CREDENTIALS)


def test_a_log_and_a_traceback_show_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    def sign(credentials: Credentials) -> None:
        raise ValueError(f"cannot sign with {credentials}")

    with caplog.at_level(logging.DEBUG):
        try:
            sign(CREDENTIALS)
        except ValueError as error:
            logging.getLogger("test").exception("failed with %s", CREDENTIALS)
            lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()

    assert KEPT not in caplog.text + "".join(lines)


def test_only_reveal_gives_it() -> None:
    assert CREDENTIALS.secret.reveal() == KEPT
    assert Credentials.of({"api_key": "k"}).api_key.reveal() == "k"


def test_secrets_compare_by_content_and_are_no_keys() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret("a"))


def test_empty_ones_are_false_and_say_so() -> None:
    assert not Secret()
    assert not Credentials(account="sub-1")
    assert Credentials.of({"secret": "x"})
    assert "api_key=''" in repr(Credentials())


def test_other_peoples_words_are_redacted() -> None:
    keys = Credentials.of({"api_key": "public", "secret": "public-and-more", "passphrase": "abc"})

    assert keys.redact("GET /?key=public&sign=public-and-more abc") == "GET /?key=***&sign=*** abc"


def test_a_part_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="apikey"):
        Credentials.of({"apikey": "x"})
