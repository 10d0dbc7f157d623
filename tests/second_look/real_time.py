"""Which tests live in real time: the one list of them.

Their processes, sockets, threads and clocks are real, so a machine that is busy with something else
may make them late. Tests of the engine, kernels, order machine, risk, metrics and whatever else is
a function of its input are not among them, even where they start a process to compare with.
"""

from __future__ import annotations

from fnmatch import fnmatch
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MARKER: Final = "real_time"
PLACES: Final = (
    "cli/tests/test_data_pull.py",
    "cli/tests/test_interrupts.py",
    "cli/tests/test_notify_commands.py",
    "cli/tests/test_paper_commands.py",
    "cli/tests/test_parity_command.py",
    "cli/tests/test_session_views.py",
    "cli/tests/test_streams.py",
    "plugins/ccxt/tests/test_feeds.py",
    "plugins/ccxt/tests/test_outcomes.py",
    "plugins/ccxt/tests/test_recordings.py",
    "plugins/ccxt/tests/test_sandbox.py",
    "plugins/dask/tests/test_*.py",
    "plugins/native/tests/test_native.py",
    "plugins/notify/tests/test_notifiers.py",
    "plugins/sandbox/tests/test_ccxt_client.py",
    "plugins/sandbox/tests/test_faults.py",
    "plugins/sandbox/tests/test_lists.py",
    "plugins/sandbox/tests/test_process.py",
    "plugins/sandbox/tests/test_rest.py",
    "plugins/sandbox/tests/test_streams.py",
    "plugins/sandbox/tests/test_wire_shapes.py",
    "sdk/tests/bus/test_in_process.py",
    "sdk/tests/bus/test_intruders.py",
    "sdk/tests/bus/test_processes.py",
    "sdk/tests/bus/test_zeromq_*.py",
    "sdk/tests/exchange/test_streams.py",
    "sdk/tests/nodes/executor/test_shell.py",
    "sdk/tests/nodes/gateway/test_guards.py",
    "sdk/tests/nodes/gateway/test_performing.py",
    "sdk/tests/nodes/gateway/test_shell.py",
    "sdk/tests/nodes/host/test_modelled.py",
    "sdk/tests/nodes/host/test_node.py",
    "sdk/tests/nodes/supervisor/test_launching.py",
    "sdk/tests/nodes/supervisor/test_processes.py",
    "sdk/tests/nodes/test_control.py",
    "sdk/tests/nodes/test_small_parts.py",
    "sdk/tests/notify/test_courier.py",
    "sdk/tests/paper/test_exchange.py",
    "sdk/tests/paper/test_replay.py",
    "sdk/tests/pipelines/optimizing/test_database.py",
    "sdk/tests/pipelines/parity/test_sessions.py",
    "sdk/tests/pipelines/sessions/test_in_process.py",
    "sdk/tests/pipelines/sessions/test_models.py",
    "sdk/tests/pipelines/sessions/test_processes.py",
    "sdk/tests/pipelines/sessions/test_session_face.py",
    "sdk/tests/pipelines/sessions/test_telling.py",
    "sdk/tests/pipelines/sweeps/test_workers.py",
    "sdk/tests/testing/test_exchange_suite.py",
    "sdk/tests/testing/test_tcp_proxy.py",
    "tests/benchmarks/test_bus.py",
    "tests/benchmarks/test_run.py",
    "tests/benchmarks/test_signals.py",
    "tests/browser/test_*.py",
    "tests/live/test_*.py",
    "tests/reliability/test_disruptions.py",
    "tests/reliability/test_exchange_answers.py",
    "tests/reliability/test_kills.py",
    "tests/reliability/test_real_client.py",
)


@cache  # asked for each test of a file
def lives_in_real_time(file: Path, root: Path) -> bool:
    """Say whether the tests of a file do."""
    if not file.is_relative_to(root):
        return False
    name = file.relative_to(root).as_posix()
    return any(fnmatch(name, place) for place in PLACES)
