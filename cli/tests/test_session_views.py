"""What a session has done can be seen while it runs and after it has ended."""

from __future__ import annotations

import pytest
from session_stage import answering, make_session, supervised, trade
from tradectl_sdk.bus.messages.control import (
    AskPrices,
    CancelEverything,
    Declined,
    Difference,
    Done,
    LastPrices,
    NodeStatus,
    Reconcile,
    Reconciled,
    SetSwitch,
)


@pytest.fixture
def folder(project):
    made = make_session(project)
    trade(made)
    return made


def test_working_orders_are_shown_and_all_on_request(run, folder) -> None:
    answer = run("orders")
    assert answer.status == 0, answer.err
    assert "partially filled" in answer.out
    assert "denied" not in answer.out
    everything = run("orders", folder.id, "--all", "--json").data["orders"]
    assert [one["status"] for one in everything] == ["partially_filled", "filled", "denied"]
    assert everything[2]["reason"] == "CASH"
    assert everything[0]["filled"] == "0.500"
    assert everything[1]["limit"] == "100.00"
    text = run("orders", "--all").out
    assert "cash" in text


def test_fills_are_shown_with_price_and_fee(run, folder) -> None:
    answer = run("fills", folder.id[:4])
    assert answer.status == 0
    assert "100.5" in answer.out
    assert "0.01 USDT" in answer.out
    assert len(run("fills", "--json").data["fills"]) == 2
    assert len(run("fills", "-n", "1", "--json").data["fills"]) == 1
    assert "the latest 1 shown" in run("fills", "-n", "1").err


def test_positions_and_money_are_shown(run, folder) -> None:
    answer = run("positions")
    assert "+2.5" in answer.out
    assert "no last prices" in answer.err
    (held,) = run("positions", "--json").data["positions"]
    assert (held["instrument"], held["quantity"]) == ("BTC/USDT.TEST", "2.500")
    assert float(held["entry_price"]) == 100.5
    assert held["last_price"] is held["value"] is held["unrealised"] is None
    money = run("balance", "--json").data
    assert money["currency"] == "USDT"
    assert float(money["cash"]) == pytest.approx(1_000_000 - 2.5 * 100.5 - 0.02)
    assert "999,748.73 USDT" in run("balance").out


def test_a_session_that_runs_says_what_positions_have_gained(run, folder) -> None:
    def told(_: object) -> LastPrices:
        return LastPrices(ticks={"BTC/USDT.TEST": 10_000})

    with supervised(folder), answering(folder, "executor", told) as asked:
        answer = run("positions")
        (held,) = run("positions", "--json").data["positions"]
    assert isinstance(asked[0], AskPrices)
    assert "-1.25" in answer.out
    assert "250.00" in answer.out
    assert "no last prices" not in answer.err
    assert (float(held["last_price"]), float(held["value"])) == (100.0, 250.0)
    assert float(held["unrealised"]) == -1.25


def test_a_session_that_does_not_run_says_so(run, folder) -> None:
    answer = run("status")
    assert answer.status == 6
    assert "made" in answer.out
    assert "parity" in answer.err
    assert run("ps", "--json").data["sessions"] == []
    (listed,) = run("ps", "--all", "--json").data["sessions"]
    assert (listed["session"], listed["strategy"], listed["state"]) == (folder.id, "cross", "made")
    folder.write_state({"state": "running"})
    assert run("ps", "--all", "--json").data["sessions"][0]["state"] == "lost"


def test_a_session_that_runs_tells_of_its_nodes(run, folder) -> None:
    folder.write_state({"state": "running", "supervisor": 7, "nodes": {"host": {"state": "ended"}}})

    def told(_: object) -> NodeStatus:
        return NodeStatus(
            name="executor", pid=42, epoch=3, state="ready", figures={"orders": 5}, text="all well"
        )

    with supervised(folder), answering(folder, "executor", told):
        assert "running" in run("ps").out
        answer = run("status", "--json")
    assert answer.status == 0
    nodes = {one["name"]: one for one in answer.data["nodes"]}
    assert (nodes["executor"]["pid"], nodes["executor"]["state"]) == (42, "ready")
    assert "all well; orders 5" in nodes["executor"]["text"]
    assert nodes["host"]["state"] == "ended"
    assert nodes["gateway"]["state"] == "not started"
    assert answer.data["account"]["working orders"] == "1"


def test_live_is_written_in_capitals(run, project) -> None:
    trade(make_session(project, mode="live"))
    assert "LIVE" in run("ps", "--all").out
    status = run("status")
    assert "LIVE" in status.out
    assert "tradectl live start --resume" in status.err


@pytest.mark.parametrize("command", ["orders", "fills", "positions", "balance", "status", "logs"])
def test_without_sessions_every_view_says_how_to_start_one(run, command: str) -> None:
    answer = run(command)
    assert answer.status == 6
    assert "no session in this project" in answer.err
    assert "paper start" in answer.err


def test_a_session_is_named_when_several_run(run, project, folder) -> None:
    other = make_session(project)
    with supervised(folder), supervised(other):
        answer = run("orders")
        assert answer.status == 2
        assert folder.id in answer.err
        assert run("orders", folder.id).status == 0
    answer = run("orders", other.id)
    assert answer.status == 6
    assert "has no journal yet" in answer.err
    assert run("orders", "nonsense").status == 6


def test_only_sessions_of_its_mode_are_meant_by_a_stop(run, project, folder) -> None:
    answer = run("live", "stop")
    assert answer.status == 6
    assert "there is no live session in this project" in answer.err
    other, real = make_session(project), make_session(project, mode="live")
    with supervised(folder), supervised(other), supervised(real):
        answer = run("live", "stop", folder.id)
        assert (answer.status, f"{folder.id} is a paper session" in answer.err) == (2, True)
        answer = run("paper", "stop")
        assert "several sessions run" in answer.err
        assert real.id not in answer.err


