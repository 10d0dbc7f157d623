from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS, LEAVES, RAISES, RESTLESS, wave, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

PLAIN = ("--engine", "interpreted")
ABC = ("backtest", "cross.py", "ABC.TEST", *PLAIN)


@pytest.fixture
def ready(run: Run, project: Path) -> Path:
    """A project with a strategy and a series of its own."""
    (project / "cross.py").write_text(CROSS)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    return project


def runs_of(project: Path) -> list[Path]:
    return list((project / ".tradectl" / "runs").glob("r-*"))


def test_the_screen_says_what_was_run_assumed_and_found(run: Run, ready: Path) -> None:
    answer = run(*ABC, "--set", "bars=8")
    assert answer.status == 0
    blocks = [block.splitlines() for block in answer.out.split("\n\n")]
    assert [lines[0] for lines in blocks] == [
        "Cross", "Assumptions", "Result in USD", "Checks", "Note", "Run",
    ]  # fmt: skip
    head, assumed, result, checks, note, kept = ("\n".join(lines) for lines in blocks)
    assert "parameters  bars=8" in head
    assert "ABC.TEST  1d  2024-01-01 to 2024-07-18  200 bars" in head
    assert "interpreted, " in head
    assert "100,000 USD, cash account" in assumed
    assert "0.1 % of the value" in assumed
    assert "2 basis points on taking fills" in assumed
    assert result.splitlines()[1].split()[0] == "Return"
    assert "Buy and hold" in result.splitlines()[1]
    assert "look-ahead" in checks
    assert "too few to tell skill from luck" in note
    (folder,) = runs_of(ready)
    assert folder.name in kept
    assert answer.err.startswith(f"next: tradectl runs show {folder.name[:10]} --trades")
    assert f"tradectl report {folder.name[:10]}" in answer.err
    assert "tradectl strategy check " in answer.err


