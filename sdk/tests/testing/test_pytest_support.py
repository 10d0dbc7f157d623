from __future__ import annotations

import pytest
import tradectl_sdk.testing
from tradectl_sdk.errors import UsageError
from tradectl_sdk.testing import parametrize

pytest_plugins = ["pytester"]

AUTHORS_FILE = """
from tradectl_sdk.testing import Check, CheckFailedError, CheckSkippedError, parametrize

def fail():
    raise CheckFailedError("was 1, expected 2")

def skip():
    raise CheckSkippedError("no reason to look")

CHECKS = [
    Check("sound", "", lambda: None),
    Check("broken", "", fail),
    Check("known", "", fail),
    Check("mended", "", lambda: None),
    Check("beside_the_point", "", skip),
    Check("not_claimed", "", fail, skip="does not claim it"),
]

@parametrize(CHECKS, expected_failures={"known": "ticket 7", "mended": "ticket 8"})
def test_conforms(check):
    check()
"""


def test_every_outcome_reaches_pytest(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(AUTHORS_FILE)

    result = pytester.runpytest_subprocess("-rA", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1, failed=2, xfailed=1, skipped=2)
    result.stdout.fnmatch_lines_random(
        [
            "E *CheckFailedError: was 1, expected 2",
            "FAILED *test_conforms?broken?*",
            "FAILED *test_conforms?mended?*",
            "*does not claim it",
            "*ticket 7*",
        ]
    )


def test_an_announced_failure_must_name_a_check() -> None:
    with pytest.raises(UsageError, match="expected failure 'x' is no check"):
        parametrize([], expected_failures={"x": "typo"})


def test_the_rest_of_the_module_has_no_such_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        tradectl_sdk.testing.nothing  # noqa: B018
