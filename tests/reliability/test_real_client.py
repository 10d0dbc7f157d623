"""The real ccxt client behind a bad network: each order is there once, or was never there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from real_client import FAR, TIMEOUT, RealClient, real_client
from tradectl_sandbox import ApiKey
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.errors import CredentialError
from tradectl_sdk.testing.tcp_proxy import TO_CLIENT, TO_SERVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def lose_answers(one: RealClient) -> None:
    one.proxy.weather.lost = frozenset({TO_CLIENT})


def lose_requests(one: RealClient) -> None:
    one.proxy.weather.lost = frozenset({TO_SERVER})


def cut_answers(one: RealClient) -> None:
    one.proxy.weather.cut_after = 0


def cut_requests(one: RealClient) -> None:
    one.proxy.weather.refuses = True
    one.proxy.reset()


def answer_late(one: RealClient) -> None:
    one.proxy.weather.latency = 0.75 * TIMEOUT  # each way


def fault(kind: str) -> Callable[[RealClient], None]:
    def arm(one: RealClient) -> None:
        one.box.arm(kind)

    arm.__name__ = kind
    return arm


SPOILT = ("accept_then_504", "garbage")
# What goes wrong while an order is sent -> whether the venue takes it all the same.
TROUBLE: dict[Callable[[RealClient], None], bool] = {
    lose_answers: True,
    lose_requests: False,
    cut_answers: True,
    cut_requests: False,
    answer_late: True,
    **{fault(kind): True for kind in SPOILT},
    fault("maintenance"): False,
}


def test_whatever_the_network_does_to_an_order_it_is_there_once_or_never_was(
    tmp_path: Path,
) -> None:
    asyncio.run(asyncio.wait_for(through_all_of_it(tmp_path / "journal"), 120))


async def through_all_of_it(path: Path) -> None:
    async with real_client(path) as one:
        for number, (cause, taken) in enumerate(TROUBLE.items()):
            before = one.venue_has()
            cause(one)
            order = one.buy(limit=FAR) if number % 2 else one.buy()
            await one.until(lambda order=order: order in one.states)  # type: ignore[misc]
            await one.settle()
            # Where only the answer is spoilt, the account stream may tell before it.
            told_first = taken and cause.__name__ in SPOILT
            assert told_first or one.states[order][0] == OrderStatus.UNKNOWN, cause
            assert one.venue_has() - before == taken, cause
            found = one.compare()
            assert found.is_clean, (cause, found)
        assert found.orders == sum(TROUBLE.values())
        assert found.fills[0] >= 3


def test_a_key_that_can_withdraw_trades_nothing(tmp_path: Path) -> None:
    async def start() -> None:
        async with real_client(tmp_path / "journal", ApiKey(withdraw=True)):
            pytest.fail("the session is ready")

    with pytest.raises(BaseExceptionGroup) as caught:
        asyncio.run(asyncio.wait_for(start(), 60))
    (error,) = caught.value.exceptions
    assert isinstance(error, CredentialError)
    assert "can withdraw" in error.message
