from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import DataError, NotFoundError
from tradectl_sdk.runs.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

NAME = "r-" + "0" * 32


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(root=tmp_path / "runs", kind="run", prefix="r-", digits=6, hint="look")
    put(made, "old")
    return made


def put(shelf: Shelf, text: str, name: str = NAME) -> None:
    shelf.put(name, lambda folder: (folder / "value").write_text(text))


def value(folder: Path) -> str:
    try:
        return (folder / "value").read_text()
    except FileNotFoundError as error:
        raise DataError("there is no value") from error


def test_one_replaced_while_it_is_read_is_read_again(shelf: Shelf) -> None:
    for number in range(50):  # some of them within a tick of the file system's clock
        reads: list[Path] = []

        def read(folder: Path, reads: list[Path] = reads) -> str:
            reads.append(folder)
            if len(reads) > 1:
                return value(folder)
            shutil.rmtree(folder)
            folder.mkdir()  # given the inode of the one before, were that not held
            (folder / "value").write_text("new")
            raise DataError("half of it was gone")

        assert shelf.read(NAME, read) == "new", number
        assert len(reads) == 2


def test_one_removed_while_it_is_read_is_not_found(shelf: Shelf) -> None:
    def read(folder: Path) -> str:
        shelf.remove(NAME)
        return value(folder)

    with pytest.raises(NotFoundError, match="there is no run"):
        shelf.read(NAME, read)


def test_a_damaged_one_is_read_once(shelf: Shelf) -> None:
    reads = []

    def read(folder: Path) -> str:
        reads.append(folder)
        raise DataError("not what was written")

    with pytest.raises(DataError, match="not what was written"):
        shelf.read(NAME, read)
    assert len(reads) == 1


def test_one_replaced_without_end_is_given_up(shelf: Shelf) -> None:
    def read(folder: Path) -> str:
        put(shelf, "newer")
        raise DataError("half of it was gone")

    with pytest.raises(DataError, match="again and again"):
        shelf.read(NAME, read)


def test_one_that_the_disk_refuses_is_told(shelf: Shelf) -> None:
    with pytest.raises(DataError, match="could not be read: File name too long"):
        shelf.read("r-" + "1" * 300, value)


def test_a_file_in_its_place_is_no_result(shelf: Shelf) -> None:
    (shelf.root / ("r-" + "1" * 32)).write_text("")
    with pytest.raises(NotFoundError, match="there is no run"):
        shelf.read("r-" + "1" * 32, value)


def test_what_is_removed_while_all_are_read_is_left_out(shelf: Shelf) -> None:
    names = [f"r-{digit * 32}" for digit in "123"]
    for name in names:
        put(shelf, name, name)
    (shelf.root / names[1] / "value").unlink()

    def read(folder: Path) -> str:
        if NAME in shelf.ids():
            shelf.remove(NAME)
        return value(folder)

    os.utime(shelf.root / NAME, ns=(0, 0))  # the last to be read
    found = dict(shelf.read_all(read))
    assert sorted(found) == names
    assert isinstance(found.pop(names[1]), DataError)
    assert all(name == text for name, text in found.items())
