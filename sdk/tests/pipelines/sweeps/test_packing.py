"""A task that travelled gives what it gives at home, or is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Settings, Strategy
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.engine import Mode
from tradectl_sdk.errors import TradectlError, UsageError
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.planning import parameter_values
from tradectl_sdk.pipelines.series import Window, load_series
from tradectl_sdk.pipelines.sweeps import open_task
from tradectl_sdk.pipelines.sweeps.bar_bytes import decode, encode
from tradectl_sdk.pipelines.sweeps.packing import _add
from tradectl_sdk.pipelines.sweeps.sources import source_of
from tradectl_sdk.pipelines.sweeps.trial import Trials
from tradectl_sdk.research import Portable

sys.path.insert(0, str(Path(__file__).parents[2] / "models"))

from small_models import LeastSquares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tradectl_sdk.research import Trial

STRATEGY = """
from tradectl_sdk import Strategy, param
from tradectl_sdk.indicators import SMA
from sent_sizes import LOTS, size


class Sent(Strategy):
    length: int = param(5, ge=2, le=50)

    def on_start(self, ctx):
        self.average, self.warmup = SMA(self.length), self.length
        self.lots = size(LOTS)

    def on_bar(self, ctx, bar):
        average = self.average.update(bar.close)
        if bar.close > average and ctx.position == 0:
            ctx.buy(self.lots)
        elif bar.close < average and ctx.position > 0:
            ctx.close()
"""
READER = """
from tradectl_sdk import Strategy, param


class Reader(Strategy):
    signals = ("forecast=nowhere-installed",)
    least: float = param(0.0, ge=0.0, le=1.0)

    def on_start(self, ctx):
        self.forecast = ctx.signal("forecast")

    def on_bar(self, ctx, bar):
        if self.forecast.value > self.least and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(1)
        elif self.forecast.value < self.least and ctx.position > 0:
            ctx.close()
"""
SIZES = """
LOTS = 3


def size(lots):
    return lots + 1
"""
OPEN = """
import json, sys
from pathlib import Path
from tradectl_sdk.pipelines.sweeps import open_task
folder = Path(sys.argv[1])
parts = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "key"}
run = open_task((folder / "key").read_text(), parts)
print(json.dumps([[t.metrics, t.final_equity, t.order_hash]
                  for t in (run(n, {"length": 5 + 5 * n}) for n in range(3))]))
