"""What an optimiser may choose from, as people write it."""

from __future__ import annotations

import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.research.ranges import Range, range_layout
from tradectl_sdk.strategy import Parameter

DECLARED = {
    "n": Parameter(name="n", default=5),
    "x": Parameter(name="x", default=0.5),
    "on": Parameter(name="on", default=True),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n=5:50", Range("n", 5, 50, 1)),
        ("n=5:52:5", Range("n", 5, 50, 5)),
        ("x=0.1:0.5", Range("x", 0.1, 0.5, None)),
        ("x=0.1:0.55:0.1", Range("x", 0.1, 0.5, 0.1)),
        ("n=20,50,100", Range("n", choices=(20, 50, 100))),
        ("on=true,false", Range("on", choices=(True, False))),
    ],
)
def test_ranges_are_read(text: str, expected: Range) -> None:
    found = Range.parse(text, DECLARED)
    assert found == expected
    assert type(found.low) is type(expected.low)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m=1:2", "m is not a parameter"),
        ("n=9:5", "range of n goes from 9 down to 5, expected the lesser first"),
        ("n=1:2:3:4", "expected LOW:HIGH"),
        ("n=1:x", "expected LOW:HIGH"),
        ("n=1:9:0", "step of the range of n was 0, expected more than 0"),
        ("x=1:inf", "expected LOW:HIGH"),
        ("n=1.5:4", "expected a whole number"),
        ("on=0:1", "true or false"),
        ("n=", "is empty"),
    ],
)
def test_other_words_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Range.parse(text, DECLARED)


def test_a_short_range_has_its_steps_and_a_long_one_ten() -> None:
    short, long = Range("n", 2, 6, 2), Range("x", 0.0, 4.0)
    listed, single = Range("on", choices=(7, 3)), Range("m", 3, 3, 1)
    points = [{"n": 6, "x": 1.0, "on": 3, "m": 3}, {"n": 2, "x": 4.0, "on": 7, "m": 3}]
    layout = range_layout([short, long, listed, single], points)
    assert layout.places.tolist() == [[2, 2.5, 1], [0, 10, 0]]
    assert (layout.names, layout.last.tolist()) == (("n", "x", "on"), [2, 10, 1])
    assert (layout.stepped, layout.ended) == (False, {"n", "x"})
    assert [layout.edges(number) for number in (0, 1)] == [("n",), ("n", "x")]
    assert range_layout([short, listed], points).stepped
    assert not range_layout([Range("n", 1, 30, 1)], [{"n": 3}]).stepped


def test_ranges_say_what_they_are() -> None:
    texts = ["n=5:50", "n=5:50:5", "x=0.1:0.5", "on=true,false"]
    said = [str(Range.parse(text, DECLARED)) for text in texts]
    assert said == ["5 to 50", "5 to 50 by 5", "0.1 to 0.5", "true, false"]
