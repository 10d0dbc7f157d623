"""Keys of a session, and where sockets may be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from rich.pretty import pretty_repr
from tradectl_sdk.bus import (
    Address,
    Identity,
    StreamAddress,
    generate_keys,
    make_keys,
    read_keys,
)
from tradectl_sdk.errors import BusError

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = [("host", "sma"), ("executor", "main"), ("gateway", "venue")]


def test_each_member_has_a_file_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    paths = generate_keys(folder, MEMBERS)
    assert [path.name for path in paths] == [
        "host-sma.keys",
        "executor-main.keys",
        "gateway-venue.keys",
    ]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    keys = [read_keys(path) for path in paths]
    assert len({one.secret for one in keys}) == 3
    for one in keys:
        assert one.members == keys[0].members
        assert one.public_of(one.role) == one.public
        assert one.member_with(one.public) is not None
        assert sum(one.secret in path.read_text() for path in paths) == 1


def test_secrets_do_not_show(tmp_path: Path) -> None:
    (keys,) = make_keys([("host", "sma")])
    for shown in (repr(keys), str(keys), f"{keys}", pretty_repr(keys)):
        assert keys.secret not in shown
        assert keys.public in shown


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_file_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = generate_keys(tmp_path / "keys", MEMBERS)[0]
    path.chmod(mode)
    with pytest.raises(BusError, match=f"had mode {mode:04o}, expected 0600"):
        read_keys(path)


def test_a_key_file_that_is_none_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "x.keys"
    with pytest.raises(BusError, match="cannot be read: No such file"):
        read_keys(path)
    for content in (b"\xff", b"{}", b'{"secret": "hush", "public": 3}'):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(BusError, match="is no key file") as caught:
            read_keys(path)
        assert "hush" not in str(caught.value)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    generate_keys(tmp_path, MEMBERS)
    with pytest.raises(BusError, match="exists, expected a place for a new one"):
        generate_keys(tmp_path, MEMBERS)


def test_members_have_known_roles_and_are_named_once() -> None:
    with pytest.raises(BusError, match="role was 'boss', expected one of gateway"):
        make_keys([("boss", "x")])
    with pytest.raises(BusError, match="a member was named twice"):
        make_keys([("host", "x"), ("host", "x")])


def test_a_key_is_looked_up_by_role_and_by_name_where_there_are_several() -> None:
    keys = make_keys([("host", "a"), ("host", "b")])[0]
    assert keys.public_of("host", "a") == keys.public
    with pytest.raises(BusError, match="2 keys were of a host, expected one"):
        keys.public_of("host")
    with pytest.raises(BusError, match="0 keys were of a host named 'c', expected one"):
        keys.public_of("host", "c")
    assert keys.member_with("x" * 40) is None


@pytest.mark.parametrize(
    "url",
    ["", "executor", "ipc://relative", "tcp://host", "tcp://:1", "tcp://h:99999", "udp://h:1"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BusError, match="expected ipc:// and a path or tcp://HOST:PORT"):
        Address(url)


def test_a_path_that_is_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BusError, match="bytes long, expected at most 100"):
        Address.local(tmp_path / ("x" * 100), "executor")


def test_a_stream_has_two_addresses(tmp_path: Path) -> None:
    both = StreamAddress.tcp("127.0.0.1", 5000)
    assert (both.live.url, both.snapshot.url) == ("tcp://127.0.0.1:5000", "tcp://127.0.0.1:5001")
    assert StreamAddress.tcp("h", 0).snapshot == Address.tcp("h", 0)


def test_a_folder_is_made_for_its_owner_only_and_refused_when_others_may_enter(
    sockets: Path,
) -> None:
    address = Address.local(sockets / "a" / "b", "executor")
    with pytest.raises(BusError, match="cannot be used: No such file"):
        address.prepare(is_guarded=False, for_binding=False)
    address.prepare(is_guarded=False, for_binding=True)
    folder = sockets / "a" / "b"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    for for_binding in (True, False):
        with pytest.raises(BusError, match="had mode 0755, expected 0700") as caught:
            address.prepare(is_guarded=False, for_binding=for_binding)
    assert caught.value.hint.startswith("chmod 700 ")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(sockets: Path) -> None:
    folder = sockets / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    with pytest.raises(BusError, match="belongs to user 12345, expected our own"):
        Address.local(folder, "executor").prepare(is_guarded=False, for_binding=False)


def test_a_node_is_named_in_a_few_words() -> None:
    assert str(Identity(name="sma", role="host", epoch=3)) == "host 'sma' in life 3"
