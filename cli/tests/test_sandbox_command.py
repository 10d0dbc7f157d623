"""What makes no sense to ``tradectl sandbox start`` is refused in words before anything listens."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--fee", "abc", "--fee was 'abc', expected a number"),
        ("--fee", "2", "--fee was '2', expected less than 1"),
        ("--cash", "nan", "--cash was 'nan', expected a number"),
        ("--cash", "-1", "--cash was '-1', expected a number"),
        ("--port", "70000", "invalid value for '--port'"),
        ("--speed", "-1", "invalid value for '--speed'"),
        ("--history", "-5", "invalid value for '--history'"),
    ],
)
def test_what_makes_no_sense_is_refused(run, option: str, value: str, text: str) -> None:
    answer = run("sandbox", "start", option, value)
    assert answer.status == 2
    assert text in answer.err
