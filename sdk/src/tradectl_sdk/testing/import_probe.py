"""Import one module in a fresh interpreter and tell what that did to the world.

Runs as a script: reads ``{"path": [...], "module": "...", "attribute": "...", "hooks": [...]}``
from standard input and writes one JSON object to standard output. Uses the standard library only,
so that whatever else turns up in ``sys.modules`` was brought in by the module.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import threading
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PROCESS_EVENTS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn")


class Recorder:
    """Takes note of what an import does, until it is closed."""

    def __init__(self) -> None:
        self.watching = True
        self.sockets: list[str] = []
        self.processes: list[str] = []
        self.files: list[str] = []
        self.threads: list[str] = []

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of an audit event (PEP 578)."""
        if not self.watching:
            return
        if event.startswith("socket."):
            self.sockets.append(event)
        elif event in _PROCESS_EVENTS:
            self.processes.append(event)
        elif event == "open" and _writes(arguments):
            self.files.append(str(arguments[0]))

    def watch_threads(self) -> None:
        """Take note of every thread before it starts."""
        start = threading.Thread.start

        def noted(thread: threading.Thread) -> None:
            if self.watching:
                self.threads.append(thread.name)
            start(thread)

        threading.Thread.start = noted  # type: ignore[assignment,method-assign]


def _writes(arguments: tuple[Any, ...]) -> bool:
    _path, _mode, flags = arguments
    return bool(isinstance(flags, int) and flags & _WRITING)


def probe(request: dict[str, Any], recorder: Recorder) -> dict[str, Any]:
    """Import the module and describe what happened, then ask its plugin object for its records."""
    modules, environment = set(sys.modules), dict(os.environ)
    error = ""
    try:
        importlib.import_module(request["module"])
    except BaseException as raised:  # noqa: BLE001 - told to the one who asked
        error = f"{type(raised).__name__}: {raised}"
    recorder.watching = False
    return {
        "error": error,
        "modules": sorted(set(sys.modules) - modules),
        "environment": sorted(_changed(environment, dict(os.environ))),
        "sockets": recorder.sockets,
        "processes": recorder.processes,
        "files": recorder.files,
        "threads": recorder.threads,
        "records": [] if error else _records(request),
    }


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def _records(request: dict[str, Any]) -> list[list[Any]]:
    """Call the provider hooks of the plugin object and describe each record, sorted."""
    value: Any = sys.modules[request["module"]]
    try:
        for attribute in request["attribute"].split("."):
            value = getattr(value, attribute)
        return sorted(
            [hook, record.name, record.summary, record.factory, sorted(record.capabilities)]
            for hook in request["hooks"]
            for record in getattr(value, hook)()
        )
    except Exception as raised:  # noqa: BLE001 - told to the one who asked
        return [[f"{type(raised).__name__}: {raised}"]]


def main() -> None:
    """Answer one request; what the module prints is caught and reported, never mixed in."""
    request = json.load(sys.stdin)
    sys.path[:] = request["path"]
    recorder = Recorder()
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        recorder.watch_threads()
        sys.addaudithook(recorder.audit)
        answer = probe(request, recorder)
        sys.stdout.flush()
        sys.stderr.flush()
        printed.seek(0)
        answer["printed"] = printed.read().decode("utf-8", "replace")
    json.dump(answer, answer_to)
    answer_to.close()


if __name__ == "__main__":
    main()
    os._exit(0)  # threads that the module left running must not keep the answer waiting
