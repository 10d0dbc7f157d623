"""Bars on their way to the strategy, each kept back until the session's models have been asked.

A strategy that reads a signal is never shown a bar without the value that stands beside it, so a
bar waits for its forecasts, and those behind it wait with it: however long a model takes to learn,
the strategy decides what it decides in a backtest. Asking is the shell's business.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.bus.messages.market import Bars
    from tradectl_sdk.exchange.values import BarClosed

Forecasts = tuple[tuple[float, ...], ...]
"""Of each bar, the value of each signal; nothing beside a bar that is not taken."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Forecasts of the bars of one instant are wanted; they follow all that were wanted before."""

    bars: tuple[BarClosed, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What models have said.

    Attributes:
        forecasts: Of the bars that were asked for last.
        text: What went wrong instead; empty if nothing did.
        traceback: Where.
    """

    forecasts: Forecasts = ()
    text: str = ""
    traceback: str = ""


@dataclass(slots=True)
class Arrived:
    """Bars that have arrived and wait until the account is known as it was before them.

    Attributes:
        at: Their place in the market stream.
        message: The bars.
        doubted: Instruments of which bars right before these may be missing.
    """

    at: Cursor
    message: Bars
    doubted: set[str]

    def turn(self, bars: Iterable[BarClosed]) -> Turn:
        """Return the turn of those of the bars that can be trusted."""
        return Turn(at=self.at, bars=tuple(bars), executions=self.message.executions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Bars of one instant that the strategy is to be handed.

    Attributes:
        at: Their place in the market stream.
        bars: The bars.
        executions: How far the account stream is to be told before; None for not at all.
        late: Whether they fill a gap.
    """

    at: Cursor
    bars: tuple[BarClosed, ...]
    executions: Cursor | None = None
    late: bool = False


@dataclass(slots=True)
class Turns:
    """Turns in their order; the first of them waits for its forecasts.

    Args:
        modelled: Whether there are models to wait for.
        thinking: Nanoseconds they may take.

    Attributes:
        deadline: When they have to have answered; 0 while nothing is asked.
    """

    modelled: bool
    thinking: int
    deadline: int = 0
    _queue: deque[Turn] = field(default_factory=deque)
    _answer: Forecasts | None = None

    def __len__(self) -> int:
        """Turns that have not come yet."""
        return len(self._queue)

    @property
    def executions(self) -> Cursor | None:
        """How far the account stream is to be told before the next turn that is in time."""
        return next((turn.executions for turn in self._queue if not turn.late), None)

    def add(self, turn: Turn) -> None:
        """Put a turn behind the others."""
        self._queue.append(turn)

    def question(self, now: int) -> Wanted | None:
        """Return what models are to be asked now, if anything."""
        if not self.modelled or not self._queue or self.deadline or self._answer is not None:
            return None
        self.deadline = now + self.thinking
        return Wanted(self._queue[0].bars)

    def answer(self, now: int, forecasts: Forecasts) -> str:
        """Take an answer; say so if it took longer than a bar lasts."""
        took = now - (self.deadline - self.thinking)
        self.deadline, self._answer = 0, forecasts
        if not self._queue or took <= self._queue[0].bars[0].length:
            return ""
        return f"forecasts took {took / 1e9:.1f} s, longer than a bar"

    def take(self, *, ready: bool) -> tuple[Turn, Forecasts] | None:
        """Take the next turn with its forecasts, if it can come.

        Args:
            ready: Whether there is an executor; without one only late turns come.
        """
        if not self._queue or not (ready or self._queue[0].late):
            return None
        if self.modelled and self._answer is None:
            return None
        forecasts, self._answer = self._answer or (), None
        return self._queue.popleft(), forecasts
