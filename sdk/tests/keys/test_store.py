from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError
from tradectl_sdk.errors import CredentialError, NotFoundError, UsageError
from tradectl_sdk.exchange import Secret
from tradectl_sdk.keys import KeyEntry, KeyringKeys, KeyStore, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.held:
            raise PasswordDeleteError(username)
        del self.held[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, mine = keyring.get_keyring(), Ring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@pytest.fixture
def no_ring() -> Iterator[None]:
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


def entry(secret: str = "s", name: str = "binance") -> KeyEntry:
    parts = {"api_key": Secret("k"), "secret": Secret(secret)}
    return KeyEntry(name=name, exchange="binance", parts=MappingProxyType(parts))


def secret_of(store: KeyStore, name: str = "binance") -> tuple[str, str]:
    kept = store.get(name)
    return kept.place.kind, kept.entry.parts["secret"].reveal()


def test_places_are_asked_in_order(tmp_path: Path, ring: Ring) -> None:
    service = tmp_path / "service"
    service.mkdir()
    environment = {
        "CREDENTIALS_DIRECTORY": str(service),
        "TRADECTL_KEY_BINANCE_SECRET": "from-environment",
        "TRADECTL_KEY_BINANCE_API_KEY": "k",
    }
    store = KeyStore.of_user(tmp_path / "keys", environment)
    assert secret_of(store) == ("environment", "from-environment")
    store.place("keyring").save(entry("from-keyring"))
    assert secret_of(store) == ("keyring", "from-keyring")
    store.place("file").save(entry("from-file"))
    assert secret_of(store) == ("file", "from-file")
    from tradectl_sdk.keys.entry import to_text

    (service / "tradectl-binance").write_text(to_text(entry("from-manager")))
    assert secret_of(store) == ("service manager", "from-manager")
    assert store.names() == ["binance"]


def test_a_key_in_the_keyring_leaves_no_secret_on_the_disk(tmp_path: Path, ring: Ring) -> None:
    KeyringKeys(tmp_path).save(entry("canary-77aa"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all("canary" not in path.read_text() for path in files)
    assert "canary-77aa" in str(ring.held)


def test_a_key_that_the_keyring_lost_is_told(tmp_path: Path, ring: Ring) -> None:
    keys = KeyringKeys(tmp_path)
    keys.save(entry())
    ring.held.clear()
    with pytest.raises(CredentialError, match="not in the keyring any more"):
        keys.find("binance")
    assert keys.remove("binance")
    assert keys.find("binance") is None


@pytest.mark.usefixtures("no_ring")
def test_where_there_is_no_keyring_a_file_is_advised(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="keyring did not answer") as caught:
        KeyringKeys(tmp_path).save(entry())
    assert "--in file" in caught.value.hint
    assert list(tmp_path.rglob("*.json")) == []


def test_a_key_from_the_environment_is_used_with_a_warning(
    tmp_path: Path, ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {"TRADECTL_KEY_MY_VENUE_API_KEY": "k", "TRADECTL_KEY_MY_VENUE_SECRET": "canary1"}
    store = KeyStore.of_user(tmp_path, environment)
    assert store.names() == ["my-venue"]
    with caplog.at_level(logging.WARNING, "tradectl.keys"):
        assert store.credentials_for("my-venue").secret.reveal() == "canary1"
    assert "every child process" in caplog.text
    assert "canary1" not in caplog.text


def test_a_missing_key_names_its_nearest(tmp_path: Path, ring: Ring) -> None:
    store = KeyStore.of_user(tmp_path, {})
    store.place("file").save(entry())
    with pytest.raises(NotFoundError, match="no key 'binanse'") as caught:
        store.get("binanse")
    assert "binance" in caught.value.hint
    with pytest.raises(NotFoundError):
        store.remove("binanse")


def test_a_broken_key_is_listed_with_what_is_wrong_and_can_be_removed(
    tmp_path: Path, ring: Ring
) -> None:
    store = KeyStore.of_user(tmp_path, {})
    store.place("file").save(entry())
    (tmp_path / "binance.json").chmod(0o644)
    (found,) = store.list()
    assert isinstance(found, CredentialError)
    assert store.remove("binance").kind == "file"
    assert store.list() == []


def test_what_others_fill_is_only_read(tmp_path: Path, ring: Ring) -> None:
    store = KeyStore.of_user(tmp_path, {"TRADECTL_KEY_A_TOKEN": "t"})
    with pytest.raises(CredentialError, match="only reads"):
        store.remove("a")
    with pytest.raises(CredentialError, match="cannot be stored"):
        store.places[-1].save(entry())
    with pytest.raises(UsageError, match="expected one of file, keyring"):
        store.place("environment")


def test_a_reference_leads_to_its_secret(tmp_path: Path, ring: Ring) -> None:
    path = tmp_path / "token"
    path.write_text("in-a-file\n")
    path.chmod(0o600)
    ring.set_password("tradectl", "plain", "in-the-ring")
    token = KeyEntry(name="telegram", parts=MappingProxyType({"token": Secret("of-a-key")}))
    KeyringKeys(tmp_path).save(token)
    assert resolve("env:A", {"A": "in-a-variable"}).reveal() == "in-a-variable"
    assert resolve(f"file:{path}").reveal() == "in-a-file"
    assert resolve("keyring:plain").reveal() == "in-the-ring"
    assert resolve("keyring:telegram").reveal() == "of-a-key"


def test_a_key_of_several_parts_is_no_token(tmp_path: Path, ring: Ring) -> None:
    KeyringKeys(tmp_path).save(entry())
    with pytest.raises(CredentialError, match="several parts and no token"):
        resolve("keyring:binance")


@pytest.mark.parametrize("reference", ["env:MISSING", "keyring:missing", "file:/no/such/file"])
def test_a_reference_to_nothing_is_an_error(reference: str, ring: Ring) -> None:
    with pytest.raises(CredentialError):
        resolve(reference, {})


@pytest.mark.parametrize("text", ["canary-secret", "env:", "", "https://canary"])
def test_what_is_no_reference_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(CredentialError, match="holds no reference") as caught:
        resolve(text, {})
    assert "canary" not in str(caught.value)
