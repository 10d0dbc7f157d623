"""Ids that orders have at a venue."""

from __future__ import annotations

import string

import pytest
from floor import card
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.exchange.card import ClientIds
from tradectl_sdk.nodes.executor.identity import ClientIdMaker

FORMS = {
    "binance": ClientIds(length=36, alphabet=string.ascii_letters + string.digits + "-_.:/"),
    "okx": ClientIds(length=32, alphabet=string.ascii_letters + string.digits),
    "kraken": ClientIds(length=18, alphabet=string.ascii_lowercase + string.digits),
    "hex": ClientIds(length=32, alphabet="0123456789abcdef"),
    "base32": ClientIds(length=40, alphabet=string.ascii_lowercase[:26] + "234567"),
}


def maker(form: ClientIds | None = None, account: str = "a") -> ClientIdMaker:
    return ClientIdMaker(card(client_ids=form or ClientIds()), account)


@pytest.mark.parametrize("name", FORMS)
def test_an_id_fits_the_venue_and_no_two_are_equal(name):
    form = FORMS[name]
    make = maker(form).make
    ids = {make("s", epoch, number) for epoch in range(1, 21) for number in range(1, 1001)}
    assert len(ids) == 20_000
    assert max(map(len, ids)) <= form.length
    assert set("".join(ids)) <= set(form.alphabet)


def test_an_id_follows_from_the_intent_alone_and_never_changes():
    assert maker().make("s", 1, 1) == maker().make("s", 1, 1) == "a2zh2zap1tpsb0ldg54mvhy3um"
    assert maker(FORMS["base32"]).make("s", 1, 1) == "a4zh4zap3tpsb2ldg76mvhy5um"


@given(st.lists(st.tuples(st.text(), st.integers(0), st.integers(0), st.integers(0)), unique=True))
def test_different_orders_have_different_ids(orders):
    make = maker().make
    assert len({make(*order) for order in orders}) == len(orders)


def test_accounts_and_strategies_are_told_apart_however_they_are_spelled():
    assert maker(account="ab").make("c", 1, 1) != maker(account="a").make("bc", 1, 1)
    assert maker().make("s1", 1, 1) != maker().make("s", 11, 1)


def test_a_venue_that_takes_no_ids_or_too_short_ones_is_refused():
    with pytest.raises(UsageError, match="takes no order ids"):
        ClientIdMaker(card(client_ids=None), "a")
    with pytest.raises(UsageError, match="hold 30 bits"):
        maker(ClientIds(length=10, alphabet=string.digits))
    with pytest.raises(UsageError, match="hold 0 bits"):
        maker(ClientIds(length=10, alphabet="a"))
