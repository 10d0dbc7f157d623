from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import CredentialError, UsageError
from tradectl_sdk.exchange import Secret
from tradectl_sdk.keys import FileKeys, KeyEntry, read_private

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-4f9d2c7b"


def entry(name: str = "binance", **parts: str) -> KeyEntry:
    texts = parts or {"api_key": "key-1234", "secret": CANARY}
    return KeyEntry(
        name=name,
        exchange="binance",
        parts={part: Secret(text) for part, text in texts.items()},
        created=5,
        checked=7,
        trade=True,
        withdraw=False,
    )


def test_a_key_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    keys.save(entry())
    found = keys.find("binance")
    assert found is not None
    assert found.parts["secret"].reveal() == CANARY
    assert (found.exchange, found.created, found.checked) == ("binance", 5, 7)
    assert (found.trade, found.withdraw) == (True, False)
    assert found.credentials.secret.reveal() == CANARY
    assert list(keys.names()) == ["binance"]


def test_nobody_else_may_read_file_or_folder(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    keys.save(entry())
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "binance.json").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "keys") == ["binance.json"]  # noqa: PTH208 - nothing left beside


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_that_others_can_reach_is_refused_and_not_repeated(tmp_path: Path, mode: int) -> None:
    keys = FileKeys(tmp_path)
    keys.save(entry())
    (tmp_path / "binance.json").chmod(mode)
    with pytest.raises(CredentialError, match=f"mode {mode:04o}, expected 0600") as caught:
        keys.find("binance")
    assert CANARY not in str(caught.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root to give a file away")
def test_a_key_that_somebody_else_owns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("x")
    path.chmod(0o600)
    os.chown(path, 12345, -1)
    with pytest.raises(CredentialError, match="belongs to somebody else"):
        read_private(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"schema": "other/1"}', json.dumps({"schema": "tradectl.key/1", "name": "a"})],
)
def test_what_is_no_key_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "binance.json"
    path.write_text(text + CANARY)
    path.chmod(0o600)
    with pytest.raises(CredentialError, match="no key that tradectl wrote") as caught:
        FileKeys(tmp_path).find("binance")
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


def test_what_is_no_file_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot be read"):
        read_private(tmp_path / "missing")
    with pytest.raises(CredentialError, match=r"cannot be read|no ordinary file"):
        read_private(tmp_path)
    for name, content, said in [("b", b"\xff\xfe", "no text"), ("c", b"x" * 70_000, "larger")]:
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(CredentialError, match=said):
            read_private(path)


def test_a_writer_that_dies_leaves_the_old_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = FileKeys(tmp_path)
    keys.save(entry())

    def dies(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", dies)
    with pytest.raises(OSError, match="No space"):
        keys.save(entry(secret="new"))
    found = keys.find("binance")
    assert found is not None
    assert found.parts["secret"].reveal() == CANARY
    assert [path.name for path in tmp_path.iterdir()] == ["binance.json"]


def test_removing_says_whether_there_was_one(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path)
    keys.save(entry())
    assert keys.remove("binance")
    assert not keys.remove("binance")
    assert keys.find("binance") is None


def test_a_key_prints_nothing_of_itself(tmp_path: Path) -> None:
    assert CANARY not in repr(entry())
    assert CANARY not in str(vars(type(entry())))
    assert entry().fingerprint == entry().fingerprint
    assert entry().fingerprint != entry(api_key="key-1234", secret="other").fingerprint


@pytest.mark.parametrize("name", ["", "Binance", "../etc", "a/b", "a b", "-a", "a-", "x" * 65])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    from tradectl_sdk.keys import checked_name

    with pytest.raises(UsageError, match="name of a key"):
        checked_name(name)
