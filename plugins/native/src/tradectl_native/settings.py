"""The table ``[plugins.native]``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it

from pydantic import BaseModel, ConfigDict, Field, field_validator


class NativeSettings(BaseModel):
    """Which library, and proof that it is the one that was meant."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    library: Path = Field(description="The shared library: .so, .dll or .dylib, as a full path.")
    sha256: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the file; a library that has changed is not loaded.",
    )
    venue: str = Field(
        default="NATIVE", pattern="^[A-Z0-9-]+$", description="What follows the dot of instruments."
    )
    options: dict[str, str] = Field(
        default_factory=dict, description="Handed to the library when it is opened."
    )
    call_seconds: float = Field(
        default=15.0, gt=0, description="Seconds a call may take before it counts as lost."
    )
    poll_milliseconds: int = Field(
        default=100, ge=1, le=10_000, description="How long the library may wait for events."
    )

    @field_validator("library")
    @classmethod
    def _be_absolute(cls, library: Path) -> Path:
        """Refuse names that the system would search for: another file might be found."""
        if not library.is_absolute():
            raise ValueError("should be a full path, so that no other file of this name is found")
        return library

    @field_validator("options")
    @classmethod
    def _be_lines(cls, options: dict[str, str]) -> dict[str, str]:
        """Refuse what would not arrive as it was written."""
        for name, value in options.items():
            if "=" in name or "\n" in name + value:
                raise ValueError(f"{name!r} should hold no line break, and its name no =")
        return options
