"""What plugins add to a report; one that fails is named and hurts nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.errors import PluginError
from tradectl_sdk.plugins.faults import PhaseError, blame
from tradectl_sdk.plugins.records import Phase
from tradectl_sdk.report.checking import checked
from tradectl_sdk.report.sections import prefixed

if TYPE_CHECKING:
    from tradectl_sdk.hooks import ReportSectionSpec
    from tradectl_sdk.plugins import Plugins, Provided
    from tradectl_sdk.report import Section
    from tradectl_sdk.runs import RunRecord


def added_sections(
    record: RunRecord, plugins: Plugins
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """Ask every plugin that adds to reports for its sections on a run.

    Returns:
        The sections, sorted by the names they are offered under, and a sentence for each that
        could not be made.
    """
    sections, problems = [], []
    for name, provided in plugins.report_sections().items():
        try:
            section = _made(record, provided)
        except PhaseError as error:
            source = provided.source
            problems.append(f"No section {name} by {source}: {error.failure.message}.")
        except PluginError as error:
            problems.append(f"No section {name}: {error.message}.")
        else:
            sections += [] if section is None else [prefixed(section, f"added-{name}")]
    return tuple(sections), tuple(problems)


def _made(record: RunRecord, provided: Provided[ReportSectionSpec]) -> Section | None:
    factory = provided.load()
    with blame(provided.plugin, Phase.OBSERVE, "it"):
        made = factory(record)
        return None if made is None else checked(made)