def test_numbers_of_the_result_are_aligned_and_fit_eighty_columns(
    run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    answer = run(*ABC)
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    block = answer.out.split("Result in USD\n")[1].split("\n\n")[0].splitlines()
    assert len({len(line) for line in block}) == 1


def test_json_has_everything_with_exact_amounts(run: Run, ready: Path) -> None:
    answer = run(*ABC, "--json")
    assert json.loads(answer.out)["schema"] == "tradectl.backtest/1"
    data = answer.data
    assert data["run"].startswith("r-")
    assert data["engine"] == {"mode": "interpreted", "reason": ""}
    assert isinstance(data["final_equity"], str)
    assert len(data["order_list_hash"]) == 64
    filled = [order for order in data["orders"] if order["status"] == "filled"]
    assert len(data["fills"]) == len(filled) > 0
    first = data["fills"][0]
    assert {"time", "instrument", "side", "quantity", "price", "fee", "reason"} <= set(first)
    assert data["metrics"]["values"]["trades"] == sum(not each["open"] for each in data["trades"])
    assert data["settings"]["backtest"]["cash"] == "100000"
    assert data["assumptions"]["inside a bar"] == "stop before target"
    assert {check["name"] for check in data["checks"]} >= {"look-ahead", "gaps", "warm-up"}
    assert answer.err == ""


def test_an_undefined_metric_is_null_with_its_reason_and_n_a_on_the_screen(
    run: Run, ready: Path
) -> None:
    never = ("backtest", "cross.py", "ABC.TEST", *PLAIN, "--warmup", "200")
    answer = run(*never, "--json")
    assert answer.data["metrics"]["values"]["win_rate"] is None
    assert answer.data["metrics"]["undefined"]["win_rate"] == "no trade was closed"
    screen = run(*never).out
    assert "n/a" in screen
    assert "nothing was traded" in screen


def test_compiled_and_interpreted_give_the_same_run(run: Run, ready: Path) -> None:
    plain = run(*ABC, "--json").data
    fast = run("backtest", "cross.py", "ABC.TEST", "--engine", "compiled", "--fresh", "--json").data
    assert fast["engine"]["mode"] == "compiled"
    assert fast["order_list_hash"] == plain["order_list_hash"]
    assert fast["final_equity"] == plain["final_equity"]


def test_what_cannot_be_compiled_says_why(run: Run, ready: Path) -> None:
    text = CROSS.replace("average = self", 'print("", end="")\n        average = self')
    (ready / "talks.py").write_text(text)
    answer = run("backtest", "talks.py", "ABC.TEST")
    assert answer.status == 0
    assert "not compiled: " in answer.out
    refused = run("backtest", "talks.py", "ABC.TEST", "--engine", "compiled", "--fresh")
    assert refused.status == 2
    assert "talks.py" in refused.err


def test_the_same_inputs_are_answered_from_the_store(run: Run, ready: Path) -> None:
    first = run(*ABC, "--json").data
    again = run(*ABC, "--json").data
    assert (first["stored"], again["stored"]) == (False, True)
    assert again["run"] == first["run"]
    assert "answered from the store" in run(*ABC).out
    assert not run(*ABC, "--fresh", "--json").data["stored"]
    assert len(runs_of(ready)) == 1
    assert run(*ABC, "--set", "bars=9", "--json").data["run"] != first["run"]


def test_the_bracket_shows_both_ends_and_their_difference(run: Run, ready: Path) -> None:
    answer = run(*ABC, "--bracket")
    assert answer.status == 0
    (heading,) = [line for line in answer.out.splitlines() if "optimistic  difference" in line]
    assert heading.split() == ["pessimistic", "optimistic", "difference"]
    (slippage,) = [line for line in answer.out.splitlines() if line.strip().startswith("Slippage")]
    paid, none, saved = slippage.split()[1:]
    assert (none, saved) == ("0.00", f"-{paid}")
    assert len(runs_of(ready)) == 2
    data = run(*ABC, "--bracket", "--json").data
    assert data["optimistic"]["run"] != data["run"]
    assert data["optimistic"]["settings"]["assumptions"]["limit_fill"] == "touch"
    assert "as assumed" in run(*ABC, "--bracket", "--assume", "limit_fill=touch").out


def test_assumptions_come_from_options_over_the_settings(run: Run, ready: Path) -> None:
    (ready / "tradectl.toml").write_text("[backtest]\ncash = 5000\nslippage_bps = 7\n")
    data = run(*ABC, "--assume", "slippage_bps=0", "--json").data
    assert data["initial_equity"] == "5000"
    assert data["assumptions"]["slippage"] == "none"
    assert run(*ABC, "--cash", "777", "--json").data["initial_equity"] == "777"


def test_a_newcomer_gets_the_sample(run: Run, project: Path) -> None:
    answer = run("backtest", "buy-and-hold", *PLAIN, "--start", "2015-01-01", "--end", "2016-01-01")
    assert answer.status == 0
    assert "SPX.SAMPLE  1d  2015-01-02 to 2015-12-31  252 bars" in answer.out
    assert "no series was named, so this is SPX.SAMPLE" in answer.err


def test_without_the_sample_the_only_series_is_meant(
    run: Run, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECTL_PLUGINS", "strategies,risk,costs")
    assert run("backtest", "cross.py", *PLAIN, "--json").data["data"][0]["instrument"] == "ABC.TEST"
    assert run("data", "import", "prices.csv", "--instrument", "DEF.TEST").status == 0
    answer = run("backtest", "cross.py", *PLAIN)
    assert answer.status == 3
    assert "the catalog has 2 instruments" in answer.err
    assert run("data", "rm", "ABC.TEST", "--yes").status == 0
    assert run("data", "rm", "DEF.TEST", "--yes").status == 0
    assert "there is no data to run on" in run("backtest", "cross.py", *PLAIN).err


def test_bars_are_as_long_as_those_of_the_catalog_unless_said(run: Run, ready: Path) -> None:
    write_csv(ready / "weeks.csv", wave()[::7])
    assert run("data", "import", "weeks.csv", "--instrument", "WEEK.TEST").status == 0
    weekly = run("backtest", "cross.py", "WEEK.TEST", *PLAIN, "--json").data["data"][0]
    assert (weekly["timeframe"], weekly["bars"]) == ("1w", 29)
    daily = run("backtest", "cross.py", "ABC.TEST", *PLAIN, "--timeframe", "1w", "--json").data
    assert daily["data"][0]["timeframe"] == "1w"


def test_several_series_share_one_account(run: Run, ready: Path) -> None:
    assert run("data", "import", "prices.csv", "--instrument", "DEF.TEST").status == 0
    data = run("backtest", "cross.py", "ABC.TEST", "DEF.TEST", *PLAIN, "--json").data
    assert {fill["instrument"] for fill in data["fills"]} == {"ABC.TEST", "DEF.TEST"}


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("nope", "ABC.TEST"), 6, "there is no strategy 'nope'"),
        (("sma-cros", "ABC.TEST"), 6, "did you mean sma-cross?"),
        (("none.py", "ABC.TEST"), 6, "there is no file none.py"),
        (("cross.py", "ABC.TES"), 3, "did you mean ABC.TEST?"),
        (("cross.py", "ABC.TEST", "--set", "brs=3"), 2, "did you mean bars?"),
        (("cross.py", "ABC.TEST", "--set", "bars=99"), 2, "bars was 99, expected 2 to 50"),
        (("cross.py", "ABC.TEST", "--set", "bars=few"), 2, "bars was 'few'"),
        (("cross.py", "ABC.TEST", "--set", "bars"), 2, "expected KEY=VALUE"),
        (("cross.py", "ABC.TEST", "--timeframe", "1y"), 2, "timeframe was '1y'"),
        (("cross.py", "ABC.TEST", "--start", "soon"), 2, "time was 'soon'"),
        (("cross.py", "ABC.TEST", "--start", "2030-01-01"), 3, "no 1d bars from 2030-01-01"),
        (("cross.py", "ABC.TEST", "--assume", "slipage_bps=1"), 2, "--assume slipage_bps"),
        (("cross.py", "ABC.TEST", "--assume", "volume_share=7"), 2, "was 7, expected at most 1"),
        (("cross.py", "ABC.TEST", "--cash", "0"), 2, "expected more than 0"),
        (("cross.py", "ABC.TEST", "--cash", "1", "--assume", "cash=2"), 2, "given twice"),
        (("cross.py", "ABC.TEST", "--engine", "turbo"), 2, "turbo"),
        (("cross.py", "ABC.TEST", "--warmup", "-1"), 2, "--warmup"),
        ((), 2, "missing argument"),
    ],
)
def test_wrong_words_are_refused_and_nothing_is_kept(
    run: Run, ready: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    answer = run("backtest", *words)
    assert answer.status == status
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert runs_of(ready) == []


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        (RAISES, 2, "the strategy raised ValueError: enough at bar 3 (2024-01-04"),
        (LEAVES, 2, "the strategy raised SystemExit: 0 at bar 1 ("),
        ("class Broken(:\n", 2, "bad.py:1"),
        ("import nowhere_at_all\n", 2, "nowhere_at_all"),
        ("x = 1\n", 6, "bad.py has no strategy"),
    ],
    ids=["raises", "leaves", "syntax error", "import error", "no strategy"],
)
def test_a_bad_strategy_is_blamed_by_its_line_and_nothing_is_kept(
    run: Run, ready: Path, text: str, status: int, message: str
) -> None:
    (ready / "bad.py").write_text(text)
    answer = run("backtest", "bad.py", "ABC.TEST", *PLAIN)
    assert answer.status == status
    assert message in answer.err
    assert runs_of(ready) == []


