"""One gateway per account, and keys that stay in its process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import AccountInUseError
from tradectl_sdk.nodes.gateway.account_lock import account_lock, lock_folder

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from tradectl_sdk.nodes.gateway.account_lock import account_lock
with account_lock("x", "main", "p-1", folder=Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_gateway_on_the_account_is_told_who_has_it(tmp_path: Path) -> None:
    with account_lock("x", "main", "p-1", folder=tmp_path):
        with (
            pytest.raises(AccountInUseError, match=r"in use by p-1 \(process \d+\)"),
            account_lock("x", "main", "p-2", folder=tmp_path),
        ):
            pass
        with account_lock("x", "other", "p-2", folder=tmp_path):
            pass
        with account_lock("y", "main", "p-2", folder=tmp_path):
            pass
    with account_lock("x", "main", "p-2", folder=tmp_path):
        pass


def test_an_account_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(AccountInUseError, match=str(holder.pid)),
            account_lock("x", "main", "p-2", folder=tmp_path),
        ):
            pass
        holder.kill()
    with account_lock("x", "main", "p-2", folder=tmp_path):
        pass


def test_neither_venue_nor_key_stand_in_the_lock_files_name(tmp_path: Path) -> None:
    with account_lock("venue", "fingerprint", "p-1", folder=tmp_path):
        (file,) = tmp_path.iterdir()
    assert "venue" not in file.name
    assert "fingerprint" not in file.name + file.read_text()


@pytest.mark.skipif(os.name == "nt", reason="links and shared folders are of other systems")
def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    with account_lock("x", "main", "p-1", folder=tmp_path):
        (file,) = tmp_path.iterdir()
    target = tmp_path.parent / "target"
    target.write_text("precious")
    file.unlink()
    file.symlink_to(target)
    with pytest.raises(OSError, match="link"), account_lock("x", "main", "p", folder=tmp_path):
        pass
    assert target.read_text() == "precious"


def test_the_folder_is_the_same_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lock_folder()
    monkeypatch.setenv("TMPDIR", "/somewhere/else")
    assert lock_folder() == before


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what it would do")
def test_no_image_of_a_sealed_process_is_written_and_nobody_reads_its_memory() -> None:
    script = (
        "import ctypes, resource;"
        "from tradectl_sdk.nodes.gateway.hardening import seal_process;"
        "print(seal_process(), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),"
        " resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "() 0 (0, 0)"
