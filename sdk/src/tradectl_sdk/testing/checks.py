"""Conformance checks: plain functions that raise, one list for pytest, command line and grader.

A kind of component has a ``Suite``. Adding a check is writing one function::

    @STRATEGY.check(requires={"multi-instrument"})
    def keeps_instruments_apart(subject: StrategySubject) -> None:
        \"\"\"What happens to one instrument leaves the positions in others alone.\"\"\"
        require(..., "was ..., expected ...")

Its name is what authors list in ``expected_failures``, its docstring what they read in the report.
A check that requires a capability is skipped for components that do not claim it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from tradectl_sdk.errors import UsageError, did_you_mean
from tradectl_sdk.plugins.faults import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

T = TypeVar("T")
_NOTHING_EXPECTED: Final[Mapping[str, str]] = MappingProxyType({})


class CheckFailedError(AssertionError):
    """A component does not conform; the message says what was found and what was expected."""


class CheckSkippedError(Exception):
    """A check does not apply; the message says why."""


def require(condition: object, message: str) -> None:
    """Fail the check unless the condition holds.

    Raises:
        CheckFailedError: With the message.
    """
    if not condition:
        raise CheckFailedError(message)


class Outcome(enum.StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    XFAIL = "xfail"  # failed, as its author had announced with a reason
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One check bound to the component it looks at; call it, and it returns or raises.

    Attributes:
        name: What it is called in ``expected_failures`` and reports.
        doc: The rule it holds the component to, one line.
        function: Raises when the rule is broken.
        skip: Why it does not apply; empty when it does.
    """

    name: str
    doc: str
    function: Callable[[], None]
    skip: str = ""

    def __call__(self) -> None:
        """Run the check.

        Raises:
            CheckSkippedError: When it does not apply.
            CheckFailedError: When the rule is broken.
        """
        if self.skip:
            raise CheckSkippedError(self.skip)
        self.function()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended, with what it found."""

    name: str
    doc: str
    status: Outcome
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Rule(Generic[T]):
    name: str
    doc: str
    function: Callable[[T], None]
    requires: frozenset[str]


class Suite(Generic[T]):
    """The checks for one kind of component, in the order they were written."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._rules: list[_Rule[T]] = []

    def check(
        self, *, requires: Collection[str] = ()
    ) -> Callable[[Callable[[T], None]], Callable[[T], None]]:
        """Add a function to the suite; its name and its docstring are shown to authors.

        Args:
            requires: Capabilities without which the check is skipped.
        """

        def add(function: Callable[[T], None]) -> Callable[[T], None]:
            doc = (function.__doc__ or "").strip().partition("\n")[0]
            rule = _Rule(function.__name__, doc, function, frozenset(requires))
            self._rules.append(rule)
            return function

        return add

    def checks(
        self, subject: T, *, capabilities: Collection[str] = (), prefix: str = ""
    ) -> list[Check]:
        """Bind every check to a subject.

        Args:
            subject: What the checks look at.
            capabilities: What it claims to do.
            prefix: Put before each name, where several subjects share a report.
        """
        return [
            Check(
                prefix + rule.name,
                rule.doc,
                partial(rule.function, subject),
                _missing(rule.requires - set(capabilities)),
            )
            for rule in self._rules
        ]


def _missing(capabilities: Iterable[str]) -> str:
    names = ", ".join(sorted(capabilities))
    return f"does not claim {names}" if names else ""


def run_checks(
    checks: Iterable[Check], *, expected_failures: Mapping[str, str] = _NOTHING_EXPECTED
) -> list[CheckResult]:
    """Run every check, whatever the others do.

    Args:
        checks: What to run.
        expected_failures: Name of a check -> why it is known to fail. One that passes all the
            same is reported as failed, so that the list never outlives its reasons.

    Raises:
        UsageError: When an expected failure names no check.
    """
    checks = list(checks)
    refuse_unknown(expected_failures, checks)
    return [_run(check, expected_failures.get(check.name, "")) for check in checks]


def refuse_unknown(expected_failures: Mapping[str, str], checks: Collection[Check]) -> None:
    """Raise when an expected failure names no check.

    Raises:
        UsageError: Naming the first that does not exist.
    """
    names = [check.name for check in checks]
    for name in expected_failures:
        if name not in names:
            raise UsageError(
                f"expected failure {name!r} is no check", hint=did_you_mean(name, names)
            )


def _run(check: Check, expected: str) -> CheckResult:
    def result(status: Outcome, message: str = "") -> CheckResult:
        return CheckResult(check.name, check.doc, status, message)

    try:
        check()
    except KeyboardInterrupt:
        raise
    except CheckSkippedError as skipped:
        return result(Outcome.SKIPPED, str(skipped))
    except BaseException as error:  # noqa: BLE001 - a component must not end the report
        found = str(error) if isinstance(error, CheckFailedError) else f"raised {describe(error)}"
        if expected:
            return result(Outcome.XFAIL, f"{expected} ({found})")
        return result(Outcome.FAILED, found)
    if expected:
        message = f"passed, although it was expected to fail: {expected}"
        return result(Outcome.FAILED, message)
    return result(Outcome.PASSED)
