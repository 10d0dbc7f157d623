"""Running one graph of objects again and again, with some of them exchanged for others alike.

Looking at every object and binding it to memory takes longer than many a run. Where all objects but
a few are to begin each run as they began the first one, only those few are looked at and bound; the
others are put back to what they were, in memory and as objects.
"""

from __future__ import annotations

from itertools import starmap
from operator import eq
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.errors import NotCompilableError
from tradectl_sdk.kernel.census import Walk, attributes, take_census

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tradectl_sdk.kernel.census import Overlaps
    from tradectl_sdk.kernel.compiled import CompiledKernel
    from tradectl_sdk.kernel.memory import Reading
    from tradectl_sdk.kernel.partition import Look

_MOST_BYTES = 65_536  # of an array that is copied before each run


def reachable(root: Any, without: Iterable[Any] = ()) -> list[Any]:
    """Return the kernels that an object leads to, itself included, but not through some of them."""
    return _walk_around(root, without).members


def _walk_around(root: Any, without: Iterable[Any]) -> Walk:
    walk = Walk([root], {id(root): 0})
    walk.places.update((id(one), -1) for one in without)
    walk.looks()
    return walk


class Remembered:
    """What objects hold at a moment: to see whether that changed, and to put it back.

    Args:
        members: The objects.
        passing: Arrays that may hold anything whenever a run begins.

    Raises:
        NotCompilableError: If an object has slots, or an array is too large to be copied each time.
    """

    def __init__(self, members: Iterable[Any], passing: Iterable[Any] = ()) -> None:
        self._held: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._lists: dict[int, tuple[list[Any], list[Any]]] = {}
        self._arrays: list[tuple[Any, Any]] = []
        free = {id(one) for one in passing}
        for member in members:
            own = getattr(member, "__dict__", None)
            if own is None or len(own) != sum(1 for _ in attributes(member)):
                raise NotCompilableError(f"{type(member).__qualname__} has slots")
            self._held.append((own, dict(own)))
            for value in _memories(own.values()):
                if isinstance(value, (dict, set, bytearray)):
                    raise NotCompilableError(
                        f"{type(member).__qualname__} has a {type(value).__name__}"
                    )
                if isinstance(value, list):
                    self._lists[id(value)] = value, list(value)
                elif id(value) not in free:
                    self._note_array(value)

    def _note_array(self, value: Any) -> None:
        array = np.asarray(value)
        if not array.flags.writeable:
            return
        if array.nbytes > _MOST_BYTES:
            raise NotCompilableError(f"an array of {array.nbytes:,} bytes would be copied each run")
        self._arrays.append((array, array.copy()))

    def unchanged(self) -> bool:
        """Whether all is as it was."""
        try:
            return (
                all(starmap(eq, self._held))
                and all(starmap(eq, self._lists.values()))
                and all(np.array_equal(array, held) for array, held in self._arrays)
            )
        except ValueError:  # one array in the place of another
            return False

    def restore(self) -> None:
        """Put everything back."""
        for own, then in self._held:
            own.clear()
            own.update(then)
        for values, held in self._lists.values():
            values[:] = held
        self.restore_arrays()

    def restore_arrays(self) -> None:
        """Put back what is in arrays alone: machine code writes into them themselves."""
        for array, held in self._arrays:
            array[...] = held


def _memories(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _memories(value)
        elif isinstance(value, (list, np.ndarray, memoryview, dict, set, bytearray)):
            yield value


class Exchanging:
    """Machine code bound to one graph, some objects of which are exchanged from run to run.

    Args:
        compiled: The machine code.
        root: The entry kernel.
        exchanged: The objects that others will take the place of, with all that only they lead to.

    Raises:
        NotCompilableError: If the graph is not of the shape that was compiled.
    """

    def __init__(self, compiled: CompiledKernel, root: Any, exchanged: Sequence[Any]) -> None:
        census = take_census(root)
        if not compiled.fits(census):
            raise NotCompilableError("the objects are not of the shape that was compiled")
        around = _walk_around(root, exchanged)
        self.fixed = around.members
        self._around = around
        self._outer = {id(member): -1 - place for place, member in enumerate(around.members)}
        self._compiled = compiled
        walk, self._key = self._look(exchanged)
        place_of = {id(member): place for place, member in enumerate(census.members)}
        places = [place_of[id(member)] for member in walk.members]
        self._memory = compiled.bind(census, places)
        likeness = self._memory.likeness(walk.members, self._key[0], self.fixed, around.memories)
        self._likeness = likeness if likeness.plain else None

    def _look(self, objects: Sequence[Any]) -> tuple[Walk, tuple[tuple[Look, ...], Overlaps]]:
        """Take the census of these objects and what only they lead to."""
        places = dict(self._outer)
        places.update((id(one), place) for place, one in enumerate(objects))
        around = self._around
        walk = Walk(list(objects), places, dict(around.memories), list(around.spans))
        looks = tuple(walk.looks())
        return walk, (looks, walk.overlaps() if len(walk.spans) > len(around.spans) else ())

    def exchange(self, objects: Sequence[Any]) -> bool:
        """Put objects in their places, all others being as they were; False where they differ."""
        if self._likeness is not None and self._memory.exchange_alike(objects, self._likeness):
            return True
        walk, key = self._look(objects)
        if key != self._key:
            return False
        self._memory.exchange(walk.members)
        return True

    def put(self, member: Any, name: str) -> None:
        """Take over an attribute of one of the others, for the next run alone."""
        self._memory.put(member, name)

    def reading(self, wanted: Iterable[tuple[Any, Sequence[str]]]) -> Reading:
        """Return what a run takes to leave its outcome in some attributes of the others alone."""
        return self._memory.reading(wanted)

    def run(
        self,
        *,
        pause: int | None = None,
        turn: Callable[[], None] | None = None,
        reading: Reading | None = None,
    ) -> Any:
        """Run it; arguments and errors are those of :meth:`.compiled.CompiledKernel.run`."""
        return self._compiled.run(self._memory, pause=pause, turn=turn, reading=reading)
