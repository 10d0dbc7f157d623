"""Conformance checks as pytest tests; the only module here that imports pytest.

The whole test file of a plugin::

    from tradectl_sdk.testing import parametrize, plugin_checks


    @parametrize(plugin_checks("acme"))
    def test_conforms(check):
        check()
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pytest

from tradectl_sdk.testing.checks import Check, CheckSkippedError, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NOTHING_EXPECTED: Final[Mapping[str, str]] = MappingProxyType({})


def parametrize(
    checks: Iterable[Check], *, expected_failures: Mapping[str, str] = _NOTHING_EXPECTED
) -> pytest.MarkDecorator:
    """Make one test per check, for a test function with the argument ``check``.

    Args:
        checks: What to run.
        expected_failures: Name of a check -> why it is known to fail; one that passes all the
            same fails the test.

    Raises:
        UsageError: When an expected failure names no check.
    """
    checks = list(checks)
    refuse_unknown(expected_failures, checks)
    return pytest.mark.parametrize(
        "check",
        [
            pytest.param(
                replace(check, function=partial(_run, check), skip=""),
                id=check.name,
                marks=_marks(expected_failures.get(check.name, "")),
            )
            for check in checks
        ],
    )


def _run(check: Check) -> None:
    """Run a check and tell pytest when it does not apply."""
    try:
        check()
    except CheckSkippedError as skipped:
        pytest.skip(str(skipped))


def _marks(reason: str) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.xfail(reason=reason, strict=True),) if reason else ()
