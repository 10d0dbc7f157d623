from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.runs import canonical_json, order_list_hash, run_identity
from tradectl_sdk.runs.order_list import order_list_text

PARTS: dict[str, Any] = {
    "code": {"strategy": "ab"},
    "parameters": {"fast": 10, "slow": 50.0},
    "data": ["cd"],
    "engine": "0.1.0",
    "settings": {"fees": None},
}


def test_the_same_inputs_have_the_same_name_in_any_order() -> None:
    again = {name: PARTS[name] for name in reversed(PARTS)}
    again["parameters"] = {"slow": 50.0, "fast": 10}
    assert run_identity(PARTS) == run_identity(again)


def test_the_name_does_not_change_between_releases() -> None:
    assert run_identity(PARTS) == "r-9f7925bc713361a0d3391b1d6da2e397"


@pytest.mark.parametrize("part", list(PARTS))
def test_any_change_is_another_run(part: str) -> None:
    assert run_identity(PARTS | {part: "changed"}) != run_identity(PARTS)


def test_an_integer_is_not_a_float() -> None:
    assert canonical_json({"a": 1}) != canonical_json({"a": 1.0})


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ({}, "identity had the parts none"),
        ({**PARTS, "seed": 1}, "expected code, parameters"),
        ({**PARTS, "settings": {"fee": Decimal(1)}}, r"identity.settings.fee was of type Decimal"),
        ({**PARTS, "parameters": [1.0, float("nan")]}, r"identity.parameters\[1\] was nan"),
        ({**PARTS, "data": {1: 2}}, "key 1 at identity.data"),
    ],
)
def test_what_cannot_be_hashed_for_good_is_refused(identity: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run_identity(identity)


def test_the_order_list_is_text_that_any_program_can_write(fills_of: Any, orders_of: Any) -> None:
    # More rows than are written at a time.
    fills = fills_of(*((0, 1 - 2 * (i % 2), 5, 1000 + i) for i in range(600)), fee=-3)
    orders = orders_of(fills)
    lines = ["tradectl.order-list/1"]
    for title, records in (("orders", orders), ("fills", fills)):
        lines.append(f"{title} {len(records)}")
        lines += ["|".join(f"{int(value) % 2**64:016x}" for value in row) for row in records]
    expected = "".join(f"{line}\n" for line in lines).encode()
    assert order_list_text(orders, fills) == expected
    assert order_list_hash(orders, fills) == hashlib.sha256(expected).hexdigest()


def test_the_order_list_does_not_depend_on_how_the_numbers_are_stored(
    fills_of: Any, orders_of: Any
) -> None:
    fills = fills_of((0, 1, 5, 1000))
    orders = orders_of(fills)
    swapped = fills.astype([(name, ">i8") for name in reversed(fills.dtype.names)])
    for name in fills.dtype.names:
        swapped[name] = fills[name]
    assert order_list_hash(orders, swapped) == order_list_hash(orders, fills)


def test_every_field_of_every_row_counts(fills_of: Any, orders_of: Any) -> None:
    fills = fills_of((0, 1, 5, 1000), (0, -1, 5, 1100))
    orders = orders_of(fills)
    hashes = {order_list_hash(orders, fills)}
    for records in (orders, fills):
        for name in records.dtype.names:
            records[name][1] += 1
            hashes.add(order_list_hash(orders, fills))
            records[name][1] -= 1
    assert len(hashes) == 1 + len(orders.dtype.names) + len(fills.dtype.names)


def test_nothing_ordered_has_a_hash_too(fills_of: Any, orders_of: Any) -> None:
    nothing = fills_of()
    text = order_list_text(orders_of(nothing), nothing)
    assert text == b"tradectl.order-list/1\norders 0\nfills 0\n"
