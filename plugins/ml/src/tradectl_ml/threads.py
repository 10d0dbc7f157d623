"""Keeping arithmetic to one thread, though several threads of ours may be at it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = Lock()
_inside = 0  # threads of ours that are at it
_limit: Any = None  # of the libraries that have one setting for the whole process


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Keep the libraries beneath scikit-learn to one thread.

    OpenMP keeps the limit for each thread that sets it. Linear algebra has one for the process: a
    session forecasts in one thread while it fits in another, and whoever is done first must not
    set the other's free.
    """
    with _libraries().select(user_api="openmp").limit(limits=1):
        _enter()
        try:
            yield
        finally:
            _leave()


def _enter() -> None:
    global _inside, _limit  # noqa: PLW0603 - as the setting itself is
    with _lock:
        if not _inside:
            _limit = _libraries().select(user_api="blas").limit(limits=1)
        _inside += 1


def _leave() -> None:
    global _inside  # noqa: PLW0603 - as the setting itself is
    with _lock:
        _inside -= 1
        if not _inside:
            _limit.restore_original_limits()


@cache
def _libraries() -> Any:
    """The thread pools there are; what is fitted has been imported by now."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
