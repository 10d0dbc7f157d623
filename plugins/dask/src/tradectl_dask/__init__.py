"""Sweeps on the workers of a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import ExecutorSpec, Hooks, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


class DaskPlugin(Hooks):
    """Offers one executor; Dask itself is imported when it is used."""

    @hookimpl
    def tradectl_executors(self) -> Iterable[ExecutorSpec]:
        """Yield it."""
        yield ExecutorSpec(
            name="dask",
            summary="The workers of a Dask cluster, on one machine or on many",
            factory="tradectl_dask.executor:DaskExecutor",
            settings="tradectl_dask.settings:DaskSettings",
            capabilities=frozenset({"remote"}),
            rehearsal="tradectl_dask.rehearsal:two_workers",
        )


plugin = DaskPlugin()
