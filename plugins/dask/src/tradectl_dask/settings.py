"""The table ``[plugins.dask]``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads annotations

from pydantic import BaseModel, ConfigDict, Field


class DaskSettings(BaseModel):
    """Where the cluster is, and how long to wait for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheduler: str = Field(
        pattern=r"^(tcp|tls)://[^\s/]+:\d{1,5}$",
        description="Address of the scheduler, such as tcp://10.0.0.5:8786.",
    )
    connect_seconds: float = Field(
        default=10.0, gt=0, description="Seconds the scheduler may take to answer."
    )
    worker_seconds: float = Field(
        default=60.0, gt=0, description="Seconds there may be no worker at all."
    )
    chunk_seconds: float = Field(
        default=1.0, gt=0, description="Seconds of work that are handed out at once, about."
    )
    tls_ca_file: Path | None = Field(default=None, description="Authorities to trust, for tls://.")
    tls_cert: Path | None = Field(default=None, description="Our certificate, for tls://.")
    tls_key: Path | None = Field(default=None, description="The file with its key, for tls://.")