def test_a_strategy_that_changes_when_data_are_cut_is_a_finding(run: Run, ready: Path) -> None:
    (ready / "restless.py").write_text(RESTLESS)
    words = ("backtest", "restless.py", "ABC.TEST", *PLAIN)
    answer = run(*words)
    assert answer.status == 1
    assert "warning: look-ahead: without the bars after" in answer.err
    (check,) = [line for line in answer.out.splitlines() if line.strip().startswith("look-ahead")]
    assert check.split()[1] == "fail"
    assert run(*words).status == 1  # the store remembers
    assert '"ok": false' in run(*words, "--json").out


def test_quiet_leaves_the_result_alone(run: Run, ready: Path) -> None:
    answer = run(*ABC, "--quiet")
    assert (answer.status, answer.err) == (0, "")
    assert "Result in USD" in answer.out


def test_a_process_of_its_own_gives_the_same_bytes(
    run: Run, start: Callable[..., Answer], ready: Path
) -> None:
    here = run(*ABC, "--json").data
    there = start(*ABC, "--fresh", "--json")
    assert there.status == 0
    for key in ("run", "order_list_hash", "final_equity", "fills", "metrics"):
        assert there.data[key] == here[key]


def test_one_trial_is_not_shown_as_deflated_by_trials(run: Run, ready: Path) -> None:
    (line,) = [line for line in run(*ABC).out.splitlines() if "Deflated Sharpe" in line]
    assert line.endswith("one trial")


def test_refused_orders_say_in_words_why(run: Run, ready: Path) -> None:
    (ready / "dear.py").write_text(CROSS.replace("ctx.buy(", "ctx.buy(1e6 + 0 * "))
    answer = run("backtest", "dear.py", "ABC.TEST", *PLAIN)
    assert "CASH: cash, less what open orders may need, does not cover it" in " ".join(
        answer.out.split()
    )
