"""Models in sessions: the signals of the backtest, bit for bit, over kills and while they learn."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from modelled_scene import END, MODELS, Blas, Follow, LeastSquares, session_in, settings_in
from msgspec.structs import replace as replace_bar
from session_scene import SERIES, in_backtest, in_paper
from tradectl_sdk import backtest, resume_session
from tradectl_sdk.errors import StrategyError, UsageError
from tradectl_sdk.exchange import BarClosed
from tradectl_sdk.models import walk_forward
from tradectl_sdk.nodes.failpoints import VARIABLE
from tradectl_sdk.nodes.host.recording import read_frames
from tradectl_sdk.nodes.host.records import Saw, Warmed
from tradectl_sdk.pipelines.modelling import find_models
from tradectl_sdk.pipelines.series import Window, load_series
from tradectl_sdk.pipelines.session import Session
from tradectl_sdk.pipelines.sessions.forecasting import Forecaster
from tradectl_sdk.pipelines.sessions.history import Past

if TYPE_CHECKING:
    from tradectl_sdk import Bars


def spx(start: str = "2000-03-01", name: str = SERIES[0]) -> Bars:
    return load_series(name, "1d", Window(start, END), Path("absent")).bars


def recorded(session: Session, name: str, place: int) -> dict[int, float]:
    """What stood beside each bar the strategy was shown, by when it closed."""
    found = {}
    for frame in read_frames(session.folder.record):
        if isinstance(frame, Saw | Warmed):
            for bar, values in zip(frame.bars, frame.forecasts, strict=True):
                if bar.instrument == name:
                    before = found.setdefault(bar.time, values[place])
                    assert np.array_equal(before, values[place], equal_nan=True)
    return found


def check_signals(session: Session) -> None:
    """Fail unless every value is that of walking forward over the same bars, to the last bit."""
    for name in SERIES:
        bars = spx(name=name)
        for place, (name_of, make) in enumerate(MODELS.items()):
            mine = recorded(session, name, place)
            assert list(mine) == bars.close_time.tolist(), name_of
            whole = walk_forward(make(), bars).values
            assert np.array(list(mine.values())).tobytes() == whole.tobytes(), name_of
            assert np.isfinite(whole).sum() > 60


def test_a_paper_session_with_models_equals_its_backtest(tmp_path: Path) -> None:
    session = session_in(tmp_path)
    result = session.run()
    check_signals(session)
    report = result.parity()
    assert report.differences == ()
    assert report.notes == ()
    assert report.matched > 10
    past = backtest(Follow, SERIES, start="2000-03-01", end=END, models=MODELS, mode="interpreted")
    assert in_paper(session.folder) == in_backtest(SERIES, past.record)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from modelled_scene import session_in
session_in(Path(sys.argv[1])).run()
"""


def test_after_a_kill_the_next_life_is_told_the_same_and_goes_on_with_it(tmp_path: Path) -> None:
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, here],
        env={**os.environ, VARIABLE: "host.decision.made:kill:5"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    with pytest.raises(UsageError, match="model Blas of forecast was given as Python code"):
        resume_session(folder.name, strategy=Follow, settings=settings_in(tmp_path)).run()
    session = resume_session(
        folder.name, strategy=Follow, models=MODELS, settings=settings_in(tmp_path)
    )
    before = len(recorded(session, SERIES[0], 0))
    assert before > 40
    session.run()
    assert len(recorded(session, SERIES[0], 0)) > before
    check_signals(session)


def test_a_model_is_pinned_and_another_one_is_refused(tmp_path: Path) -> None:
    session = session_in(tmp_path)
    pinned = session.opened.plan.models
    assert list(pinned) == ["forecast", "other"]
    assert (pinned["other"]["model"], pinned["other"]["code"]) == ("Blas", True)
    assert session.opened.plan.warmup == 50
    changed = {**MODELS, "other": partial(Blas, horizon=1, first=50, every=26, embargo=2)}
    again = resume_session(
        session.id, strategy=Follow, models=changed, settings=settings_in(tmp_path)
    )
    with pytest.raises(UsageError, match="model Blas of other is not what it was"):
        again.run()
    with pytest.raises(UsageError, match="the model of forecast was Python code"):
        Session(replace(session.opened, strategy=None)).start()


def test_what_makes_no_signal_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Follow reads the signal 'other', and nothing makes it"):
        session_in(tmp_path, models={"forecast": LeastSquares})
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_fails_fails_the_strategy(tmp_path: Path) -> None:
    class Fails(LeastSquares):
        def fit(self, features: Any, labels: Any) -> Any:
            raise ValueError("no")

    session = session_in(tmp_path, models={**MODELS, "other": partial(Fails, first=20)})
    with pytest.raises(StrategyError, match="Fails: fit raised ValueError: no"):
        session.run()


def test_parity_says_which_forecasts_are_others_when_they_are_made_again(tmp_path: Path) -> None:
    class Moody(LeastSquares):
        """Forecasts otherwise in another process, or the second time."""

        lives = 0

        def __init__(self) -> None:
            super().__init__(first=60)
            Moody.lives += 1

        def fit(self, features: Any, labels: Any) -> Any:
            line = super().fit(features, labels)
            line.weights = line.weights * (1 + 1e-15 * Moody.lives)
            return line

    session = session_in(
        tmp_path, models={"forecast": Moody, "other": LeastSquares}, end="2000-07-01"
    )
    result = session.run()
    (note,) = result.parity().notes
    words = r"\d+ of \d+ values of forecast are others when its model runs again"
    assert re.fullmatch(words, note)


def closed(bars: Bars) -> tuple[BarClosed, ...]:
    columns = (bars.close_time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return tuple(
        BarClosed(
            instrument=str(bars.instrument.id), length=bars.timeframe.nanoseconds, time=time,
            open=first, high=high, low=low, close=last, volume=volume,
        )
        for time, first, high, low, last, volume in zip(*(c.tolist() for c in columns), strict=True)
    )  # fmt: skip


def test_a_history_is_forecast_once_and_bars_that_are_passed_over_count_for_nothing() -> None:
    bars = spx()
    made = find_models(MODELS)
    whole = list(zip(*(walk_forward(make(), bars).values for make in MODELS.values()), strict=True))
    told = closed(bars)

    def fresh() -> Forecaster:
        return Forecaster(made, [bars.instrument], bars.timeframe)

    def same(found: Any, expected: Any) -> bool:
        return np.asarray(found).tobytes() == np.asarray(expected).tobytes()

    first = fresh()
    past = first.begin(Past(told[:90]))
    assert same(list(past.foreseen.values()), whole[:90])
    stranger = replace_bar(told[90], instrument="OTHER.X")
    assert first.foresee([told[20], stranger]) == ((), ())
    assert same(first.foresee(told[90:91]), whole[90:91])
    later = fresh()
    assert later.begin(past) is past
    later.fit_ahead()
    assert same(later.foresee(told[90:100]), whole[90:100])
