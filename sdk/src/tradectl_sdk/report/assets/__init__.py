"""Style sheets and scripts that a report carries within itself."""

from __future__ import annotations

from importlib.resources import files


def asset(name: str) -> str:
    """Read one of them."""
    return (files("tradectl_sdk.report.assets") / name).read_text(encoding="utf-8")
