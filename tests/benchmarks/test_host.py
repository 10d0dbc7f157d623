"""The host's benchmark measures a host that works."""

from __future__ import annotations

from benchmarks.host import grown, main, stepped


def test_the_strategy_decides_something_and_every_step_is_timed(tmp_path):
    spent, decided = stepped(600, tmp_path / "session.record")
    assert (spent > 0).all()
    assert 10 < decided.sum() < 300
    assert (tmp_path / "session.record").stat().st_size > 600 * 100


def test_memory_is_looked_at_and_the_table_printed(capsys):
    assert grown(400) < 100_000
    main(["--bars", "200", "--memory", "0"])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in printed[2:]] == [
        "step",
        "step, where it decides",
        "step and record",
        "step and record, where it decides",
    ]
