"""Gives tests that live in real time a second look, alone, before they fail a run.

A plugin of pytest that ``--second-look`` switches on, in the process that hands out the tests. It
looks again only if few tests failed and all of them are marked ``real_time``. What passes only
alone is printed as flaky, with what went wrong the first time. Whatever else fails, fails: one
deterministic test among the failed, a worker that died, a file that could not be imported.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from real_time import MARKER, lives_in_real_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.terminal import TerminalReporter

MOST: Final = 5
_STAGES: Final = frozenset({"setup", "call", "teardown"})  # a worker that died has none of them


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--second-look",
        action="store_true",
        help=f"run up to {MOST} failed tests again, alone, if all of them live in real time",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if lives_in_real_time(item.path, config.rootpath):
            item.add_marker(MARKER)


@pytest.hookimpl(trylast=True)  # when the workers have gone
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if exitstatus != pytest.ExitCode.TESTS_FAILED or not config.getoption("--second-look"):
        return
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None:
        return
    failed = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
    tests = worth_a_second_look(failed)
    if tests and _pass_alone(tests, config, reporter):
        reporter.stats["flaky"] = failed
        reporter.stats.pop("failed", None)
        reporter.stats.pop("error", None)
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    for report in terminalreporter.stats.get("flaky", ()):
        terminalreporter.write_sep("_", f"the first time: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
    for test in _named(terminalreporter.stats.get("flaky", ())):
        terminalreporter.write_line(f"FLAKY, mend it: {test}", red=True, bold=True)


def worth_a_second_look(failed: Iterable[Any]) -> tuple[str, ...]:
    """Return the names of the tests that failed, or none if they are to fail the run.

    Args:
        failed: Reports of tests, and of whatever else may fail.
    """
    reports = tuple(failed)
    for report in reports:
        if getattr(report, "when", None) not in _STAGES or MARKER not in report.keywords:
            return ()
    tests = _named(reports)
    return tests if len(tests) <= MOST else ()


def _named(reports: Iterable[Any]) -> tuple[str, ...]:
    """Return each test's name once."""
    return tuple(dict.fromkeys(report.nodeid for report in reports))


def _pass_alone(tests: tuple[str, ...], config: pytest.Config, reporter: TerminalReporter) -> bool:
    """Run tests in one process with nothing beside it; return whether every one passed."""
    reporter.write_line("")
    reporter.write_sep("=", "a second look at what lives in real time, alone")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=config.rootpath, capture_output=True, text=True, check=False)
    reporter.write_line(done.stdout + done.stderr)
    closing = done.stdout.rstrip().rpartition("\n")[2]
    return done.returncode == 0 and closing.startswith(f"{len(tests)} passed in ")
