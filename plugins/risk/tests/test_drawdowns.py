"""The worst drawdowns are those of the metrics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tradectl_risk.drawdowns import worst_drawdowns
from tradectl_sdk.testing.sample_runs import DAY, START, idle_run, traded_run


def test_the_deepest_comes_first_and_is_the_metric() -> None:
    run = traded_run()
    section = worst_drawdowns(run)
    assert section is not None
    rows = section.parts[0].rows
    assert rows[0][1] == run.metrics.text("max_drawdown")
    depths = [float(row[1].split()[0]) for row in rows]
    assert depths == sorted(depths, reverse=True)


def test_peak_recovery_and_days_are_told_and_an_open_one_is_not_over() -> None:
    levels = 100_000 * np.array([1.0, 0.9, 1.0, 1.1, 0.88])
    run = replace(traded_run(), time=START + DAY * np.arange(1, 6), equity=levels)
    section = worst_drawdowns(run)
    assert section is not None
    assert section.parts[0].rows == (
        ("1", "20.00 %", "2020-09-17", "not yet", "1"),
        ("2", "10.00 %", "2020-09-14", "2020-09-16", "2"),
    )


def test_a_run_without_loss_has_none() -> None:
    assert worst_drawdowns(idle_run()) is None
