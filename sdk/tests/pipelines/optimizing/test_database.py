"""Studies in a real PostgreSQL: the same trials, for one process, and no password anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pytest
from postgres import PASSWORD, USER, Server, programs
from sought import NAMED, same, search
from tradectl_sdk.errors import NotFoundError, TradectlError, TransportError, UsageError
from tradectl_sdk.pipelines.optimizing.database import StudyDatabase, checked_address
from tradectl_sdk.pipelines.optimizing.kept import study_trials

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server; skips by name where none is installed."""
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL server is installed here")
    made = Server(folder)
    yield made
    made.remove()


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is where the client library looks for it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


def contents(server: Server) -> str:
    """All that the database keeps of studies, as text."""
    with psycopg.connect(server.address) as connection:
        rows = connection.execute("select database_to_xml(true, false, '')").fetchall()
    return repr(rows)


def test_a_study_in_a_database_is_the_one_of_the_journal(server, known, bars, tmp_path):
    asked = {"ranges": {"fast": "2:4", "slow": "5:12"}, "pruner": "hyperband", "batch": 3}
    folder = search(bars, tmp_path / "folder", 6, **asked)
    first = search(bars, tmp_path, 4, storage=server.address, **asked)
    with pytest.raises(UsageError, match="begun before"):
        search(bars, tmp_path, 6, storage=server.address, **asked)
    found = search(bars, tmp_path, 6, storage=server.address, resume=True, **asked)
    assert (first.study_id, found.resumed) == (folder.study_id, 4)
    same(folder, found)
    assert folder.pruned == found.pruned
    assert not (tmp_path / found.study_id).exists()
    again = search(bars, tmp_path, 1, storage=server.address, fresh=True, **asked)
    assert again.resumed == 0
    kept = contents(server)
    assert found.study_id in kept
    assert PASSWORD not in kept


def test_trials_in_a_database_are_read_as_those_in_a_folder(server, known, bars, tmp_path):
    asked = {"strategy": NAMED, "batch": 2, "seed": 7}
    kept = search(bars, tmp_path, 3, **asked)
    search(bars, tmp_path, 3, storage=server.address, **asked)
    folder = study_trials(tmp_path, kept.study_id[:10])
    there = study_trials(tmp_path, kept.study_id[:10], storage=server.address)
    assert (there.name, there.past) == (folder.name, folder.past)
    assert there.table.points == folder.table.points
    for name, column in folder.table.metrics.items():
        np.testing.assert_array_equal(there.table.metrics[name], column)
    with pytest.raises(NotFoundError, match="no studies of this database begin with o-0000"):
        study_trials(tmp_path, "o-0000", storage=server.address)
    with pytest.raises(UsageError, match="holds a password"):
        study_trials(tmp_path, "o-0000", storage="postgresql://me:secret@nowhere/db")


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from sought import NAMED, market, search
tell = lambda done, of: print(done, flush=True)
search(market(), Path({folder!r}), 40, strategy=NAMED, batch=2, storage={address!r}, progress=tell)
"""


def test_a_process_that_is_killed_loses_at_most_the_trial_in_flight(server, known, bars, tmp_path):
    here = str(Path(__file__).parent)
    code = KILLED.format(here=here, folder=str(tmp_path), address=server.address)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [process.stdout.readline().strip() for _ in range(3)]
    os.kill(process.pid, signal.SIGKILL)
    told += process.stdout.read().split()
    process.wait()
    process.stdout.close()
    count = int(told[-1])
    asked = {"strategy": NAMED, "batch": 2, "storage": server.address, "resume": True}
    found = search(bars, tmp_path, count + 3, **asked)
    assert count <= found.resumed <= count + 1
    same(search(bars, tmp_path / "whole", count + 3, strategy=NAMED, batch=2), found)


def test_a_study_is_for_one_process(server, known, bars, tmp_path):
    first = search(bars, tmp_path, 1, storage=server.address, batch=1, seed=5)
    with StudyDatabase(server.address, first.study_id)._held():
        for changes in ({"resume": True}, {"fresh": True}):
            with pytest.raises(UsageError, match="another process is at study"):
                search(bars, tmp_path, 2, storage=server.address, batch=1, seed=5, **changes)
    assert (
        search(bars, tmp_path, 2, storage=server.address, batch=1, seed=5, resume=True).resumed == 1
    )


def test_the_password_may_be_in_a_file(server, bars, tmp_path, monkeypatch):
    secrets = tmp_path / "pgpass"
    secrets.write_text(f"127.0.0.1:{server.port}:*:{USER}:{PASSWORD}\n")
    secrets.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(secrets))
    assert len(search(bars, tmp_path, 1, storage=server.address, batch=1, seed=6).table) == 1


def test_who_is_not_let_in_is_told_so_without_a_secret(server, bars, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "wrong-horse")
    with pytest.raises(TransportError, match="password authentication failed") as caught:
        search(bars, tmp_path, 1, storage=server.address)
    assert "wrong-horse" not in "".join(traceback.format_exception(caught.value))
    assert not list(tmp_path.iterdir())


def test_a_server_that_goes_is_named_and_what_was_made_is_there_when_it_is_back(
    server, known, bars, tmp_path
):
    def stop(done: int, _: int) -> None:
        if done == 4:
            server.stop()

    asked = {"storage": server.address, "seed": 7, "batch": 3}
    try:
        with pytest.raises(TransportError, match="cannot be used") as caught:
            search(bars, tmp_path, 6, progress=stop, **asked)
        with pytest.raises(TransportError, match="cannot be used"):
            search(bars, tmp_path, 6, resume=True, **asked)
    finally:
        with suppress(RuntimeError):
            server.start()
    assert "--resume" in caught.value.hint
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    found = search(bars, tmp_path, 6, resume=True, **asked)
    assert found.resumed == 4
    same(search(bars, tmp_path / "whole", 6, seed=7, batch=3), found)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgresql://me:s3cret@db/studies", "holds a password"),
        ("postgresql://me:@db/studies", "holds a password"),
        ("postgresql://me@db/studies?password=s3cret", "holds a password"),
        ("postgresql://me@db/studies?sslPassword=s3cret", "holds a password"),
        ("mysql://me@s3cret/studies", "is no PostgreSQL database"),
        ("host=db password=s3cret", "is no PostgreSQL database"),
        ("postgresql://me@db:s3cret/studies", "makes no sense"),
        ("s3cret", "is no PostgreSQL database"),
    ],
)
def test_addresses_with_a_password_are_refused_and_not_repeated(address, message):
    with pytest.raises(UsageError, match=message) as caught:
        checked_address(address)
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert checked_address("postgresql://me@db:5433/studies?sslmode=verify-full")


def test_without_the_driver_it_says_what_to_install(bars, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(TradectlError, match="needs psycopg") as caught:
        search(bars, tmp_path, 1, storage="postgresql://me@127.0.0.1:1/studies")
    assert "tradectl-sdk[postgresql]" in caught.value.hint
