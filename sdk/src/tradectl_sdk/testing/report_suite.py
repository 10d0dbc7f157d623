"""What every section that a plugin adds to reports is held to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tradectl_sdk.errors import PluginError
from tradectl_sdk.report.checking import checked
from tradectl_sdk.report.markup import section_html
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, Suite, require
from tradectl_sdk.testing.sample_runs import idle_run, traded_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.report import Section
    from tradectl_sdk.runs import RunRecord


@dataclass(frozen=True, slots=True)
class ReportSectionSubject:
    """One section under test."""

    factory: Callable[..., Any]

    def of(self, run: RunRecord) -> Section | None:
        """Have it made for a run.

        Raises:
            CheckFailedError: When it is no section that a page can show.
        """
        made = self.factory(run)
        try:
            return None if made is None else checked(made)
        except PluginError as error:
            raise CheckFailedError(error.message) from error


REPORT_SECTION: Final[Suite[ReportSectionSubject]] = Suite("report section")


@REPORT_SECTION.check()
def tells_of_a_run(subject: ReportSectionSubject) -> None:
    """Of a run with trades it makes a section that fits together, or None."""
    subject.of(traded_run())


@REPORT_SECTION.check()
def copes_with_a_run_in_which_nothing_happened(subject: ReportSectionSubject) -> None:
    """Of a run of one bar, without an order or kept exposure, it makes a section, or None."""
    subject.of(idle_run())


@REPORT_SECTION.check()
def says_the_same_again(subject: ReportSectionSubject) -> None:
    """Two sections on one run are the same: no clock, chance or network is in them."""
    first, second = (subject.of(traded_run()) for _ in range(2))
    if first is None or second is None:
        raise CheckSkippedError("it has nothing to say of the sample run")
    require(
        section_html(first) == section_html(second),
        "told two things of one run, expected the same",
    )


@REPORT_SECTION.check()
def leaves_the_run_alone(subject: ReportSectionSubject) -> None:
    """It changes nothing in the run, which others read after it."""
    run = traded_run()
    before = _arrays(run)
    subject.of(run)
    changed = [name for name, data in before.items() if getattr(run, name).tobytes() != data]
    require(not changed, f"changed {', '.join(changed)} of the run, expected it untouched")


def _arrays(run: RunRecord) -> dict[str, bytes]:
    values = {each.name: getattr(run, each.name) for each in fields(run)}
    return {
        name: value.tobytes() for name, value in values.items() if isinstance(value, np.ndarray)
    }
