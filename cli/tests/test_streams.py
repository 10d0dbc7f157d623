"""Real processes: exit statuses, streams, pipes and terminals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tradectl import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Answer

    Start = Callable[..., Answer]

PROGRAM = [sys.executable, "-m", "tradectl"]


def test_the_console_script_is_installed() -> None:
    script = Path(sys.executable).with_name("tradectl")
    answer = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout == f"tradectl {__version__}\n"


def test_data_and_messages_go_their_own_ways(start: Start) -> None:
    answer = start("explain")
    assert answer.status == 0
    assert answer.out.startswith("CODE ")
    assert answer.err == "next: tradectl explain CODE\n"


def test_the_exit_status_leaves_the_process(start: Start) -> None:
    assert start("nonsense").status == 2
    assert start("plugin", "info", "nonsense").status == 6


@pytest.mark.parametrize("words", [["--help"], ["explain"], ["config", "schema"]])
def test_a_reader_that_leaves_early_is_no_error(words: list[str]) -> None:
    process = subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=120) == 0
    assert "Broken" not in complaint
    assert "Traceback" not in complaint


def test_data_and_messages_keep_their_order_in_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with (tmp_path / "log").open("w") as log:
        subprocess.run([*PROGRAM, "explain"], stdout=log, stderr=log, check=True)
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[0].startswith("CODE ")
    assert lines[-1] == "next: tradectl explain CODE"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.skipif(os.name == "nt", reason="this system has no Bourne shell")
def test_a_closed_stream_is_no_error(closed: str) -> None:
    line = f'"{sys.executable}" -m tradectl explain {closed}'
    answer = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert "Traceback" not in answer.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("words", ["--version", "explain"])
def test_a_full_disk_is_told_in_one_line(words: str) -> None:
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(
            [*PROGRAM, words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert answer.returncode == 70
    assert "No space left on device" in answer.stderr
    assert "Traceback" not in answer.stderr


def _on_a_terminal(*words: str, **environment: str) -> str:
    """Run a command line whose standard output is a terminal of 80 columns."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    import fcntl
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [*PROGRAM, *words],
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", **environment},
    ) as process:
        os.close(follower)
        printed = b""
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # Linux reports the end of a terminal as an error
                break
            if not chunk:
                break
            printed += chunk
        process.wait(timeout=120)
    os.close(leader)
    return printed.decode()


def test_a_terminal_gets_colours_unless_somebody_minds() -> None:
    assert "\x1b[" in _on_a_terminal("explain")
    assert "\x1b[" not in _on_a_terminal("explain", NO_COLOR="1")
    assert "\x1b[" not in _on_a_terminal("explain", TERM="dumb")
    assert "\x1b[" not in _on_a_terminal("explain", "--no-color")
    assert "\x1b[" not in _on_a_terminal("explain", "--json")


def test_lines_stay_within_the_terminal() -> None:
    for words in (["--help"], ["explain"], ["help", "exit-codes"], ["plugin", "list"], ["doctor"]):
        lines = _on_a_terminal(*words, NO_COLOR="1").splitlines()
        assert max(map(len, lines)) <= 80, words


def test_json_is_readable_on_a_terminal_and_one_line_in_a_pipe(start: Start) -> None:
    assert len(_on_a_terminal("version", "--json").splitlines()) > 5
    answer = start("version", "--json")
    assert len(answer.out.splitlines()) == 1
    assert json.loads(answer.out)["schema"] == "tradectl.version/1"


def test_ascii_output_does_not_fail_on_other_letters(start: Start, project: Path) -> None:
    (project / "tradectl.toml").write_text('[plugins]\ndisabled = ["m\u00fcller"]\n', "utf-8")
    answer = start("config", "show", PYTHONIOENCODING="ascii")
    assert answer.status == 0
    assert "m\\xfcller" in answer.out
