"""How bad it gets: the chances of every fault, and a dice for each."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from tradectl_sdk.testing.simulation.agenda import MILLISECOND, SECOND

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """The chance of each fault, 0 to 1 each time it could happen.

    On the bus between our own nodes:

    Attributes:
        frame_lost: A frame does not arrive.
        frame_twice: It arrives twice.
        frame_late: It arrives up to a second late, after others.
        cut: A node's connections to one other break for a while, per second.

    Between gateway and venue:

        request_lost: A request never reaches the venue.
        request_late: It arrives seconds later, perhaps after we have given up.
        answer_lost: The venue did it, and its answer never arrives.
        answer_unreadable: The venue did it, and its answer is a 5xx or makes no sense.
        refused: The venue refuses for the moment (too many requests, maintenance).
        question_fails: A question is not answered.
        listing_lags: A new order is missing from the venue's lists for some seconds.
        news_late: A report or trade of the account stream arrives late, out of order.
        news_twice: It arrives twice.
        stream_breaks: The account stream breaks and comes back; what was told meanwhile is lost.
        silent_stream: As above, but nobody notices for a while.
        market_breaks: The stream of market data breaks likewise, noticed at once or not.
        clock_jumps: The venue's clock jumps by up to two seconds, per minute.
        lists_empty: Lists of orders and trades are empty, and nothing says that they are wrong.
        cancel_late: A cancellation is confirmed, and the order lives for seconds more.
        cut_short: A new order is filled in part, and the venue ends the rest.

    And the processes:

        killed: A node is killed, per second.
        killed_at_commit: The executor is killed at a step of its commit, each time.
        frozen: A node stands still for half a minute, per minute.
    """

    frame_lost: float = 0.0
    frame_twice: float = 0.0
    frame_late: float = 0.0
    cut: float = 0.0
    request_lost: float = 0.0
    request_late: float = 0.0
    answer_lost: float = 0.0
    answer_unreadable: float = 0.0
    refused: float = 0.0
    question_fails: float = 0.0
    listing_lags: float = 0.0
    news_late: float = 0.0
    news_twice: float = 0.0
    stream_breaks: float = 0.0
    silent_stream: float = 0.0
    clock_jumps: float = 0.0
    lists_empty: float = 0.0
    cancel_late: float = 0.0
    cut_short: float = 0.0
    market_breaks: float = 0.0
    killed: float = 0.0
    killed_at_commit: float = 0.0
    frozen: float = 0.0


CALM = Climate()
STORM = Climate(
    frame_lost=0.05,
    frame_twice=0.03,
    frame_late=0.05,
    cut=0.01,
    request_lost=0.04,
    request_late=0.05,
    answer_lost=0.06,
    answer_unreadable=0.06,
    refused=0.04,
    question_fails=0.15,
    listing_lags=0.15,
    news_late=0.15,
    news_twice=0.10,
    stream_breaks=0.05,
    silent_stream=0.02,
    clock_jumps=0.2,
    lists_empty=0.05,
    cancel_late=0.1,
    cut_short=0.05,
    market_breaks=0.02,
    killed=0.004,
    killed_at_commit=0.01,
    frozen=0.05,
)


def climate_of(chance: Random) -> Climate:
    """Make a climate: each fault is off, as in a storm, or three times as bad."""
    strengths = {
        field.name: getattr(STORM, field.name) * chance.choice((0.0, 0.0, 1.0, 1.0, 3.0))
        for field in fields(Climate)
    }
    return replace(CALM, **{name: min(value, 0.5) for name, value in strengths.items()})


class Weather:
    """Throws the dice.

    Attributes:
        climate: The chances at present.
        met: How often each fault happened.
    """

    def __init__(self, chance: Random, climate: Climate) -> None:
        self.climate = climate
        self.met: dict[str, int] = {}
        self._chance = chance

    def strikes(self, fault: str, seconds: float = 1.0) -> bool:
        """Say whether a fault happens now.

        Args:
            fault: Its name.
            seconds: For what happens by time: how long since it was asked last.
        """
        likely = getattr(self.climate, fault) * seconds
        if likely <= 0.0 or self._chance.random() >= likely:
            return False
        self.met[fault] = self.met.get(fault, 0) + 1
        return True

    def calm_down(self) -> None:
        """From now on nothing goes wrong."""
        self.climate = CALM

    def hop(self) -> int:
        """How long a frame between our own nodes takes, nanoseconds."""
        delay = self._chance.randrange(20_000, 2 * MILLISECOND)
        if self.strikes("frame_late"):
            delay += self._chance.randrange(SECOND)
        return delay

    def way(self) -> int:
        """How long a request or an answer takes between gateway and venue, nanoseconds."""
        return self._chance.randrange(2 * MILLISECOND, 80 * MILLISECOND)

    def between(self, least: float, most: float) -> int:
        """A while between two numbers of seconds, in nanoseconds."""
        return int(self._chance.uniform(least, most) * SECOND)
