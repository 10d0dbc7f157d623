"""Which node is started, stopped and killed when, by the supervisor's core alone."""

from __future__ import annotations

from typing import Any

import pytest
from tradectl_sdk.nodes.supervisor import (
    Abandoned,
    Ended,
    Halt,
    Kill,
    Launch,
    Launched,
    RestartRules,
    StopAsked,
    SupervisorCore,
    Terminate,
    Waited,
)

SECOND = 1_000_000_000
RULES = RestartRules(most=2, window=60 * SECOND, first_pause=SECOND, stop_time=5 * SECOND)


class Scene:
    """A supervisor's core and what it wants done."""

    def __init__(self, *dispensable: str) -> None:
        self.now = 0
        nodes = ("gateway", "executor", "host")
        self.core = SupervisorCore(nodes, RULES, frozenset(dispensable))
        self.calls: list[Any] = list(self.core.start(0).calls)
        self.wake: int | None = None

    def step(self, *events: Any) -> list[Any]:
        self.calls = []
        for event in events:
            effects = self.core.step(self.now, event)
            self.calls += effects.calls
            self.wake = effects.wake
        return self.calls

    def up(self) -> Scene:
        self.step(*(Launched(name, 7) for name in ("gateway", "executor", "host")))
        return self

    def die(self, node: str = "gateway", status: int = -9) -> list[Any]:
        return self.step(Ended(node, status))

    def sleep(self, seconds: float) -> list[Any]:
        self.now += int(seconds * SECOND)
        return self.step(Waited())


def test_all_nodes_are_launched_and_the_session_runs_when_all_can_be_spoken_to() -> None:
    scene = Scene()
    assert scene.calls == [Launch("gateway"), Launch("executor"), Launch("host")]
    scene.step(Launched("host", 1), Launched("gateway", 2))
    assert scene.core.state == "starting"
    scene.step(Launched("executor", 3))
    assert scene.core.state == "running"


def test_a_node_that_dies_is_launched_again_after_a_pause_that_doubles() -> None:
    scene = Scene().up()
    assert scene.die() == []
    assert scene.wake == SECOND
    assert scene.sleep(0.9) == []
    assert scene.sleep(0.1) == [Launch("gateway")]
    scene.step(Launched("gateway", 8))
    scene.die()
    assert scene.wake == scene.now + 2 * SECOND


def test_a_node_that_dies_too_often_halts_the_session_and_stops_the_rest_in_order() -> None:
    scene = Scene().up()
    for _ in range(2):
        scene.die()
        scene.sleep(10)
        scene.step(Launched("gateway", 8))
    halt, stop = scene.die()
    assert halt == Halt("the gateway died again, 2 restarts in 60 s are allowed: killed by SIGKILL")
    assert stop == Terminate("host")
    assert scene.step(Ended("host", 0)) == [Terminate("executor")]
    assert scene.step(Ended("executor", 0)) == []
    assert (scene.core.state, scene.core.over) == ("halted", True)


def test_deaths_that_lie_far_back_do_not_count() -> None:
    scene = Scene().up()
    for _ in range(5):
        scene.die()
        assert scene.sleep(31) == [Launch("gateway")]
        scene.step(Launched("gateway", 8))
    assert scene.core.state == "running"
    assert scene.core.describe()["nodes"]["gateway"]["restarts"] == 5


@pytest.mark.parametrize("status", [2, 3, 4, 6, 7])
def test_what_would_fail_again_is_not_tried_again(status: int) -> None:
    scene = Scene().up()
    assert scene.step(Ended("host", status, "no such strategy")) == [Terminate("executor")]
    scene.step(Ended("executor", 0), Ended("gateway", 0))
    assert scene.core.state == "failed"
    assert scene.core.text == "the host could not go on: no such strategy"


def test_the_rest_goes_on_without_a_strategy_that_is_gone_for_good_and_the_switch_moves() -> None:
    scene = Scene("host").up()
    assert scene.step(Ended("host", 2, "it hung")) == [Abandoned("the host has failed: it hung")]
    assert (scene.core.state, scene.core.text) == ("running", "the host has failed: it hung")


def test_orders_are_looked_after_though_a_strategy_cannot_be_started_again() -> None:
    scene = Scene("host").up()
    scene.die("host")
    assert scene.sleep(1) == [Launch("host")]
    scene.step(Ended("host", 3, "the disk is full"))
    assert scene.core.state == "running"
    assert scene.calls == [Abandoned("the host has failed: the disk is full")]


def test_a_strategy_that_fails_before_all_run_ends_the_session_at_once() -> None:
    scene = Scene("host")
    scene.step(Launched("host", 1), Launched("executor", 2))
    scene.step(Ended("host", 2, "no such strategy"))
    scene.step(Launched("gateway", 3))
    scene.step(Ended("executor", 0), Ended("gateway", 0))
    assert (scene.core.state, scene.core.over) == ("failed", True)


def test_a_node_that_finishes_ends_the_session() -> None:
    scene = Scene().up()
    assert scene.step(Ended("gateway", 0)) == [Terminate("host")]
    scene.step(Ended("host", 0), Ended("executor", 0))
    assert scene.core.state == "finished"


def test_nodes_are_stopped_one_after_another_host_first_gateway_last() -> None:
    scene = Scene().up()
    assert scene.step(StopAsked()) == [Terminate("host")]
    assert scene.step(StopAsked()) == []
    assert scene.step(Ended("host", 0)) == [Terminate("executor")]
    assert scene.step(Ended("executor", 0)) == [Terminate("gateway")]
    assert not scene.core.over
    scene.step(Ended("gateway", -15))
    assert scene.core.state == "stopped"


def test_a_node_that_does_not_stop_is_killed() -> None:
    scene = Scene().up()
    scene.step(StopAsked())
    assert scene.sleep(4.9) == []
    assert scene.sleep(0.1) == [Kill("host")]
    assert scene.sleep(5) == [Kill("host")]
    assert scene.step(Ended("host", -9)) == [Terminate("executor")]


def test_a_stop_while_nodes_start_waits_until_they_can_be_spoken_to() -> None:
    scene = Scene()
    assert scene.step(Launched("gateway", 1), StopAsked()) == []
    assert scene.step(Launched("host", 2)) == [Terminate("host")]
    assert scene.step(Ended("host", 0)) == []
    assert scene.step(Ended("executor", 4, "never came up")) == [Terminate("gateway")]
    scene.step(Ended("gateway", 0))
    assert scene.core.state == "stopped"


def test_a_stop_ends_a_planned_restart() -> None:
    scene = Scene().up()
    scene.die("gateway")
    scene.step(StopAsked())
    assert Launch("gateway") not in scene.sleep(1)


def test_a_session_that_is_over_stays_over() -> None:
    scene = Scene().up()
    scene.step(StopAsked(), Ended("host", 0), Ended("executor", 0), Ended("gateway", 0))
    assert scene.step(StopAsked(), Waited()) == []
    assert scene.core.state == "stopped"


@pytest.mark.parametrize(
    ("status", "words"),
    [(-15, "killed by SIGTERM"), (-200, "killed by signal 200"), (70, "ended with status 70")],
)
def test_an_end_without_words_is_put_into_words(status: int, words: str) -> None:
    scene = Scene().up()
    scene.die("host", status)
    assert scene.core.describe()["nodes"]["host"]["text"] == words