def test_logs_are_merged_in_the_order_of_time(run, folder) -> None:
    folder.log("gateway").write_text(
        "2026-01-01 00:00:01.000 connected\n2026-01-01 00:00:03.000 bar\n  and its rest\n"
    )
    folder.log("executor").write_text("2026-01-01 00:00:02.000 ready\n")
    lines = run("logs", "--json").data["lines"]
    assert [one["node"] for one in lines] == ["gateway", "executor", "gateway", "gateway"]
    assert lines[3]["text"] == "  and its rest"
    assert "ready" not in run("logs", "--node", "gateway").out
    assert run("logs", "-n", "1").out.count("\n") == 1
    assert [one["text"] for one in run("logs", "-n", "1", "--json").data["lines"]] == [
        "  and its rest"
    ]
    assert run("logs", "-n", "0", "--json").data["lines"] == []
    assert run("logs", "--node", "moon").status == 6


def test_a_session_that_has_logged_nothing_says_so(run, folder) -> None:
    answer = run("logs")
    assert answer.status == 0
    assert "has logged nothing yet" in answer.err


def test_growing_logs_are_followed_whole_line_by_whole_line(run, folder, monkeypatch) -> None:
    folder.log("gateway").write_text("2026-01-01 00:00:01.000 connected\n")
    steps = [
        lambda: folder.log("host").write_text("2026-01-01 00:00:02.000 ready\n2026-01-01 00:0"),
        lambda: append(folder.log("host"), "0:03.000 bar\n"),
        lambda: append(folder.log("gateway"), "2026-01-01 00:00:04.000 gone\n"),
    ]

    def sleep(_: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr("tradectl.commands.watching.time.sleep", sleep)
    lines = run("logs", "--follow").out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["gateway", "2026-01-01 00:00:01.000 connected"],
        ["host", "2026-01-01 00:00:02.000 ready"],
        ["host", "2026-01-01 00:00:03.000 bar"],
        ["gateway", "2026-01-01 00:00:04.000 gone"],
    ]


def append(path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_where_nothing_runs_the_next_step_is_a_start(run, project) -> None:
    answer = run("ps")
    assert answer.status == 0
    assert "no session runs here" in answer.err
    assert "tradectl ps --all" in answer.err
    assert "there are no sessions" in run("ps", "--all").err


def test_a_session_whose_description_is_gone_is_still_listed(run, folder) -> None:
    (folder.path / "session.json").write_text("{")
    (listed,) = run("ps", "--all", "--json").data["sessions"]
    assert (listed["session"], listed["strategy"], listed["instruments"]) == (folder.id, None, [])
    assert run("status", folder.id).status == 6


def test_a_comparison_that_finds_something_exits_with_one(run, folder) -> None:
    difference = Difference(subject="BTC/USDT.TEST", ours="2.5", theirs="3", remedy="book 0.5")

    def compared(question: Reconcile) -> Reconciled:
        return Reconciled(differences=(difference,), applied=question.apply)

    with answering(folder, "executor", compared) as asked:
        answer = run("reconcile")
        assert answer.status == 1
        assert "book 0.5" in answer.out
        assert "--apply" in answer.err
        assert run("reconcile", "--apply").status == 2  # nobody is there to agree
        assert run("reconcile", "--apply", "--yes").status == 0
    assert [one.apply for one in asked] == [False, True]
    with answering(folder, "executor", lambda _: Reconciled()):
        assert "agree" in run("reconcile").out


def test_panic_cancels_and_flattens_only_when_asked(run, folder) -> None:
    with answering(folder, "executor", lambda _: Done(lines=("cancelled 1",), left=1)) as asked:
        answer = run("panic")
        assert answer.status == 0
        assert "cancelled 1" in answer.out
        assert "not confirmed yet" in answer.err
        assert run("panic", "--flatten").status == 2
        assert run("panic", "--flatten", "--yes").status == 0
    assert all(isinstance(one, CancelEverything) and one.by for one in asked)
    assert [one.flatten for one in asked] == [False, True]


def test_the_kill_switch_is_thrown_at_once_and_released_by_a_person(run, folder) -> None:
    done = Done(lines=("the kill switch is halted", "3 orders are cancelled"))
    with answering(folder, "executor", lambda _: done) as asked:
        said = run("risk", "halt", "--why", "news")
        assert (said.status, said.out.count("kill switch is")) == (0, 1)
        assert "3 orders are cancelled" in said.out
        assert run("risk", "halt", "--reducing").status == 0
        assert run("risk", "resume").status == 2
        assert run("risk", "resume", "--yes").status == 0
    assert [one.state for one in asked] == ["halted", "reducing", "active"]
    assert all(isinstance(one, SetSwitch) and one.by for one in asked)
    assert asked[0].text == "news"


def test_what_an_executor_declines_ends_with_its_status(run, folder) -> None:
    declined = Declined(status=7, text="the account has not been compared", hint="wait")
    with answering(folder, "executor", lambda _: declined):
        answer = run("risk", "resume", "--yes")
    assert answer.status == 7
    assert "has not been compared" in answer.err


@pytest.mark.parametrize("words", [("reconcile",), ("panic",), ("risk", "halt")])
def test_controls_of_a_session_that_does_not_run_say_so(run, folder, words) -> None:
    answer = run(*words)
    assert answer.status == 6
    assert "the executor of this session is not running" in answer.err
    assert f"until tradectl paper start --resume {folder.id}" in answer.err
