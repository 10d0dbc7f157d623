"""``tradectl keys``: kept where only their owner reads them, and shown nowhere."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-5c1f08"

# An exchange whose keys say in their name what they may do.
ACME = """
from tradectl_sdk.errors import CredentialError
from tradectl_sdk.exchange import Exchange, KeyPermissions
from tradectl_sdk.hooks import ExchangeSpec, Hooks, hookimpl

class Acme(Exchange):
    def __init__(self, settings, credentials):
        self.key = credentials.api_key.reveal()

    async def open(self):
        if "refused" in self.key:
            raise CredentialError("acme does not know this key")

    async def permissions(self):
        return KeyPermissions(
            trade=self.said("trade"),
            withdraw=self.said("withdraw"),
            restricted_by_address="open" not in self.key,
        )

    def said(self, what):
        if f"+{what}" in self.key:
            return True
        return False if f"-{what}" in self.key else None

    async def close(self):
        pass

Acme.__abstractmethods__ = frozenset()


def make(settings, credentials):
    return Acme(settings, credentials)

class Plugin(Hooks):
    @hookimpl
    def tradectl_exchanges(self):
        yield ExchangeSpec(name="acme", summary="Acme", factory="fake_acme:make")

plugin = Plugin()
"""

GOOD = f"+trade -withdraw {CANARY}"


@pytest.fixture(autouse=True)
def acme(install) -> None:
    install("acme-exchange", {"tradectl.v1": {"acme": "fake_acme:plugin"}}, {"fake_acme": ACME})


@pytest.fixture
def give(run, monkeypatch: pytest.MonkeyPatch):
    """Run a command with a key on standard input; nothing it prints may hold the key."""

    def run_with(*words: str, **parts: str):
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(parts)))
        answer = run(*words, "--stdin")
        assert "canary" not in answer.out + answer.err
        return answer

    return run_with


def add(give, name: str = "acme", *words: str, key: str = GOOD):
    return give("keys", "add", name, *words, api_key=key, secret=f"{CANARY}-secret")


def test_a_key_is_stored_checked_listed_and_forgotten(give, run, tmp_path: Path) -> None:
    answer = add(give)
    assert answer.status == 0, answer.err
    assert "acme  stored in the file" in answer.out
    path = tmp_path / "user" / "keys" / "acme.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"{CANARY}-secret" in path.read_text()
    listed = run("keys", "list")
    assert "cannot withdraw, can trade" in listed.out
    (document,) = run("keys", "list", "--json").data["keys"]
    assert (document["name"], document["place"], document["trade"]) == ("acme", "file", True)
    assert "canary" not in listed.out + json.dumps(document)
    assert run("keys", "rm", "acme", "--yes").status == 0
    assert run("keys", "list", "--json").data["keys"] == []
    assert not path.exists()


@pytest.mark.parametrize("command", [("add",), ("rotate",)])
def test_a_key_that_can_withdraw_is_refused_and_not_stored(give, command, tmp_path: Path) -> None:
    path = tmp_path / "user" / "keys" / "acme.json"
    if command == ("rotate",):
        add(give)
    before = path.read_text() if path.exists() else None
    answer = give("keys", *command, "acme", api_key=f"+withdraw {CANARY}", secret="s")
    assert answer.status == 4
    assert "can withdraw, expected a key that cannot" in answer.err
    assert (path.read_text() if path.exists() else None) == before


def test_what_the_exchange_does_not_tell_is_said(give, run) -> None:
    answer = add(give, key=f"nothing told, open {CANARY}")
    assert answer.status == 0
    assert "does not tell whether it can withdraw" in answer.err
    assert "works from any address" in answer.err
    assert "withdrawing not told, trading not told" in run("keys", "list").out


def test_a_key_the_exchange_refuses_is_not_stored(give, run) -> None:
    assert add(give, key=f"refused {CANARY}").status == 4
    assert run("keys", "list", "--json").data["keys"] == []


def test_an_unchecked_key_is_shown_as_such(give, run) -> None:
    assert add(give, "acme", "--unchecked", key=f"refused {CANARY}").status == 0
    assert "never" in run("keys", "list").out
    assert run("keys", "test", "acme").status == 4


def test_testing_a_key_remembers_what_it_may_do(give, run) -> None:
    add(give, "acme", "--unchecked")
    assert run("keys", "test", "acme").status == 0
    (document,) = run("keys", "list", "--json").data["keys"]
    assert document["withdraw"] is False
    assert document["checked_ns"] > 0


def test_a_rotated_key_replaces_the_old_one(give, run) -> None:
    add(give)
    before = run("keys", "list", "--json").data["keys"][0]["fingerprint"]
    answer = give("keys", "rotate", "acme", api_key=f"{GOOD}2", secret="new")
    assert answer.status == 0
    assert before in answer.err
    assert run("keys", "list", "--json").data["keys"][0]["fingerprint"] != before
    same = give("keys", "rotate", "acme", api_key=f"{GOOD}2", secret="new")
    assert same.status == 2
    assert "expected a new one" in same.err


def test_several_accounts_of_one_exchange_have_a_key_each(give, run) -> None:
    assert add(give).status == 0
    assert add(give, "acme-sub1", "--exchange", "acme").status == 0
    assert add(give).status == 2  # rotate is the way to replace one
    names = [one["name"] for one in run("keys", "list", "--json").data["keys"]]
    assert names == ["acme", "acme-sub1"]


def test_a_token_of_another_service_asks_nobody(give, run) -> None:
    assert give("keys", "add", "telegram", "--part", "token", token=CANARY).status == 0
    assert "not an exchange's" in run("keys", "list").out
    answer = run("keys", "test", "telegram")
    assert answer.status == 2
    assert "belongs to no exchange" in answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{{{CANARY}", "no JSON object of texts"),
        (json.dumps({"api_key": 5, "x": CANARY}), "no JSON object of texts"),
        (json.dumps({"apikey": CANARY}), "1 unknown parts"),
        ("{}", "no part of the key"),
    ],
)
def test_a_bad_document_is_refused_and_not_repeated(
    run, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    answer = run("keys", "add", "acme", "--stdin")
    assert answer.status == 2
    assert said in answer.err
    assert "canary" not in answer.err


def test_nobody_is_asked_where_there_is_no_terminal(run) -> None:
    answer = run("keys", "add", "acme")
    assert answer.status == 2
    assert "--stdin reads it as JSON" in answer.err


def test_the_parts_are_typed_in_unseen(run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return {"api key: ": GOOD, "secret: ": CANARY}.get(prompt, "")

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", typed)
    assert run("keys", "add", "acme").status == 0
    assert asked == ["api key: ", "secret: ", "passphrase (Enter for none): "]
    monkeypatch.setattr("getpass.getpass", lambda _: "")
    answer = run("keys", "add", "acme2", "--exchange", "acme")
    assert answer.status == 2
    assert "api key was empty" in answer.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "Acme"), 2, "name of a key"),
        (("add", "acme", "--in", "cloud"), 2, "expected one of file, keyring"),
        (("add", "acme", "--part", "tokn"), 2, "did you mean token?"),
        (("add", "nowhere"), 6, "no plugin offers an exchange 'nowhere'"),
        (("rotate", "missing"), 6, "there is no key 'missing'"),
    ],
)
def test_mistakes_are_told(give, words, status: int, said: str) -> None:
    answer = give("keys", *words, api_key=GOOD)
    assert answer.status == status
    assert said in answer.err


def test_a_broken_key_is_told_and_can_be_removed(give, run, tmp_path: Path) -> None:
    add(give)
    (tmp_path / "user" / "keys" / "acme.json").chmod(0o644)
    answer = run("keys", "list")
    assert answer.status == 0
    assert re.search(r"mode 0644, expected 0600", answer.err)
    assert "1 key, and none that can be used" in answer.err
    assert "there are no keys" not in answer.err
    assert run("keys", "rm", "acme", "--yes").status == 0
    answer = run("keys", "rm", "acme", "--yes")
    assert answer.status == 6
    assert "tradectl keys list" in answer.err


def test_a_key_from_the_environment_can_be_tested_but_not_replaced(
    give, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECTL_KEY_ACME_API_KEY", GOOD)
    assert run("keys", "test", "acme").status == 0
    answer = give("keys", "rotate", "acme", api_key="x")
    assert answer.status == 4
    assert "only reads" in answer.err
