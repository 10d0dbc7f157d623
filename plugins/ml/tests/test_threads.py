"""Arithmetic on one thread, whoever else is at it."""

from __future__ import annotations

import numpy as np  # noqa: F401 - brings a library of linear algebra
import pytest
from tradectl_ml.threads import on_one_thread

threadpoolctl = pytest.importorskip("threadpoolctl")


def blas() -> set[int]:
    return {
        each["num_threads"]
        for each in threadpoolctl.threadpool_info()
        if each["user_api"] == "blas"
    }


def test_whoever_is_done_first_does_not_set_the_other_free():
    with threadpoolctl.threadpool_limits(limits=2):
        before = blas()
        first, second = on_one_thread(), on_one_thread()
        first.__enter__()
        second.__enter__()
        assert blas() == {1}
        first.__exit__(None, None, None)
        assert blas() == {1}
        second.__exit__(None, None, None)
        assert blas() == before == {2}
