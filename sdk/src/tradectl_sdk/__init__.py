"""tradectl's SDK: the engine, the plugin host and the building blocks around them.

Everything a bot or a plugin needs is importable from here and imported on use, so that
``import tradectl_sdk`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.errors import TradectlError

__version__ = "0.1.0"

# Public name -> module it lives in. Sorted; tests hold this table, __all__ and the imports for
# type checkers above to one another.
_HOMES = {
    "TradectlError": "tradectl_sdk.errors",
}

__all__ = ["TradectlError", "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names only."""
    return sorted(__all__)
