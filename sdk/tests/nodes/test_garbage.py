"""What a node holds at its start is left alone by the collector; what comes later is not."""

from __future__ import annotations

import gc
import weakref

from tradectl_sdk.nodes import garbage


class Knot:
    def __init__(self) -> None:
        self.self = self


def test_only_what_came_after_the_start_is_looked_at():
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    early = Knot()
    try:
        garbage.spare()
        assert gc.get_freeze_count() > frozen
        assert not any(one is early for one in gc.get_objects())
        late = weakref.ref(Knot())
        gc.collect()
        assert late() is None
    finally:
        if not frozen:  # what the tests themselves left out stays out
            gc.unfreeze()
        gc.set_threshold(*thresholds)
