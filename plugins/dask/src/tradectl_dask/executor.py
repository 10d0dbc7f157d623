"""The executor: a connection to the cluster for as long as trials are run."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tradectl_sdk.errors import TransportError, UsageError
from tradectl_sdk.research import Effort, Executor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from distributed import Client
    from tradectl_sdk.research import Task, Trial

    from tradectl_dask.settings import DaskSettings


class DaskExecutor(Executor):
    """Runs trials on the workers that a Dask scheduler knows.

    Args:
        settings: Where the scheduler is.
    """

    def __init__(self, settings: DaskSettings) -> None:
        self._settings = settings

    def run(
        self,
        task: Task,
        numbers: Sequence[int],
        tell: Callable[[Sequence[Trial]], None],
        *,
        workers: int | None = None,
    ) -> Effort:
        """Send the task to the workers there are, and to those that come while it runs."""
        from tradectl_dask.campaign import Campaign

        if not numbers:
            return Effort(0)
        portable = task.portable()
        with connected(self._settings) as client:
            campaign = Campaign(client, task, portable, self._settings, workers)
            return campaign.run(numbers, tell)


@contextmanager
def connected(settings: DaskSettings) -> Iterator[Client]:
    """Connect to the scheduler, and leave nothing there afterwards.

    Raises:
        TransportError: If it does not answer, or stops answering.
        UsageError: If TLS is wanted without its files.
    """
    from distributed import Client
    from distributed.security import Security

    security = None
    if settings.scheduler.startswith("tls://"):
        files = (settings.tls_ca_file, settings.tls_cert, settings.tls_key)
        if None in files:
            raise UsageError(
                "plugins.dask.scheduler is tls://, expected tls_ca_file, tls_cert and tls_key too"
            )
        authority, certificate, key = map(str, files)
        security = Security(
            tls_ca_file=authority,
            tls_client_cert=certificate,
            tls_client_key=key,
            require_encryption=True,
        )
    try:
        client = Client(
            settings.scheduler,
            timeout=settings.connect_seconds,
            security=security,
            set_as_default=False,
            name="tradectl",
        )
    except (OSError, TimeoutError) as error:
        raise TransportError(
            f"no Dask scheduler answered at {settings.scheduler}",
            hint="dask scheduler starts one; plugins.dask.scheduler says where it is",
        ) from error
    try:
        yield client
    finally:
        with suppress(OSError):  # which a time-out is, too
            client.close(timeout=settings.connect_seconds)
