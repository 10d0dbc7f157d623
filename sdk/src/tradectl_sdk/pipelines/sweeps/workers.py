"""Trials spread over processes that share the data, the tables' pages and the machine code.

Workers are forked: what the parent has loaded, mapped and compiled is theirs without a copy. A
worker that dies takes its present trials with it; they are tried again one by one elsewhere, so
that a trial that kills its worker is found, and is a failed trial after a few attempts.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
import traceback
import warnings
from collections import Counter, deque
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from tradectl_sdk.research.executing import ATTEMPTS, died

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from tradectl_sdk.research.table import Trial

_SHARE = 4  # of what is left, the part of a worker's share that it is given at once
_LONGEST = 64  # trials in a chunk
_TELL = 0.25  # seconds after which a worker tells what it has of a chunk
_PATIENCE = 1.0  # seconds after which an idle worker looks whether anybody still wants it


def can_fork() -> bool:
    """Whether this system can share memory with workers by forking."""
    return "fork" in multiprocessing.get_all_start_methods()


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    task: tuple[int, ...] = ()


class Pool:
    """Workers for one sweep.

    Args:
        run: Runs a trial by its number.
        count: Workers.

    Attributes:
        deaths: Workers that died so far.
    """

    def __init__(self, run: Callable[[int], Trial], count: int) -> None:
        self._run, self._count = run, count
        self._workers: list[_Worker] = []
        self._waiting: deque[int] = deque()
        self._alone: deque[int] = deque()  # those that a worker died of, one by one
        self._attempts: Counter[int] = Counter()
        self.deaths = 0

    def results(self, numbers: Sequence[int], tell: Callable[[Sequence[Trial]], None]) -> None:
        """Run trials, in any order, and tell of them as they come.

        Raises:
            RuntimeError: If a worker met a bug; its traceback is the message.
        """
        self._waiting.extend(numbers)
        try:
            for _ in range(self._count):  # the first is at work while the next is made
                self._workers.append(self._start())
                self._hand_out()
            while self._hand_out():
                busy = {each.connection: each for each in self._workers if each.task}
                for connection in wait(list(busy)):
                    tell(self._take(busy[connection]))  # type: ignore[index]
        finally:
            for worker in self._workers:
                worker.process.kill()  # all of them before any is waited for: they let go together
            for worker in self._workers:
                worker.process.join()
                worker.connection.close()

    def _start(self) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        process = context.Process(target=_serve, args=(theirs, self._run, os.getpid()), daemon=True)
        with warnings.catch_warnings():
            # Python warns of threads that hold locks; DuckDB's are idle, and the child needs none.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _hand_out(self) -> bool:
        """Give the idle something to do; return whether anybody is busy."""
        for place, worker in enumerate(self._workers):
            if worker.task or not self._left():
                continue
            task = self._next()
            try:
                worker.connection.send(task)
            except OSError:  # it died while it was idle, so none of its trials is to blame
                self._waiting.extendleft(reversed(task))
                self._replace(place)
                continue
            worker.task = task
        return self._left() or any(each.task for each in self._workers)

    def _left(self) -> bool:
        return bool(self._alone or self._waiting)

    def _next(self) -> tuple[int, ...]:
        """Take the next chunk: short ones at the end, so that no worker waits long for another."""
        if self._alone:
            return (self._alone.popleft(),)
        share = len(self._waiting) // (_SHARE * self._count)
        return tuple(self._waiting.popleft() for _ in range(min(max(share, 1), _LONGEST)))

    def _take(self, worker: _Worker) -> list[Trial]:
        try:
            found: list[Trial] | str = worker.connection.recv()
        except (EOFError, OSError):
            task = worker.task
            self._replace(self._workers.index(worker))
            return self._try_again(task)
        if isinstance(found, str):
            raise RuntimeError(f"a worker met a bug\n{found}")  # noqa: TRY004 - not of a type
        told = {each.number for each in found}
        worker.task = tuple(number for number in worker.task if number not in told)
        return found

    def _replace(self, place: int) -> None:
        self.deaths += 1
        worker = self._workers[place]
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        self._workers[place] = self._start()

    def _try_again(self, task: Sequence[int]) -> list[Trial]:
        """Put trials back one by one; return those that were tried often enough."""
        given_up = []
        for number in reversed(task):
            self._attempts[number] += 1
            if self._attempts[number] < ATTEMPTS:
                self._alone.appendleft(number)
            else:
                given_up.append(died(number))
        return given_up


def _serve(connection: Connection, run: Callable[[int], Trial], parent: int) -> None:
    """Be a worker: until nobody wants anything any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends us
    gc.freeze()  # what is shared with the parent is not looked through, which would copy it
    try:
        while True:
            while not connection.poll(_PATIENCE):
                if os.getppid() != parent:
                    return
            for answer in _answers(run, connection.recv()):
                connection.send(answer)
    except (EOFError, OSError):
        return


def _answers(run: Callable[[int], Trial], numbers: Sequence[int]) -> Iterator[list[Trial] | str]:
    """Run trials; however long they take, what is done is told several times a second."""
    found: list[Trial] = []
    told = time.monotonic()
    for number in numbers:
        try:
            found.append(run(number))
        except Exception:  # noqa: BLE001 - whatever it is, the parent is to say so
            yield traceback.format_exc()
            return
        if time.monotonic() - told >= _TELL:
            yield found
            found, told = [], time.monotonic()
    if found:
        yield found
