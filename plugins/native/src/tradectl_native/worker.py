"""A thread for calls that may block, which nobody has to wait for when they never return."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Job:
    """One call on its way to the thread.

    Args:
        function: What is called.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._begun = self._withdrawn = False
        self.future: asyncio.Future[Any] = self._loop.create_future()

    def withdraw(self) -> bool:
        """Keep it from being made; say whether that was in time."""
        with self._lock:
            self._withdrawn = not self._begun
            return self._withdrawn

    def run(self) -> None:
        """Make the call, in the thread, unless it was withdrawn."""
        with self._lock:
            if self._withdrawn:
                return
            self._begun = True
        try:
            result = self._function()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            self._tell(None, error)
        else:
            self._tell(result, None)

    def _tell(self, result: Any, error: BaseException | None) -> None:
        def settle() -> None:
            if self.future.done():
                return  # whoever waited has given up
            if error is not None:
                self.future.set_exception(error)
            else:
                self.future.set_result(result)

        try:
            self._loop.call_soon_threadsafe(settle)
        except RuntimeError:
            return  # the loop has ended; nobody is left to tell


class Worker:
    """Makes calls one after the other.

    The thread is a daemon: a library that hangs does not keep the process from ending.

    Args:
        name: What the thread is called.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.busy = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self.busy = True
            job.run()
            self.busy = False

    def start(self, function: Callable[[], Any]) -> Job:
        """Queue a call."""
        job = Job(function)
        self._jobs.put(job)
        return job

    def stop(self) -> None:
        """Let the thread end after what is queued."""
        self._jobs.put(None)
