"""Sessions on disk: made whole, found by a few letters, with sockets that fit."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

import pytest
from tradectl_sdk.errors import DataError, NotFoundError, UsageError
from tradectl_sdk.nodes.session_folder import SessionFolder, Sessions, read_json, write_json


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "sessions")


def test_a_session_is_its_owners_only_and_says_what_it_is(sessions: Sessions) -> None:
    folder = sessions.create({"strategy": "x"}, {"risk": {}}, mode="live")
    assert folder.id.startswith("l-")
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.manifest() == {"strategy": "x", "id": folder.id, "mode": "live"}
    assert folder.settings() == {"risk": {}}
    assert folder.state() == {}


def test_ids_are_never_used_twice(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))
    made = [sessions.create({}, {}, mode="paper").id for _ in range(2)]
    assert made == ["p-aaaaaa", "p-bbbbbb"]


def test_the_newest_session_is_listed_first_and_damage_hides_none(sessions: Sessions) -> None:
    old = sessions.create({"created": "2026-01-01"}, {}, mode="paper")
    new = sessions.create({"created": "2026-01-02"}, {}, mode="paper")
    hurt = sessions.create({}, {}, mode="paper")
    (hurt.path / "session.json").write_text("{")
    (sessions.root / "stray").mkdir()
    assert [one.id for one in sessions.list()] == [new.id, old.id, hurt.id]


def test_nothing_is_listed_where_nothing_is(sessions: Sessions) -> None:
    assert sessions.list() == []


def test_a_session_is_found_by_its_beginning(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(["aaaaaa", "aabbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))
    first, _ = (sessions.create({}, {}, mode="paper") for _ in range(2))
    assert sessions.find("p-aaa").path == first.path
    assert sessions.find("p-aaaaaa").path == first.path
    with pytest.raises(UsageError, match="fits several sessions: p-aaaaaa, p-aabbbb"):
        sessions.find("p-aa")
    with pytest.raises(NotFoundError) as caught:
        sessions.find("p-aabbbc")
    assert caught.value.hint == "did you mean p-aabbbb?"


def test_a_disk_that_refuses_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="could not be written"):
        Sessions(tmp_path / "file" / "sessions").create({}, {}, mode="paper")


@pytest.mark.parametrize("content", ["{", "[]", b"\xff"])
def test_what_cannot_be_read_is_damage(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError):
        read_json(path)
    with pytest.raises(NotFoundError):
        read_json(tmp_path / "y.json")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert read_json(path) == {"a": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("deep", [0, 120])
def test_sockets_find_a_place_however_deep_the_project_lies(
    tmp_path: Path, deep: int, request: pytest.FixtureRequest
) -> None:
    shallow = tempfile.TemporaryDirectory()
    request.addfinalizer(shallow.cleanup)
    root = tmp_path.joinpath(*["x" * 20] * (deep // 20)) if deep else Path(shallow.name)
    folder = Sessions(root).create({}, {}, mode="paper")
    folder.make_run_folder()
    folder.make_run_folder()
    run = folder.path / "run"
    assert run.is_symlink() == bool(deep)
    assert run.resolve().stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(folder.socket("executor-orders.sock").parent.resolve() / "x.sock"))
    if deep:
        run.resolve().rename(f"{run.resolve()}.gone")
        folder.make_run_folder()  # what a restart of the machine has taken away is made anew
        assert run.is_dir()


def test_a_folder_of_sockets_elsewhere_goes_when_nothing_needs_it(tmp_path: Path) -> None:
    folder = Sessions(tmp_path.joinpath(*["x" * 20] * 6)).create({}, {}, mode="paper")
    folder.leave_run_folder()  # there is none yet
    folder.make_run_folder()
    link = folder.path / "run"
    elsewhere = link.resolve()
    with folder.supervised():
        folder.leave_run_folder()
        assert link.is_dir()
    note = folder.socket("note")
    note.touch()
    folder.leave_run_folder()
    assert note.exists()
    note.unlink()
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(elsewhere / "host.sock"))  # left by a node that was killed
    (elsewhere / "executor.bus.lock").touch()
    folder.leave_run_folder()
    assert not link.is_symlink()
    assert not elsewhere.exists()


def test_a_folder_of_sockets_in_the_session_stays(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as shallow:
        folder = Sessions(Path(shallow)).create({}, {}, mode="paper")
        folder.make_run_folder()
        folder.leave_run_folder()
        assert (folder.path / "run").is_dir()


def test_every_part_has_a_place_of_its_own(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path / "p-1")
    places = {
        folder.journal,
        folder.ledger,
        folder.record,
        folder.log("host"),
        folder.epoch("host"),
        folder.last_words("host"),
        folder.socket("host.sock"),
    }
    assert len(places) == 7
