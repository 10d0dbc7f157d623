"""One run of trials on a cluster: who has what, who is busy with what, and what is left.

We say which worker runs what, one chunk at a time each, instead of leaving it to the scheduler. So
it is known which trial a worker died of, bars go to a worker once and before its first chunk, and
the scheduler holds a handful of tasks however many trials there are.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distributed import TimeoutError as NothingYet
from distributed import wait
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from tradectl_sdk.errors import DeadlineError, TransportError, UsageError
from tradectl_sdk.research import ATTEMPTS, Effort, died

from tradectl_dask.worker import Answer, Lacking, Refused, lacking, receive, run_trials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from distributed import Client, Future
    from tradectl_sdk.research import Portable, Task, Trial

    from tradectl_dask.settings import DaskSettings

_LOOK = 0.2  # seconds between two looks at who is there
_LONGEST = 1_000  # trials in a chunk
_ENDS_EVENLY = 4  # chunks that are still left for each worker when chunks begin to shrink


@dataclass(slots=True)
class _Worker:
    equipped: bool = False  # whether it has all parts, as far as we know
    chunk: tuple[int, ...] = ()
    future: Future[Any] | None = None


class Campaign:
    """Trials of one task.

    Args:
        client: The connection.
        task: What is run.
        portable: The same, as parts.
        settings: How long to wait, and how much to hand out at once.
        limit: Workers that are busy at once; None for as many as there are.

    Attributes:
        deaths: Workers that died at it so far.
        sent: Address and hash of every part that was sent.
    """

    def __init__(
        self,
        client: Client,
        task: Task,
        portable: Portable,
        settings: DaskSettings,
        limit: int | None = None,
    ) -> None:
        self._client, self._task, self._portable = client, task, portable
        self._settings, self._limit = settings, limit
        self._workers: dict[str, _Worker] = {}
        self._again: deque[tuple[int, ...]] = deque()  # chunks whose worker died
        self._rest: deque[int] = deque()
        self._attempts: Counter[int] = Counter()
        self._given_up: list[Trial] = []
        self._used: set[str] = set()
        self._pace = 0.0  # seconds of the slowest trial in the last chunk; 0 before the first
        self._looked, self._met = 0.0, time.monotonic()
        self.deaths = 0
        self.sent: list[tuple[str, str]] = []

    def run(self, numbers: Sequence[int], tell: Callable[[Sequence[Trial]], None]) -> Effort:
        """Run trials; see :class:`~tradectl_sdk.research.Executor`."""
        self._rest.extend(numbers)
        try:
            while self._again or self._rest or self._busy():
                self._look()
                self._hand_out()
                for address in self._finished():
                    if trials := self._take(address):
                        tell(trials)
                if self._given_up:
                    lost, self._given_up = self._given_up, []
                    tell(lost)
        except OSError as error:
            raise self._unreachable() from error
        finally:
            futures = [worker.future for worker in self._busy().values()]
            if futures and self._client.status == "running":
                with suppress(OSError):  # nobody is there to be told
                    self._client.cancel(futures, force=True)
        return Effort(len(self._used), self.deaths)

    def _busy(self) -> dict[str, _Worker]:
        return {name: each for name, each in self._workers.items() if each.future is not None}

    def _look(self) -> None:
        """See who came and who went."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        if self._client.status != "running":
            raise self._unreachable()
        present = self._client.nthreads()
        self._looked = now
        for address in present:
            self._workers.setdefault(address, _Worker())
        for address in [each for each in self._workers if each not in present]:
            self._lost(address)
        if present:
            self._met = now
        elif now - self._met > self._settings.worker_seconds:
            raise DeadlineError(
                f"the scheduler at {self._settings.scheduler} has had no worker for "
                f"{self._settings.worker_seconds:g} seconds",
                hint=f"dask worker {self._settings.scheduler} --nworkers auto --nthreads 1",
            )

    def _hand_out(self) -> None:
        """Give the idle something to do, with everything they need for it."""
        busy = len(self._busy())
        for address, worker in list(self._workers.items()):
            if worker.future is not None or not (self._again or self._rest):
                continue
            if self._limit is not None and busy >= self._limit:
                return
            if not self._equip(address, worker):
                continue
            worker.chunk = self._again.popleft() if self._again else self._next()
            worker.future = self._client.submit(
                run_trials,
                self._portable.key,
                tuple(self._portable.parts),
                [(number, dict(self._task.points[number])) for number in worker.chunk],
                workers=[address],
                allow_other_workers=False,
                pure=False,
            )
            busy += 1

    def _equip(self, address: str, worker: _Worker) -> bool:
        """Send a worker the parts it has not; return whether it is still there."""
        if worker.equipped:
            return True
        parts = self._portable.parts
        try:
            answers = self._client.run(lacking, tuple(parts), workers=[address])
            for key in answers[address]:
                self._client.run(receive, {key: parts[key]}, workers=[address])
                self.sent.append((address, key))
        except (OSError, KeyError, ValueError):  # it went meanwhile
            del self._workers[address]
            self._looked = 0.0
            return False
        worker.equipped = True
        return True

    def _next(self) -> tuple[int, ...]:
        """Cut off as much as takes about as long as the settings say, less towards the end."""
        wanted = self._settings.chunk_seconds / self._pace if self._pace else 1
        fair = len(self._rest) / (_ENDS_EVENLY * len(self._workers))
        length = max(1, int(min(wanted, fair, _LONGEST)))
        return tuple(self._rest.popleft() for _ in range(min(length, len(self._rest))))

    def _finished(self) -> list[str]:
        """Wait a moment; return the addresses of workers that have something to say."""
        busy = self._busy()
        if not busy:
            time.sleep(_LOOK)
            return []
        try:
            with self._client.as_current():  # wait asks nobody but the current one
                wait([each.future for each in busy.values()], _LOOK, "FIRST_COMPLETED")
        except NothingYet:
            return []
        return [name for name, each in busy.items() if each.future and each.future.done()]

    def _take(self, address: str) -> Sequence[Trial]:
        """Take a worker's answer, and have it idle again."""
        worker = self._workers[address]
        future, chunk = worker.future, worker.chunk
        worker.future, worker.chunk = None, ()
        if future is None:
            return ()
        try:
            answer = future.result(timeout=self._settings.connect_seconds)
        except KilledWorker:  # it came back under its address, and died again
            self._blame(chunk)
            self._looked = 0.0
            return ()
        except (FutureCancelledError, NothingYet, CommClosedError):
            self._again.appendleft(chunk)  # its worker took the answer along
            return ()
        except ModuleNotFoundError as error:
            raise UsageError(
                f"a worker at {address} has no {error.name}",
                hint="install tradectl-dask, and what the run uses, for every worker",
            ) from error
        except Exception as error:
            raise RuntimeError(f"a worker met a bug at {address}: {error!r}") from error
        return self._heard(worker, address, chunk, answer)

    def _heard(
        self, worker: _Worker, address: str, chunk: tuple[int, ...], answer: object
    ) -> Sequence[Trial]:
        if isinstance(answer, Refused):
            raise UsageError(f"the worker at {address} refuses: {answer.message}", hint=answer.hint)
        if isinstance(answer, Lacking):
            worker.equipped = False
            self._again.appendleft(chunk)
            return ()
        if not isinstance(answer, Answer):
            raise TypeError(f"the worker at {address} answered {answer!r}")
        self._used.add(address)
        self._pace = max(answer.seconds / len(chunk), 1e-6)
        return answer.trials

    def _lost(self, address: str) -> None:
        """A worker is gone; whatever it was busy with goes to others."""
        worker = self._workers.pop(address)
        if worker.future is not None:
            worker.future.cancel(force=True)
            self._blame(worker.chunk)

    def _blame(self, chunk: Sequence[int]) -> None:
        """Put a dead worker's trials back one by one, but those that were tried often enough."""
        self.deaths += 1
        for number in reversed(chunk):
            self._attempts[number] += 1
            if self._attempts[number] < ATTEMPTS:
                self._again.appendleft((number,))
            else:
                self._given_up.append(died(number))

    def _unreachable(self) -> TransportError:
        return TransportError(
            f"the Dask scheduler at {self._settings.scheduler} stopped answering",
            hint="run the sweep again once it is back",
        )
