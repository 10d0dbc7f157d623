"""The collector of garbage in a node: what it need not look at, and how seldom it has to look."""

from __future__ import annotations

import gc
from typing import Final

# New objects that may be part of cycles before the young ones are looked at, and how often that
# happens before older ones are. What a node makes for an order is freed without the collector; it
# is there for what is left of failures and of connections that were made anew.
THRESHOLDS: Final = (20_000, 20, 20)


def spare() -> None:
    """Leave everything that is there now out of every later look, and look less often.

    To be called once, when a node has been made. Modules, plugins and compiled rules stay until the
    end; to look through them all again and again would keep orders waiting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
