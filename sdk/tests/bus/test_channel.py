"""The rules of a channel, one by one, under a virtual clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from bus_parts import EXECUTOR, HOST
from msgspec.structs import replace
from tradectl_sdk.bus import ChannelCore, ChannelLimits, Identity, PeerBack, PeerChanged, PeerLost
from tradectl_sdk.bus.greeting import hello_of
from tradectl_sdk.bus.messages.wire import Ask, Beat, Bye, Data, Hello, Pulse, Who
from tradectl_sdk.bus.window import MILLISECOND
from tradectl_sdk.errors import ChannelClosedError, ChannelFullError

SECOND = 1000 * MILLISECOND
LIMITS = ChannelLimits(window=20, burst=8)
MET_HOST = PeerChanged(name="sma", role="host", epoch=3)


@dataclass
class Bench:
    """An executor's end, and whatever a host might say to it.

    Attributes:
        now: The time.
        said: What the executor has said since the last look.
    """

    limits: ChannelLimits = LIMITS
    me: Identity = EXECUTOR
    now: int = 0
    said: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core = ChannelCore(self.me, frozenset({"host"}), 0, limits=self.limits)

    def hear(self, *envelopes: Any) -> Bench:
        for one in envelopes:
            self.core.hear(self.now, one)
        return self

    def meet(self, epoch: int = 3) -> Bench:
        """Let a life of the host introduce itself and be taken note of."""
        self.hear(Hello(**_hello(epoch=epoch, to=EXECUTOR.epoch)))
        assert self.core.take(self.now) == replace(MET_HOST, epoch=epoch)
        self.listen()
        return self

    def data(self, *numbers: int, epoch: int = 3, received: int = 0) -> Bench:
        for number in numbers:
            self.hear(Data(epoch, EXECUTOR.epoch, number, received, received, f"m{number}"))  # type: ignore[arg-type]
        return self

    def beat(self, received: int = 0, taken: int | None = None) -> Bench:
        taken = received if taken is None else taken
        return self.hear(Beat(3, EXECUTOR.epoch, received, taken))

    def pass_time(self, by: int) -> Bench:
        """Let time pass and the core do what is due, at the times it asked for."""
        end = self.now + by
        while self.core.wake <= end:
            self.now = max(self.now, self.core.wake)
            self.core.tick(self.now)
        self.now = end
        return self

    def listen(self) -> list[Any]:
        said = list(self.core.outgoing)
        self.core.outgoing.clear()
        return said

    def read(self) -> list[Any]:
        found = []
        while (what := self.core.take(self.now)) is not None:
            found.append(what)
        return found


def _hello(**change: Any) -> dict[str, Any]:
    hello = hello_of(HOST)
    return {name: getattr(hello, name) for name in hello.__struct_fields__} | change


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_introduces_itself_until_it_is_answered_ever_more_slowly(bench: Bench) -> None:
    bench.core.tick(0)
    bench.pass_time(10 * SECOND)
    said = bench.listen()
    assert all(one == hello_of(EXECUTOR) for one in said)
    assert 10 <= len(said) <= 16
    bench.meet()
    bench.pass_time(SECOND)
    assert Hello not in map(type, bench.listen())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"role": "gateway"}, "role was 'gateway', expected one of host"),
        ({"session": "other"}, "session was 'other', expected ''"),
        ({"epoch": 0}, "life was 0, expected 1 or more"),
        ({"version": 9, "least": 8}, "messages were of version 9 for readers from 8"),
        ({"version": 0, "least": 0}, "messages were of version 0 for readers from 0"),
        ({"fingerprint": "x"}, "messages of version 1 had the fingerprint 'x'"),
    ],
)
def test_who_does_not_fit_is_told_why_and_the_node_hears_nothing(
    bench: Bench, change: dict[str, Any], text: str
) -> None:
    bench.hear(Hello(**_hello(**change)))
    (bye,) = bench.listen()
    assert isinstance(bye, Bye)
    assert bye.why == "refused"
    assert bye.text.startswith(text)
    assert bench.read() == []
    assert bench.core.refused == 1


def test_a_newer_peer_that_older_ones_can_read_is_welcome(bench: Bench) -> None:
    bench.hear(Hello(**_hello(version=2, least=1, fingerprint="another")))
    assert bench.read() == [MET_HOST]


def test_what_is_sent_before_anybody_is_met_goes_to_the_first(bench: Bench) -> None:
    bench.core.send(0, "early")
    bench.hear(Hello(**_hello()))
    hello, data = bench.listen()
    assert isinstance(hello, Hello)
    assert (data.seq, data.to, data.body) == (1, 3, "early")


def test_nothing_from_an_unknown_life_is_read(bench: Bench) -> None:
    bench.data(1)
    assert bench.read() == []
    bench.meet().data(1, epoch=2).data(1, epoch=4)
    bench.hear(Data(3, 99, 1, 0, 0, "for another life of ours"))  # type: ignore[arg-type]
    assert bench.read() == []
    assert [type(one) for one in bench.listen()] == [Hello]


def test_what_arrives_early_waits_and_what_arrives_again_is_left_out(bench: Bench) -> None:
    bench.meet().data(2, 3, 3, 1, 1, 2)
    assert bench.read() == ["m1", "m2", "m3"]
    assert bench.core.duplicates == 2
    assert bench.listen()[-1] == Beat(EXECUTOR.epoch, 3, 3, 0)


def test_what_is_beyond_the_window_is_left_to_come_again(bench: Bench) -> None:
    bench.meet().data(21)
    bench.data(*range(1, 21))
    assert len(bench.read()) == 20
    bench.data(21)
    assert bench.read() == ["m21"]


def test_a_confirmation_waits_for_company_but_not_long(bench: Bench) -> None:
    bench.meet().data(1)
    assert bench.listen() == []
    bench.pass_time(LIMITS.acknowledge)
    assert bench.listen() == [Beat(EXECUTOR.epoch, 3, 1, 0)]
    bench.data(2)
    bench.core.send(bench.now, "x")
    (data,) = bench.listen()
    assert data.received == 2
    bench.pass_time(LIMITS.acknowledge)
    assert bench.listen() == []


def test_the_sender_is_told_that_its_messages_were_taken_before_it_has_to_stop() -> None:
    bench = Bench().meet().data(*range(1, 21))
    bench.listen()
    bench.read()
    taken = [beat.taken for beat in bench.listen()]
    assert taken == [5, 10, 15, 20]


def test_the_window_counts_what_the_peers_node_has_not_taken(bench: Bench) -> None:
    bench.meet()
    for number in range(20):
        bench.core.send(0, number)
    bench.beat(received=20, taken=0)
    with pytest.raises(ChannelFullError, match="20 messages and 0 bytes"):
        bench.core.send(0, "too much")
    bench.beat(received=20, taken=1)
    bench.core.send(0, "fits")
    assert bench.listen()[-1].seq == 21


def test_the_window_counts_bytes_that_have_not_arrived() -> None:
    bench = Bench(ChannelLimits(window_bytes=100)).meet()
    bench.core.send(0, "x", 60)
    with pytest.raises(ChannelFullError, match="1 messages and 60 bytes"):
        bench.core.send(0, "y", 60)
    bench.beat(received=1, taken=0)
    bench.core.send(0, "y", 60)


def test_a_peer_cannot_confirm_more_than_was_sent(bench: Bench) -> None:
    bench.meet()
    bench.core.send(0, "x")
    bench.beat(received=99, taken=99)
    for number in range(20):
        bench.core.send(0, number)
    with pytest.raises(ChannelFullError):
        bench.core.send(0, "too much")


def test_what_is_not_confirmed_is_said_again_ever_more_slowly(bench: Bench) -> None:
    bench.meet()
    for number in range(10):
        bench.core.send(0, number)
    bench.listen()
    times = []
    for _ in range(29):
        bench.pass_time(100 * MILLISECOND)
        if sent := [one.seq for one in bench.listen() if isinstance(one, Data)]:
            assert sent == list(range(1, 9))  # a burst of the oldest
            times.append(bench.now // (100 * MILLISECOND))
    assert times == [3, 5, 10, 20]
    bench.beat(received=8)
    bench.pass_time(SECOND)
    assert [one.seq for one in bench.listen() if isinstance(one, Data)] == [9, 10] * 3


def test_silence_is_told_once_and_then_the_return(bench: Bench) -> None:
    bench.meet()
    bench.core.send(0, "x")
    bench.pass_time(10 * SECOND)
    text = "host sma: nothing was heard for 3 s"
    assert bench.read() == [PeerLost(name="sma", text=text)]
    assert bench.core.is_lost
    assert all(not isinstance(one, Data) for one in bench.listen()[-5:])
    bench.core.send(bench.now, "y")
    assert [type(one) for one in bench.listen()] == []
    bench.beat()
    assert bench.read() == [PeerBack(name="sma", role="host", epoch=3)]
    assert [one.body for one in bench.listen() if isinstance(one, Data)] == ["x", "y"]


def test_our_own_sleep_is_not_the_peers_silence(bench: Bench) -> None:
    bench.meet()
    bench.now = 60 * SECOND
    bench.core.tick(bench.now)
    assert bench.read() == []
    bench.pass_time(3 * SECOND)
    assert [type(one) for one in bench.read()] == [PeerLost]


def test_a_later_life_begins_anew_and_is_not_told_what_was_meant_for_the_dead(
    bench: Bench,
) -> None:
    bench.meet()
    bench.core.send(0, "old")
    bench.data(1)
    bench.hear(Hello(**_hello(epoch=4, to=EXECUTOR.epoch)))
    bench.listen()
    bench.core.send(0, "meant for the dead life")
    assert bench.listen() == []
    assert bench.core.discarded == 2
    assert bench.read() == ["m1", replace(MET_HOST, epoch=4)]
    bench.core.send(0, "new")
    (data,) = bench.listen()
    assert (data.to, data.seq, data.body) == (4, 1, "new")
    bench.data(1, epoch=4)
    assert bench.read() == ["m1"]


def test_unread_messages_of_many_lives_do_not_pile_up_for_ever() -> None:
    bench = Bench()
    for life in range(3, 13):
        bench.hear(Hello(**_hello(epoch=life, to=EXECUTOR.epoch)))
        bench.data(*range(1, 21), epoch=life)
    assert bench.core.waiting < 2 * LIMITS.window + 10
    bench.read()
    bench.data(*range(1, 21), epoch=12)
    assert bench.read() == [f"m{number}" for number in range(1, 21)]


def test_an_earlier_life_is_superseded_and_falls_silent(bench: Bench) -> None:
    bench.meet().hear(Hello(**_hello(epoch=2)))
    (bye,) = bench.listen()
    assert (bye.to, bye.why) == (2, "superseded")
    ghost = Bench()
    ghost.core.tick(0)
    ghost.hear(Bye(epoch=3, to=EXECUTOR.epoch, why="superseded", text="you are over"))
    ghost.listen()
    ghost.hear(Who())
    ghost.pass_time(60 * SECOND)
    assert ghost.listen() == []
    assert ghost.read() == [PeerLost(name="", text="you are over")]


def test_a_refusal_is_told_once_and_tried_again_slowly() -> None:
    bench = Bench()
    bench.core.tick(0)
    refusal = Bye(epoch=3, to=EXECUTOR.epoch, why="refused", text="no room")
    bench.hear(refusal)
    bench.listen()
    for _ in range(6):
        bench.pass_time(5 * SECOND)
        bench.hear(refusal)
    assert bench.read() == [PeerLost(name="", text="no room")]
    assert 5 <= len(bench.listen()) <= 7
    bench.meet()


def test_a_refusal_by_the_present_peer_ends_the_conversation(bench: Bench) -> None:
    bench.meet()
    bench.hear(Bye(epoch=3, to=EXECUTOR.epoch, why="refused", text="was no message"))
    assert bench.read() == [PeerLost(name="sma", text="host sma: was no message")]
    bench.data(1).beat()
    bench.core.send(0, "x")
    assert bench.read() == []
    assert bench.core.discarded == 1
    bench.meet(4)


def test_what_we_refuse_is_over_for_that_life(bench: Bench) -> None:
    bench.core.refuse("nobody there yet")
    assert bench.listen() == []
    bench.meet()
    bench.core.refuse("was no message")
    (bye,) = bench.listen()
    assert (bye.to, bye.why, bye.text) == (3, "refused", "was no message")
    assert bench.read() == [PeerLost(name="sma", text="host sma: was no message")]
    bench.hear(Hello(**_hello(to=EXECUTOR.epoch))).data(1)
    assert bench.read() == []


def test_a_good_bye_waits_for_what_was_said_before_it(bench: Bench) -> None:
    bench.meet().data(1)
    bench.hear(Bye(epoch=3, to=EXECUTOR.epoch, last=3))
    assert bench.read() == ["m1"]
    bench.data(3, 2)
    lost = PeerLost(name="sma", text="host sma: said good-bye")
    assert bench.read() == ["m2", "m3", lost]


def test_a_good_bye_after_which_messages_are_missing_says_how_many(bench: Bench) -> None:
    bench.meet().data(1)
    bench.hear(Bye(epoch=3, to=EXECUTOR.epoch, last=3))
    bench.pass_time(4 * SECOND)
    text = "host sma: said good-bye, and 2 of its messages never arrived"
    assert bench.read() == ["m1", PeerLost(name="sma", text=text)]


def test_a_good_bye_of_another_conversation_is_passed_over(bench: Bench) -> None:
    bench.meet()
    bench.hear(Bye(epoch=3, to=99), Bye(epoch=2, to=EXECUTOR.epoch), Bye(epoch=3, to=0))
    assert bench.read() == []


def test_closing_says_good_bye_when_everything_has_arrived(bench: Bench) -> None:
    bench.meet()
    bench.core.send(0, "x")
    bench.core.close(0)
    assert not bench.core.closed
    with pytest.raises(ChannelClosedError):
        bench.core.send(0, "y")
    bench.listen()
    bench.beat(received=1, taken=0)
    assert bench.listen() == [Bye(epoch=EXECUTOR.epoch, to=3, last=1)]
    assert bench.core.closed
    bench.hear(Hello(**_hello(epoch=4)))
    assert bench.listen() == []


def test_an_end_whose_wire_cannot_be_joined_tells_its_node_once(bench: Bench) -> None:
    bench.core.unreachable("the key was not accepted")
    bench.core.unreachable("the key was not accepted")
    assert bench.read() == [PeerLost(name="", text="the key was not accepted")]
    bench.core.connected(0)
    assert bench.listen() == [hello_of(EXECUTOR)]


def test_what_belongs_to_a_stream_is_counted_and_passed_over(bench: Bench) -> None:
    bench.meet().hear(Pulse(1, 2, 3), Ask(request=1, hello=hello_of(HOST), after=None))  # type: ignore[arg-type]
    assert bench.core.refused == 2
    assert bench.read() == []


def test_a_live_end_says_something_every_heartbeat(bench: Bench) -> None:
    bench.meet()
    for _ in range(10):
        bench.beat().pass_time(SECOND)
        assert [type(one) for one in bench.listen()] == [Beat]
