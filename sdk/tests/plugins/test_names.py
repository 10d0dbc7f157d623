from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from tradectl_sdk.plugins.names import is_name, normalise_name

NAMES = st.text("abcXYZ019-_.", min_size=1, max_size=20)


@given(NAMES)
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = normalise_name(name)

    assert normalise_name(once) == once


@given(NAMES)
def test_what_is_normalised_is_a_name_or_empty(name: str) -> None:
    normalised = normalise_name(name)

    assert normalised == "" or is_name(normalised)


@given(NAMES.filter(lambda name: name[0] not in "-_." and name[-1] not in "-_."))
def test_distribution_names_compare_as_pip_compares_them(name: str) -> None:
    assert normalise_name(name) == canonicalize_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "A", "a b", "a_b", "é", "a\n", "١"])
def test_what_could_not_be_typed_or_compared_is_no_name(name: str) -> None:
    assert not is_name(name)
