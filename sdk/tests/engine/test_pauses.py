"""The loop gives Python a turn now and then, and nothing depends on when."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
from casino import Assumptions, make_plan, same
from tradectl_sdk.engine import Mode, Plan, engine, run
from tradectl_sdk.strategy import Strategy
from workbench import columns, flat, instrument


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("stride", [1, 7, 100])
def test_pauses_change_nothing(monkeypatch, count, stride):
    plan = make_plan(5, count, 120, Assumptions())
    whole = run(plan, Mode.INTERPRETED)
    monkeypatch.setattr(engine, "STRIDE", stride)
    same(run(plan, Mode.INTERPRETED), whole)


class Counter(Strategy):
    """Trades now and then, and adds up what it sees."""

    def on_start(self, ctx) -> None:
        self.seen = 0
        self.sum = 0.0

    def on_bar(self, ctx, bar) -> None:
        self.seen += 1
        self.sum += bar.close * ctx.position
        if self.seen % 1000 == 0:
            ctx.target(float(self.seen // 1000 % 5))


@pytest.mark.parametrize("count", [1, 2])
def test_a_compiled_run_goes_on_after_each_pause(monkeypatch, count):
    monkeypatch.setattr(engine, "STRIDE", 4096)
    ones = [instrument(f"S{k}") for k in range(count)]
    length = 2 * engine.STRIDE // count + 1000  # two pauses
    bars = flat(*(10 + k % 7 for k in range(length)))
    plan = Plan(
        instruments=ones,
        columns=[columns(bars, one, k) for k, one in enumerate(ones)],
        make_strategy=Counter,
    )
    turns: list[int] = []
    compiled = run(plan, Mode.COMPILED, turn=lambda: turns.append(1))
    assert compiled.mode is Mode.COMPILED
    assert compiled.strategies[0].seen == length
    assert len(turns) == 2
    same(compiled, run(replace(plan), Mode.INTERPRETED, turn=lambda: turns.append(1)))
    assert len(turns) == 4


FOREVER = """
    import signal
    from tradectl_sdk.kernel import compile_kernel

    class Forever:
        def __init__(self) -> None:
            self.turns = 0

        def run(self) -> int:
            self.turns += 1
            return 2

    # A shell that starts its jobs in the background has them ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    forever = Forever()
    compiled = compile_kernel(forever)
    assert compiled(forever) == 2 and forever.turns == 1
    try:
        print("running", flush=True)
        compiled(forever, pause=2)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_is_heard_at_a_pause(tmp_path):
    file = tmp_path / "forever.py"
    file.write_text(textwrap.dedent(FOREVER))
    process = subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    try:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (rest, process.returncode) == ("interrupted\n", 0)
