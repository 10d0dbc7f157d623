from __future__ import annotations

import itertools
from typing import Any

import pytest
from tradectl_sdk.report import Section, Table, Words
from tradectl_sdk.testing import Outcome, report_section_checks, run_checks

_count = itertools.count()


def sound(run: Any) -> Section:
    rows = tuple((str(each["id"]), str(each["net"])) for each in run.trades)
    table = Table(key="trades", caption=f"Trades of {run.run_id}", head=("Trade", "Net"), rows=rows)
    return Section(key="own", title="Own", parts=(table,))


def of(words: str) -> Section:
    return Section(key="own", title="Own", parts=(Words((words,)),))


def markup(run: Any) -> Any:
    return "<b>bold</b>"


def fails_without_trades(run: Any) -> Section:
    return of(str(run.trades["net"][0]))


def counts(run: Any) -> Section:
    return of(str(next(_count)))


def spoils(run: Any) -> Section:
    run.equity[:] = 0
    return of("spoilt")


def failed(factory: Any) -> set[str]:
    results = run_checks(report_section_checks(factory))
    return {result.name for result in results if result.status is Outcome.FAILED}


def test_a_sound_section_passes_every_check() -> None:
    results = run_checks(report_section_checks(sound))
    assert {result.status for result in results} == {Outcome.PASSED}


@pytest.mark.parametrize(
    ("factory", "check"),
    [
        (markup, "tells_of_a_run"),
        (fails_without_trades, "copes_with_a_run_in_which_nothing_happened"),
        (counts, "says_the_same_again"),
        (spoils, "leaves_the_run_alone"),
    ],
)
def test_each_fault_is_found(factory: Any, check: str) -> None:
    assert any(name.endswith(check) for name in failed(factory))


def test_nothing_to_say_is_no_fault() -> None:
    assert failed(lambda run: None) == set()
