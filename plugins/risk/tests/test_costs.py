"""Cost models: what they charge, by hand, and compiled as in plain Python."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from desk import instrument
from hypothesis import given
from hypothesis import strategies as st
from tradectl_risk.costs.impact import SquareRootImpact
from tradectl_sdk.config import BacktestSection
from tradectl_sdk.kernel import compile_kernel
from tradectl_sdk.pipelines.costs import make_costs

ONE = [instrument(taker_fee=Decimal("0.001"), maker_fee=Decimal("-0.0001"))]
UNIT = 10**8  # money units in one unit of currency


def model(role: str, **settings: Any) -> Any:
    settings = {key: Decimal(v) if key != "model" else v for key, v in settings.items()}
    fees, slippage, _ = make_costs(BacktestSection.model_validate({role: settings}), None, ONE)
    maker = fees if role == "fees" else slippage
    assert maker is not None
    return maker()


def test_share_of_value_rounds_to_its_step():
    exact = model("fees", model="share-of-value")
    assert exact.fee(0, 1, 123 * UNIT + 1, False, 0) == 12_300_001
    assert exact.fee(0, 1, 123 * UNIT, True, 0) == -1_230_000
    cents = model("fees", model="share-of-value", rounding="0.01")
    assert cents.fee(0, 1, 125 * UNIT, False, 0) == 13_000_000


def test_the_default_per_unit_is_half_a_cent_and_at_least_one():
    fees = model("fees", model="per-unit")
    assert fees.fee(0, 100, 0, False, 0) == UNIT
    assert fees.fee(0, 1000, 0, False, 0) == 5 * UNIT
    assert fees.fee(0, 100, 0, False, 100) == 0  # the minimum is paid once an order


def test_per_order_charges_the_order_once_and_the_value_always():
    fees = model("fees", model="per-order", fixed="2", rate="0.01")
    assert [fees.fee(0, 1, 100 * UNIT, False, filled) for filled in (0, 5)] == [3 * UNIT, UNIT]


def test_the_square_root_of_the_share_of_the_volume():
    slippage = model("slippage", model="square-root", impact_bps="100", unknown_share="0.25")
    assert slippage.slip(0, 10_000, 100, 100) == 100
    assert slippage.slip(0, 10_000, 1, 100) == 10
    assert slippage.slip(0, 10_000, 4, 100) == 20
    assert slippage.slip(0, 10_001, 1, 100) == 11
    assert slippage.slip(0, 10_000, 7, 0) == 50


def test_volume_share_takes_the_square():
    slippage = model("slippage", model="volume-share")
    assert slippage.slip(0, 10_000, 10, 100) == 10


@given(
    ticks=st.integers(1, 10**9),
    lots=st.integers(1, 10**9),
    more=st.integers(0, 10**9),
    volume=st.integers(0, 10**9),
    impact=st.floats(0, 1),
)
def test_impact_is_never_negative_and_grows_with_the_order(ticks, lots, more, volume, impact):
    slippage = SquareRootImpact(impact)
    small, large = (slippage.slip(0, ticks, n, volume) for n in (lots, lots + more))
    assert 0 <= small <= large
    share = lots / volume if volume else 1.0
    assert small <= ticks * impact * math.sqrt(share) + 1


class Trial:
    """Asks a slippage model about growing orders."""

    def __init__(self, slippage: Any) -> None:
        self.slippage = slippage
        self.answers = [0] * 200

    def run(self) -> None:
        for number in range(200):
            self.answers[number] = self.slippage.slip(0, 10_007, number * number + 1, number % 9)


@pytest.mark.parametrize("name", ["basis-points", "square-root", "volume-share"])
def test_slippage_compiled_is_that_of_plain_python(name):
    settings = {"basis_points": "7"} if name == "basis-points" else {}
    compiled, plain = (Trial(model("slippage", model=name, **settings)) for _ in range(2))
    compile_kernel(compiled)(compiled)
    plain.run()
    assert compiled.answers == plain.answers
    assert any(plain.answers)
