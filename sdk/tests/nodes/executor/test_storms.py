"""Whatever the network, the venue and a kill do, we end up with the venue's truth."""

from __future__ import annotations

import pytest
from floor import X, card, replayed, setup
from storm import Storm
from tradectl_sdk.bus.messages.control import CancelEverything
from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.setup import Bounds
from tradectl_sdk.nodes.executor.state import State

SEEDS = range(60)


def settled(seed: int, *, steps: int = 250) -> Storm:
    """A session in bad weather and the calm after it, at venues of different abilities."""
    knows_all = seed % 3 > 0
    kinds = frozenset(OrderType) if knows_all else frozenset({OrderType.MARKET, OrderType.LIMIT})
    terms = {"order_types": kinds, "reduce_only": seed % 5 > 0, "amends": seed % 2 == 0}
    made = setup(
        card=card(margin=True, **terms),
        margin=False,
        bounds=Bounds(max_clock_offset=None, most_ended=5, keep_ended=10**18),
    )
    storm = Storm(seed, made)
    for _ in range(steps):
        storm.act()
    storm.heal()
    return storm


def check(storm: Storm) -> None:
    floor, venue = storm.floor, storm.venue
    state = floor.state
    assert venue.twice == [], "an order was created twice"
    assert state.ledger.lots[X] == venue.position, "positions differ"
    paid = sum(one.fee for one in venue.trades)
    assert state.ledger.fees == paid, "fees differ"
    assert state.book.unknown.get(X, 0) == 0, "an order's fate is unknown"
    sent = {one.client_id for one in floor.records if isinstance(one, of.Sent)}
    assert set(venue.orders) <= sent, "an order reached the venue that was not written down"
    ours = {one.client_id: one for one in state.book.all_live() if one.at_venue}
    theirs = {one.ticket.client_id: one for one in venue.working}
    assert ours.keys() == theirs.keys(), "working orders differ"
    for name, order in ours.items():
        assert order.leg_remaining == theirs[name].lots - theirs[name].filled
    buys = sum(one.exposure for one in state.book.all_live() if one.side > 0)
    assert state.book.open_buys(X) == buys
    assert replayed(floor.records).encoded() == state.encoded()
    check_restored(state)


def check_restored(state: State) -> None:
    """A state that comes from a checkpoint finds orders under the same names."""
    restored = State.restored(state.encoded())
    assert restored.encoded() == state.encoded()
    ours, theirs = state.book, restored.book
    for name in ("_clients", "_venues", "_numbers"):
        assert getattr(ours, name) == getattr(theirs, name)
    for key in ours.orders:
        assert [one.key for one in ours.children(key)] == [one.key for one in theirs.children(key)]
    for count in ("open_buys", "open_sells"):
        assert getattr(ours, count)(X) == getattr(theirs, count)(X)
    assert [one.key for one in ours.live(X)] == [one.key for one in theirs.live(X)]
    assert ours.unknown.get(X, 0) == theirs.unknown.get(X, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_storm_we_agree_with_the_venue(seed):
    storm = settled(seed)
    assert storm.at_rest
    check(storm)


@pytest.mark.parametrize("seed", range(10))
def test_after_a_storm_everything_can_be_cancelled_and_that_is_proven(seed):
    storm = settled(1000 + seed, steps=120)
    storm.floor.control(CancelEverything(by="me"))
    storm.collect()
    storm.heal()
    assert storm.venue.working == []
    assert storm.floor.state.proven
    check(storm)


def test_the_same_seed_is_the_same_story():
    first, second = settled(7), settled(7)
    assert first.floor.records == second.floor.records
    assert first.floor.to_gateway == second.floor.to_gateway
