"""A PostgreSQL server of our own: in a temporary folder, on a port of its own, on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

USER, PASSWORD = "researcher", "correct-horse-battery"
_STARTS = 120.0  # seconds


def programs() -> Path | None:
    """The folder of the server's programs, which Debian keeps out of PATH; None without any."""
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: one.parts[4])
    found = shutil.which("initdb") or (kept and kept[-1])
    return Path(found).resolve().parent if found else None


class Server:
    """A server that lives until it is stopped.

    Args:
        folder: Of its programs.
    """

    def __init__(self, folder: Path) -> None:
        self._programs = folder
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as = _somebody()  # initdb refuses root
        if self._as:
            os.chown(self._home, self._as["user"], self._as["group"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        secret = self._home / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", "data", "-U", USER, "--auth=scram-sha-256", "--pwfile=secret",
            "--no-sync", "--encoding=UTF8", "--locale=C",
        ).communicate()  # fmt: skip
        self.start()

    @property
    def address(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self._process = self._run(
            "postgres", "-D", "data", "-h", "127.0.0.1", "-p", str(self.port),
            "-c", "fsync=off", "-c", "unix_socket_directories=",
        )  # fmt: skip
        until = time.monotonic() + _STARTS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError((self._home / "log").read_text())
            if "ready to accept connections" in (self._home / "log").read_text():
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL was not there after {_STARTS:g} s")

    def stop(self) -> None:
        """End it, and whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        with (self._home / "log").open("wb") as log:
            return subprocess.Popen(
                [self._programs / program, *words],
                cwd=self._home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **self._as,
            )  # fmt: skip


def _somebody() -> dict[str, int]:
    """Whom to be instead of root."""
    if os.geteuid() != 0:
        return {}
    known = {one.pw_name: one for one in pwd.getpwall()}
    one = known.get("postgres") or known["nobody"]
    return {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": []}
