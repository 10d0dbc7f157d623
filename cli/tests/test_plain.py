from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from tradectl.plain import plain


class Side(enum.StrEnum):
    BUY = "buy"


@dataclass(frozen=True)
class Fill:
    price: Decimal
    side: Side


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("0.10"), "0.10"),
        (Path("a/b"), "a/b"),
        (dt.datetime(2024, 1, 2, tzinfo=dt.UTC), "2024-01-02T00:00:00+00:00"),
        (float("nan"), None),
        (float("-inf"), None),
        (True, True),
        (Side.BUY, "buy"),
        ({Side.BUY: (1, 2.5)}, {"buy": [1, 2.5]}),
        (frozenset({"b", "a"}), ["a", "b"]),
        (Fill(Decimal("1.50"), Side.BUY), {"price": "1.50", "side": "buy"}),
    ],
)
def test_values_become_what_json_can_hold(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_what_has_no_plain_form_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        plain(object())
