"""The supervisor without I/O: who is to run, what becomes of one that died, how all are stopped."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.nodes.effects import Effects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECOND: Final = 1_000_000_000
# What a node ends with when trying again would give the same: usage, data, credentials, not found,
# refused. Whatever else it ends with may be different the next time.
PERMANENT: Final = frozenset({2, 3, 4, 6, 7})

STARTING, RUNNING, STOPPING, STOPPED = "starting", "running", "stopping", "stopped"
FINISHED, FAILED, HALTED = "finished", "failed", "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartRules:
    """How often a node may die.

    Attributes:
        most: Restarts of one node within the window.
        window: Nanoseconds.
        first_pause: Nanoseconds before the first restart; doubles with each that follows.
        longest_pause: Where doubling ends.
        stop_time: Nanoseconds a node is given to stop before it is killed.
    """

    most: int = 5
    window: int = 600 * SECOND
    first_pause: int = SECOND // 4
    longest_pause: int = 30 * SECOND
    stop_time: int = 10 * SECOND


# What happens ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Launched:
    """A node runs."""

    node: str
    pid: int
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A node does not run any more.

    Attributes:
        status: Exit status; negative for the signal that killed it.
        text: The error that ended it, in its own words.
    """

    node: str
    status: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A person, or the system, wants the session to stop."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Waited:
    """The time asked for has come."""


# What is to be done ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Launch:
    """Start a node, or adopt it if it still runs."""

    node: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ask a node to stop in good order."""

    node: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End a node that does not stop."""

    node: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Latch the kill switch."""

    text: str


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A node is gone for good and the others go on: what the switch does then is a policy."""

    text: str


@dataclass(slots=True)
class _Node:
    """One node as the supervisor knows it.

    Attributes:
        state: ``launching``, ``running``, ``ended``, or ``failed`` for good.
        restarts: When it was restarted, within the window.
        due: When it is to be started again, or killed; None for neither.
    """

    name: str
    state: str = "launching"
    pid: int = 0
    text: str = ""
    since: int = 0
    due: int | None = None
    restarts: deque[int] = field(default_factory=deque)
    total: int = 0


class SupervisorCore:
    """The nodes of one session.

    Args:
        nodes: In the order they are started; they are stopped the other way round.
        rules: How often one may die.
        dispensable: Nodes without which the rest goes on when they have failed for good: orders
            have to be looked after even when there is no strategy any more.

    Attributes:
        state: ``starting``, ``running``, ``stopping``, and at the end ``stopped`` (it was asked
            to), ``finished`` (there was nothing left to do), ``failed`` (it could not be started)
            or ``halted`` (a node died too often).
        text: Why.
    """

    def __init__(
        self,
        nodes: Sequence[str],
        rules: RestartRules,
        dispensable: frozenset[str] = frozenset(),
    ) -> None:
        self.state = STARTING
        self.text = ""
        self._rules = rules
        self._dispensable = dispensable
        self._nodes = {name: _Node(name) for name in nodes}
        self._end = STOPPED
        self._now = 0
        self._steps: dict[type, Callable[[Any, Effects], None]] = {
            Launched: self._launched,
            Ended: self._ended,
            StopAsked: self._stop_asked,
            Waited: lambda _, __: None,
        }

    @property
    def over(self) -> bool:
        """Whether nothing runs any more and nothing will."""
        return self.state in {STOPPED, FINISHED, FAILED, HALTED}

    def start(self, now: int) -> Effects:
        """Begin."""
        effects = Effects()
        for node in self._nodes.values():
            self._launch(node, now, effects)
        return effects

    def step(self, now: int, event: Launched | Ended | StopAsked | Waited) -> Effects:
        """Take what happened."""
        self._now = now
        effects = Effects()
        self._steps[type(event)](event, effects)
        self._act_on_time(effects)
        return effects

    def describe(self) -> dict[str, Any]:
        """Return what ``tradectl ps`` shows."""
        return {
            "state": self.state,
            "text": self.text,
            "nodes": {
                node.name: {
                    "state": node.state,
                    "pid": node.pid,
                    "text": node.text,
                    "since": node.since,
                    "restarts": node.total,
                }
                for node in self._nodes.values()
            },
        }

    def _launch(self, node: _Node, now: int, effects: Effects) -> None:
        node.state, node.since, node.due = "launching", now, None
        effects.calls.append(Launch(node.name))

    def _launched(self, event: Launched, effects: Effects) -> None:
        node = self._nodes[event.node]
        node.state, node.pid, node.since = "running", event.pid, self._now
        if self.state == STARTING and all(one.state == "running" for one in self._nodes.values()):
            self.state = RUNNING
        if self.state == STOPPING:
            self._stop_next(effects)

    def _ended(self, event: Ended, effects: Effects) -> None:
        node = self._nodes[event.node]
        node.state, node.pid, node.due, node.since = "ended", 0, None, self._now
        node.text = event.text or _words(event.status)
        if self.state == STOPPING:
            self._stop_next(effects)
        elif event.status == 0:
            self._stop(FINISHED, f"the {node.name} has finished", effects)
        elif event.status in PERMANENT and self._goes_on_without(node):
            node.state = "failed"
            self.text = f"the {node.name} has failed: {node.text}"
            effects.calls.append(Abandoned(self.text))
        elif event.status in PERMANENT:
            self._stop(FAILED, f"the {node.name} could not go on: {node.text}", effects)
        else:
            self._plan_restart(node, effects)

    def _goes_on_without(self, node: _Node) -> bool:
        """Whether the rest has work to do without a node; not before all of them ran once."""
        return node.name in self._dispensable and self.state == RUNNING

    def _plan_restart(self, node: _Node, effects: Effects) -> None:
        while node.restarts and node.restarts[0] <= self._now - self._rules.window:
            node.restarts.popleft()
        if len(node.restarts) >= self._rules.most:
            allowed = f"{self._rules.most} restarts in {self._rules.window / 1e9:g} s are allowed"
            text = f"the {node.name} died again, {allowed}: {node.text}"
            effects.calls.append(Halt(text))
            self._stop(HALTED, text, effects)
            return
        pause = min(self._rules.first_pause << len(node.restarts), self._rules.longest_pause)
        node.restarts.append(self._now)
        node.total += 1
        node.due = self._now + pause

    def _stop_asked(self, event: StopAsked, effects: Effects) -> None:
        if self.state != STOPPING and not self.over:
            self._stop(STOPPED, event.text, effects)

    def _stop(self, end: str, text: str, effects: Effects) -> None:
        self.state, self._end, self.text = STOPPING, end, text
        for node in self._nodes.values():
            if node.state == "ended":
                node.due = None
        self._stop_next(effects)

    def _stop_next(self, effects: Effects) -> None:
        """Stop the last node that still runs; the one before it follows when that has ended."""
        for node in reversed(self._nodes.values()):
            if node.state == "launching":
                return  # it is stopped as soon as it can be spoken to
            if node.state == "running":
                if node.due is None:
                    node.due = self._now + self._rules.stop_time
                    effects.calls.append(Terminate(node.name))
                return
        self.state = self._end

    def _act_on_time(self, effects: Effects) -> None:
        for node in self._nodes.values():
            if node.due is not None and node.due <= self._now:
                if node.state == "running":
                    effects.calls.append(Kill(node.name))
                    node.due = self._now + self._rules.stop_time
                else:
                    self._launch(node, self._now, effects)
            if node.due is not None:
                effects.wake_at(node.due)


def _words(status: int) -> str:
    if status < 0:
        import signal

        try:
            return f"killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"killed by signal {-status}"
    return f"ended with status {status}"
