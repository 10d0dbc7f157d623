from __future__ import annotations

import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.testing import Check, Outcome, Suite, require, run_checks

NUMBERS: Suite[int] = Suite("number")


@NUMBERS.check()
def is_positive(number: int) -> None:
    """It is above zero.

    Not shown in reports.
    """
    require(number > 0, f"was {number}, expected more than 0")


@NUMBERS.check(requires={"even", "big"})
def is_even(number: int) -> None:
    """It is a multiple of two."""
    require(number % 2 == 0, f"was {number}, expected a multiple of 2")


def outcome(number: int, expected: dict[str, str] | None = None) -> tuple[Outcome, str]:
    result = run_checks(NUMBERS.checks(number), expected_failures=expected or {})[0]
    return result.status, result.message


def test_a_check_passes_or_says_what_was_expected() -> None:
    assert outcome(1) == (Outcome.PASSED, "")
    assert outcome(-1) == (Outcome.FAILED, "was -1, expected more than 0")


def test_a_check_goes_by_its_function_and_the_first_line_of_its_doc() -> None:
    first, second = NUMBERS.checks(1, prefix="one:")

    assert (first.name, first.doc) == ("one:is_positive", "It is above zero.")
    assert second.name == "one:is_even"


def test_a_check_is_skipped_without_the_capabilities_it_requires() -> None:
    result = run_checks(NUMBERS.checks(3, capabilities={"even"}))[1]
    assert (result.status, result.message) == (Outcome.SKIPPED, "does not claim big")

    result = run_checks(NUMBERS.checks(3, capabilities={"even", "big"}))[1]
    assert result.status is Outcome.FAILED


def test_an_announced_failure_does_not_count() -> None:
    assert outcome(-1, {"is_positive": "debts"}) == (
        Outcome.XFAIL,
        "debts (was -1, expected more than 0)",
    )


def test_an_announced_failure_that_passes_is_a_failure() -> None:
    status, message = outcome(1, {"is_positive": "debts"})

    assert status is Outcome.FAILED
    assert message == "passed, although it was expected to fail: debts"


def test_an_announced_failure_must_name_a_check() -> None:
    with pytest.raises(UsageError, match="expected failure 'is_positiv' is no check") as caught:
        outcome(1, {"is_positiv": "typo"})

    assert caught.value.hint == "did you mean is_positive?"


def raising(error: BaseException) -> Check:
    def function() -> None:
        raise error

    return Check("raises", "It raises.", function)


def test_whatever_a_check_raises_the_others_run() -> None:
    checks = [raising(ValueError("x")), raising(SystemExit(3)), *NUMBERS.checks(1)]

    assert [result.message for result in run_checks(checks)[:3]] == [
        "raised ValueError: x",
        "raised SystemExit: 3",
        "",
    ]


def test_a_keyboard_interrupt_ends_the_run() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_checks([raising(KeyboardInterrupt())])
