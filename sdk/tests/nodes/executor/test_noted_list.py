"""A list that notes its changes is a list in every other way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.nodes.executor.noted_list import NotedList

NUMBER = st.integers(0, 3)
ACTS = st.one_of(
    st.tuples(st.just("__setitem__"), st.integers(-7, 7), NUMBER),
    st.tuples(st.just("__setitem__"), st.builds(slice, NUMBER, NUMBER), st.lists(NUMBER)),
    st.tuples(st.just("__delitem__"), NUMBER),
    st.tuples(st.sampled_from(["__iadd__", "extend"]), st.lists(NUMBER, max_size=3)),
    st.tuples(st.just("__imul__"), NUMBER),
    st.tuples(st.sampled_from(["append", "remove", "pop"]), NUMBER),
    st.tuples(st.just("insert"), NUMBER, NUMBER),
    st.tuples(st.sampled_from(["clear", "reverse", "sort"])),
)


@settings(max_examples=150)
@given(st.lists(NUMBER, max_size=6), st.lists(ACTS, max_size=5), st.lists(ACTS, max_size=5))
def test_it_is_the_list_and_knows_what_it_was(elements, earlier, later):
    noted, plain = NotedList(elements), list(elements)
    both(noted, plain, earlier)
    noted.settle()
    before = list(plain)
    both(noted, plain, later)
    assert noted.former() == before
    common = min(len(plain), len(before))
    differing = [place for place in range(common) if plain[place] != before[place]]
    assert sorted(noted.changed()) == differing
    noted.undo()
    assert noted == before
    assert noted.changed() == []


def both(noted, plain, acts):
    for name, *arguments in acts:
        try:
            getattr(plain, name)(*arguments)
        except (IndexError, ValueError) as error:
            with pytest.raises(type(error)):
                getattr(noted, name)(*arguments)
        else:
            getattr(noted, name)(*arguments)
        assert noted == plain