"""
METRICS = ("total_return", "sharpe_ratio", "trades", "fees")


@pytest.fixture
def bars() -> Bars:
    one = Instrument(symbol="SYN", venue="TEST", tick_size=Decimal("0.05"), lot_size=Decimal(1))
    (series,) = synthetic_market([one], bars=300, timeframe="1d", seed=4)
    return series.bars


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "sent_sizes.py").write_text(SIZES)
    (tmp_path / "unused.py").write_text("TOKEN = 'in a file that nobody imports'")
    path = tmp_path / "sent.py"
    path.write_text(STRATEGY)
    return path


@pytest.fixture(autouse=True)
def nothing_imported() -> Iterator[None]:
    yield
    sys.modules.pop("sent_sizes", None)


def opened(key: str, parts: Mapping[str, bytes]) -> Callable[..., Trial]:
    """Open a task as a process does that has imported nothing of it."""
    sys.modules.pop("sent_sizes", None)
    return open_task(key, parts)


def task_of(strategy: object, bars: Bars, settings: Settings | None = None) -> Trials:
    found = find_strategy(strategy)
    series = (load_series(bars, "1d", Window(), Path("absent")),)
    job = prepare(
        found, {}, series, settings or Settings(), signals={}, warmup=3, trials=3, plugins=None
    )
    points = [{"length": 5 + 5 * number} for number in range(3)]
    fixed = parameter_values(found, {})
    return Trials(job, fixed, points, METRICS, mode=Mode.INTERPRETED, hashes=True)


def test_a_process_that_shares_nothing_gives_the_same_trials(
    bars: Bars, file: Path, tmp_path: Path
) -> None:
    assumed = {"slippage_bps": Decimal("1.50"), "cash": 50000, "market_fill": "this_close"}
    settings = Settings.model_validate({"backtest": assumed, "risk": {"max_order_quantity": 9}})
    task = task_of(f"{file}:Sent", bars, settings)
    portable = task.portable()
    folder = tmp_path / "parts"
    folder.mkdir()
    for name, data in portable.parts.items():
        (folder / name).write_bytes(data)
    (folder / "key").write_text(portable.key)
    for own in (file, file.with_name("sent_sizes.py")):
        own.unlink()  # nothing but the parts is left of it
    done = subprocess.run(
        [sys.executable, "-c", OPEN, folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    here = [task(number) for number in range(3)]
    numbers = [[list(one.metrics), one.final_equity, one.order_hash] for one in here]
    assert done.stdout == json.dumps(numbers) + "\n"
    assert len({one.order_hash for one in here}) == 3


def test_bars_travel_exactly_and_the_same_bars_are_the_same_part(bars: Bars) -> None:
    data = encode(bars)
    assert encode(bars.rows(0, len(bars))) == data
    assert len(data) < bars.time.nbytes * 6
    for name, column in decode(data).items():
        assert column.tobytes() == getattr(bars, name).tobytes()


def test_what_a_model_forecast_travels_as_columns_and_nothing_of_the_model_does(
    bars: Bars, tmp_path: Path
) -> None:
    """Made once at home; a worker needs neither the model nor what the model is made of."""
    path = tmp_path / "reader.py"
    path.write_text(READER)
    found = find_strategy(f"{path}:Reader")
    series = (load_series(bars, "1d", Window(), Path("absent")),)
    job = prepare(
        found, {}, series, Settings(),
        signals={}, models={"forecast": LeastSquares}, warmup=0, trials=3, plugins=None,
    ).with_forecasts()  # fmt: skip
    points = [{"least": 0.001 * number} for number in range(3)]
    task = Trials(job, {}, points, METRICS, mode=Mode.INTERPRETED, hashes=True)
    portable = task.portable()
    (column,) = job.plan.signals["forecast"]
    assert column.tobytes() in portable.parts.values()
    assert np.isnan(column[:100]).all()
    assert b"LeastSquares" not in portable.parts[portable.key]
    run = open_task(portable.key, portable.parts)
    there = [run(number, point) for number, point in enumerate(points)]
    assert there == [task(number) for number in range(3)]
    assert len({one.order_hash for one in there}) == 3


def test_another_column_than_was_named_is_refused(bars: Bars, file: Path) -> None:
    task = task_of(f"{file}:Sent", bars)
    column = np.arange(300.0)
    task.job = replace(task.job, plan=replace(task.job.plan, signals={"forecast": (column,)}))
    portable = task.portable()
    document = json.loads(portable.parts[portable.key])
    parts = dict(portable.parts)
    document["places"][0]["signals"]["forecast"] = [_add((column + 1e-12).tobytes(), parts)]
    key = _add(json.dumps(document).encode(), parts)
    with pytest.raises(UsageError, match="asked differ in settings, expected"):
        opened(key, parts)


RECEIVING = """
import json
import multiprocessing
import sys
from tradectl_sdk.pipelines.sweeps.sources import find_sent

if __name__ == "__main__":
    sent = json.load(sys.stdin), None
    print(find_sent(*sent).name, find_sent(*sent).name)
    worker = multiprocessing.get_context("spawn").Process(target=find_sent, args=sent)
    worker.start()
    worker.join()
    sys.exit(worker.exitcode)
