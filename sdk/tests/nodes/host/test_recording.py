"""The recording on disk: what was written is read, a cut tail is no damage, damage is named."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from casino import make_plan
from counterpart import Session, began, exact
from tradectl_sdk.engine import Assumptions
from tradectl_sdk.errors import DataError
from tradectl_sdk.nodes.host.recording import FORMAT, Recorder, read_frames
from tradectl_sdk.nodes.host.records import Ended, Noticed

if TYPE_CHECKING:
    from pathlib import Path


def frames(count: int) -> list[Any]:
    return [began(), *(Noticed(what="gap", time=k, text="x" * k) for k in range(count - 1))]


def write(path: Path, what: list[Any]) -> Path:
    recorder = Recorder(path)
    recorder.write(what)
    recorder.close()
    return path


def ends(path: Path) -> list[int]:
    """Where each frame ends."""
    data, places, place = path.read_bytes(), [], len(FORMAT)
    while place < len(data):
        place += 8 + int.from_bytes(data[place : place + 4], "little")
        places.append(place)
    return places


def test_every_frame_of_a_session_comes_back_as_it_was(tmp_path):
    session = Session(exact(make_plan(3, 2, 40, Assumptions()))).run()
    path = write(tmp_path / "r", session.frames)
    assert list(read_frames(path)) == session.frames
    assert len(session.frames) > 100
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_cut_at_any_byte_gives_the_frames_before_the_cut_and_is_written_on(tmp_path):
    path = write(tmp_path / "r", frames(6))
    whole, places = path.read_bytes(), ends(path)
    for cut in range(len(whole) + 1):
        short = tmp_path / "short"
        short.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in places)
        assert list(read_frames(short)) == frames(6)[:kept]
        write(short, [Ended(time=1)])
        assert list(read_frames(short)) == [*frames(6)[:kept], Ended(time=1)]


def test_a_tail_that_the_power_took_is_cut_off(tmp_path):
    for tail in (b"\0" * 40, (5).to_bytes(4, "little") + b"\1\2\3\4" + b"\0" * 5):
        path = write(tmp_path / "r", frames(3))
        with path.open("ab") as file:
            file.write(tail)
        assert list(read_frames(path)) == frames(3)
        write(path, [Ended(time=1)])
        assert list(read_frames(path))[-1] == Ended(time=1)
        path.unlink()


def test_every_damaged_byte_of_a_frame_that_others_follow_is_noticed(tmp_path):
    path = write(tmp_path / "r", frames(4))
    whole, places = path.read_bytes(), ends(path)
    for at in range(len(FORMAT), places[1]):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        found, read = problem(path)
        if found:
            assert "damaged at byte" in found
        else:  # a length that leads beyond the end looks like a tail that was cut off
            start = len(FORMAT) if at < places[0] else places[0]
            assert at - start < 4
        assert read < 2


def problem(path: Path) -> tuple[str, int]:
    """What is wrong with a recording, and how many frames come before it."""
    count = 0
    try:
        for _ in read_frames(path):
            count += 1
    except DataError as error:
        return error.message, count
    return "", count


def test_damage_is_named_and_nothing_is_written_over_it(tmp_path):
    path = write(tmp_path / "r", frames(4))
    place = ends(path)[1]
    whole = bytearray(path.read_bytes())
    whole[place + 9] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DataError, match=f"r is damaged at byte {place}: a frame is not what"):
        Recorder(path)
    assert path.read_bytes() == whole
    reading = read_frames(path)
    assert [next(reading), next(reading)] == frames(2)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "r"
    path.write_bytes(b"SQLite format 3\0" * 4)
    with pytest.raises(DataError, match="was no recording of a session"):
        Recorder(path)
    body = msgspec.msgpack.encode({"kind": "of tomorrow"})
    head = len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little")
    path.write_bytes(FORMAT + head + body)
    with pytest.raises(DataError, match="a frame that this version cannot read"):
        list(read_frames(path))


def test_what_was_written_is_with_the_system_at_once_and_on_the_disk_when_asked(
    tmp_path, monkeypatch
):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    recorder = Recorder(tmp_path / "r")
    recorder.write(frames(2))
    recorder.write([])
    assert list(read_frames(tmp_path / "r")) == frames(2)
    assert (recorder.frames, recorder.written) == (2, (tmp_path / "r").stat().st_size)
    recorder.sync()
    recorder.sync()
    assert len(synced) == 1
    recorder.close()


def test_a_disk_that_takes_little_at_a_time_gets_everything(tmp_path, monkeypatch):
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, bytes(data[:7])))
    path = write(tmp_path / "r", frames(5))
    assert list(read_frames(path)) == frames(5)


def test_a_full_disk_is_an_error_and_what_was_written_can_be_read(tmp_path, monkeypatch):
    path = write(tmp_path / "r", frames(3))
    recorder = Recorder(path)
    room = [20]
    whole = os.write

    def little(file: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        count = whole(file, bytes(data[: room[0]]))
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", little)
    with pytest.raises(OSError, match="No space left"):
        recorder.write(frames(3))
    recorder.close()
    assert list(read_frames(path)) == frames(3)
