"""The locator finds every key and value that tomllib finds, where the text has it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from toml_documents import Document, documents, spellings
from tradectl_sdk.config.positions import KeyPath, Position, locate

if TYPE_CHECKING:
    from collections.abc import Iterator


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in members:
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, key))
        else:
            yield (*path, key)


def text_from(text: str, position: Position) -> str:
    lines = text.split("\n")
    return "\n".join([lines[position.line - 1][position.column - 1 :], *lines[position.line :]])


@settings(deadline=None)
@given(documents())
def test_every_path_of_tomllib_is_found_and_no_other(document: Document) -> None:
    assert set(locate(document.text)) == set(paths(tomllib.loads(document.text)))


@settings(deadline=None)
@given(documents())
def test_the_text_has_the_key_and_the_value_at_their_places(document: Document) -> None:
    located = locate(document.text)
    for path, found in located.items():
        if isinstance(path[-1], str):
            assert text_from(document.text, found.key).startswith(tuple(spellings(path[-1])))
    for path, literal in document.literals.items():
        assert text_from(document.text, located[path].value).startswith(literal)


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ("a = 1", ("a",), (1, 1), (1, 5)),
        ("# a = 0\n\n  a=1", ("a",), (3, 3), (3, 5)),
        ("[a]\n[a.b]\nc = 1", ("a", "b", "c"), (3, 1), (3, 5)),
        ("[a.b]\n", ("a",), (1, 2), (1, 2)),
        ("[ a . 'b' ]", ("a", "b"), (1, 7), (1, 7)),
        ("a . b = 1\na.c = 2", ("a",), (1, 1), (1, 1)),
        ("a.b = 1\na.c = 2", ("a", "c"), (2, 3), (2, 7)),
        ("a = {b = 1, c = [2,\n3]}", ("a", "c", 1), (2, 1), (2, 1)),
        ('a = """\nb = 1\n\\"""c = 2"""""\nd = 3', ("d",), (4, 1), (4, 5)),
        ("a = '''\n''\\'''\nd = 3", ("d",), (3, 1), (3, 5)),
        ('"\\u0061b" = 1', ("ab",), (1, 1), (1, 13)),
        ("[[a]]\nb = 1\n[[a]]\nb = 2", ("a", 1, "b"), (4, 1), (4, 5)),
        ("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\nc = 1", ("a", 1, "b", 0, "c"), (5, 1), (5, 5)),
        ("[[a]]\n[a.b]\nc = 1", ("a", 0, "b", "c"), (3, 1), (3, 5)),
        ("a = 'é☃' # é\n'é' = 1", ("é",), (2, 1), (2, 7)),
        ("a = [ # ]\n1, # ,\n]\nb = 2", ("b",), (4, 1), (4, 5)),
    ],
)
def test_places_of_the_hard_cases(
    text: str, path: KeyPath, key: tuple[int, int], value: tuple[int, int]
) -> None:
    tomllib.loads(text)  # the case is TOML
    found = locate(text)[path]
    assert found.key == Position(*key)
    assert found.value == Position(*value)