"""


def test_files_that_were_sent_go_with_the_process_they_were_sent_to(
    file: Path, tmp_path: Path
) -> None:
    script, scratch = tmp_path / "receiving.py", tmp_path / "scratch"
    script.write_text(RECEIVING)
    scratch.mkdir()
    ended = subprocess.run(
        [sys.executable, script],
        input=json.dumps(source_of(find_strategy(f"{file}:Sent"), None)),
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout.split()) == 2
    assert not list(scratch.iterdir())


def test_an_installed_strategy_is_sent_by_its_name(bars: Bars) -> None:
    task = task_of("sma-cross", bars)
    portable = task.portable()
    document = json.loads(portable.parts[portable.key])
    assert document["strategy"] == {"plugin": "sma-cross"}
    run = open_task(portable.key, portable.parts)
    assert run(0, {"fast": 3}) == task.run(0, {"fast": 3})


def test_nothing_but_what_a_trial_depends_on_is_sent(
    bars: Bars, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED_TOKEN", "environment-secret")
    settings = Settings.model_validate({
        "exchange": {"planted": {"adapter": "sandbox", "account": "planted"}},
        "notify": {"me": {"notifier": "webhook", "secret": "env:PLANTED_TOKEN"}},
        "plugins": {"sandbox": {"planted": "in a table that no trial reads"}},
        "runs": {"directory": "planted-folder"},
    })  # fmt: skip
    found = find_strategy(f"{file}:Sent")
    series = (load_series(bars, "1d", Window(), Path("absent")),)
    monkeypatch.setattr("tradectl_sdk.pipelines.planning.check_plugin_tables", lambda *_: None)
    job = prepare(found, {}, series, settings, signals={}, warmup=0, trials=1, plugins=None)
    portable = Trials(job, {}, [{}], METRICS, mode=Mode.AUTO, hashes=False).portable()
    sent = b"\n".join(portable.parts.values()).lower()
    for word in (b"planted", b"secret", b"in a file"):
        assert word not in sent


def test_a_setting_that_refers_to_a_secret_stays(bars: Bars, file: Path) -> None:
    task = task_of(f"{file}:Sent", bars)
    fees = {"model": "tiered", "account": "env:TOKEN"}
    section = task.job.settings.backtest.model_validate({"fees": fees})
    settings = task.job.settings.model_copy(update={"backtest": section})
    task.job = replace(task.job, settings=settings)
    with pytest.raises(UsageError, match=r"backtest\.fees\.account refers to a secret"):
        task.portable()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("strategy", lambda d: d["strategy"]["files"].update({"sent_sizes.py": SIZES + "\n"})),
        ("strategy", lambda d: d["places"][0]["expected"].update(strategy="0" * 64)),
        ("engine", lambda d: d["places"][0]["expected"].update(engine="0.0.0+other")),
        ("data", lambda d: d["places"][0]["series"][0].update(content_hash="0" * 64)),
        ("parameters", lambda d: d["fixed"].update(length=7)),
        ("settings", lambda d: d["settings"]["backtest"].update(slippage_bps=7)),
        ("rules", lambda d: d["places"][0]["expected"].update(rules=["another.rule 0"])),
    ],
)
def test_what_would_give_other_results_is_refused(
    name: str, change: object, bars: Bars, file: Path
) -> None:
    portable = task_of(f"{file}:Sent", bars).portable()
    document = json.loads(portable.parts[portable.key])
    change(document)
    parts = dict(portable.parts)
    key = _add(json.dumps(document).encode(), parts)
    with pytest.raises(UsageError, match=f"asked differ in {name}, expected"):
        opened(key, parts)


def test_a_part_that_is_not_what_its_hash_says_is_refused(bars: Bars, file: Path) -> None:
    portable = task_of(f"{file}:Sent", bars).portable()
    other = Portable(portable.key, {key: data + b" " for key, data in portable.parts.items()})
    with pytest.raises(UsageError, match="is not what its hash says"):
        open_task(other.key, other.parts)
    with pytest.raises(UsageError, match="missing"):
        open_task(portable.key, {portable.key: portable.parts[portable.key]})


def test_the_next_text_under_the_same_name_is_another_strategy(bars: Bars, file: Path) -> None:
    first = task_of(f"{file}:Sent", bars).portable()
    sys.modules.pop("sent_sizes")
    file.with_name("sent_sizes.py").write_text(SIZES.replace("+ 1", "+ 2"))
    second = task_of(f"{file}:Sent", bars).portable()
    one = opened(first.key, first.parts)(0, {})
    other = open_task(second.key, second.parts)(0, {})  # what came first is still imported
    assert one.order_hash != other.order_hash


def test_a_class_that_is_in_no_file_stays_here(bars: Bars) -> None:
    class Local(Strategy):
        """Made in a function."""

    with pytest.raises(UsageError, match="Local was made in this process"):
        task_of(Local, bars).portable()


def test_a_file_name_that_leads_elsewhere_is_refused(bars: Bars, file: Path) -> None:
    portable = task_of(f"{file}:Sent", bars).portable()
    document = json.loads(portable.parts[portable.key])
    document["strategy"]["files"]["../outside.py"] = "1"
    parts = dict(portable.parts)
    key = _add(json.dumps(document).encode(), parts)
    with pytest.raises(TradectlError, match=r"expected name\.py"):
        opened(key, parts)
    assert replace(portable, key=key).key != portable.key
