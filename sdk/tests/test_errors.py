"""The parts of errors that are more than words."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import did_you_mean, pip_install

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("pip", "command"),
    [
        (object(), "python -m pip install acme"),
        (None, "pip --python '/my env' install acme"),
    ],
)
def test_the_advice_to_install_works_in_environments_without_pip_too(
    monkeypatch: pytest.MonkeyPatch, pip: object, command: str
) -> None:
    monkeypatch.setattr(sys, "prefix", "/my env")
    find: Callable[[str], object] = lambda name: pip if name == "pip" else None  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", find)

    assert pip_install("acme") == command


def test_a_word_that_was_begun_is_the_first_of_those_that_begin_with_it() -> None:
    metrics = ["sortino_ratio", "sharpe_ratio", "sharpe_low"]
    assert did_you_mean("sharpe", metrics) == "did you mean sharpe_ratio?"
    assert did_you_mean("sharp_low", metrics) == "did you mean sharpe_low?"
    assert did_you_mean("volume", metrics) == ""


def test_a_word_that_is_a_letter_off_is_no_beginning() -> None:
    limits = ["max_order_quantity", "max_orders"]
    assert did_you_mean("max_order", limits) == "did you mean max_orders?"
    assert did_you_mean("max_order_q", limits) == "did you mean max_order_quantity?"
