"""A channel over a wire that loses, repeats, reorders and breaks, between nodes that die.

Each case is one seed; the same seed gives the same trace.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from bus_parts import EXECUTOR, HOST
from fake_wire import SECOND, Node, Pair, Wire
from tradectl_sdk.bus import ChannelLimits, PeerBack, PeerChanged, PeerLost, talk, window
from tradectl_sdk.bus.messages.wire import Data
from tradectl_sdk.bus.window import MILLISECOND

LIMITS = ChannelLimits(window=40, burst=16)
SEEDS = range(150)


def play(seed: int) -> Pair:
    """Let two nodes talk through ten seconds of faults, then let the faults heal."""
    random = Random(seed)  # noqa: S311 -- to be repeated, not to be secret
    wire = Wire(
        random,
        loss=random.choice([0.0, 0.05, 0.3]),
        repetition=random.choice([0.0, 0.1]),
        slowest=random.choice([1, 50, 400]) * MILLISECOND,
    )
    host, executor = Node(HOST, "executor", LIMITS), Node(EXECUTOR, "host", LIMITS)
    pair = Pair(host, executor, wire)
    while pair.now < 10 * SECOND:
        disturb(pair, random)
        for node in (host, executor):
            for _ in range(random.randrange(6)):
                if node.me.role not in pair.stopped:
                    random.choice([node.send, node.take, node.take])(pair.now)
        pair.flush()
        pair.advance(pair.now + random.randrange(1, 300) * MILLISECOND)
    heal(pair)
    return pair


def disturb(pair: Pair, random: Random) -> None:
    """Perhaps do one of the bad things."""
    dice = random.random()
    node = random.choice([pair.left, pair.right])
    if dice < 0.03 and node.me.role not in pair.stopped:
        node.restart(pair.now)
    elif dice < 0.05:
        pair.wire.cut = not pair.wire.cut
    elif dice < 0.08:
        pair.stopped ^= {node.me.role}


def heal(pair: Pair) -> None:
    """End the faults and let both read everything."""
    pair.wire.loss = pair.wire.repetition = 0.0
    pair.wire.slowest, pair.wire.cut = MILLISECOND, False
    pair.stopped.clear()

    def read_all() -> None:
        for node in (pair.left, pair.right):
            while node.take(pair.now) is not None:
                pass

    pair.advance(pair.now + 30 * SECOND, always=read_all)


def intended(sender: Node, life: int, reader: Node, reader_life: int) -> list[Any]:
    """What a life of the sender had accepted for a life of the reader."""
    found = sender.sent.get((life, reader_life), [])
    met = sender.met[life]
    if met and met[0] == reader_life:
        found = [*sender.sent.get((life, 0), []), *found]
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_repeated_or_out_of_order(seed: int) -> None:
    pair = play(seed)
    for sender, reader in ((pair.left, pair.right), (pair.right, pair.left)):
        for (life, reader_life), read in reader.read.items():
            meant = sender.sent.get((life, 0), []), sender.sent.get((life, reader_life), [])
            whole = [*meant[0], *meant[1]]
            # A life that was met later begins with what was meant for it.
            assert read in (whole[: len(read)], meant[1][: len(read)])
        lives = sender.me.epoch, reader.me.epoch
        assert reader.read.get(lives, []) == intended(sender, lives[0], reader, lives[1])
        assert reader.believed == sender.me.epoch
        assert not sender.core.is_lost


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    assert play(seed).trace == play(seed).trace


def test_the_seeds_meet_every_fault() -> None:
    """Otherwise the cases above would prove little."""
    pairs = [play(seed) for seed in SEEDS]
    nodes = [node for pair in pairs for node in (pair.left, pair.right)]
    told = [type(event) for node in nodes for event in node.told]
    assert min(told.count(kind) for kind in (PeerChanged, PeerLost, PeerBack)) > 50
    assert sum(node.core.duplicates for node in nodes) > 100
    assert sum(node.core.discarded for node in nodes) > 50
    assert sum(node.full for node in nodes) > 20
    assert sum(len(read) for node in nodes for read in node.read.values()) > 5000


@pytest.mark.parametrize("seed", range(20))
def test_peace_is_quiet(seed: int) -> None:
    """Once everything has been said, each end says one thing a second and nothing else."""
    pair = play(seed)
    before = pair.wire.carried
    pair.advance(pair.now + 20 * SECOND)
    assert pair.wire.carried - before <= 2 * 21


def test_no_end_keeps_more_than_its_window() -> None:
    for seed in range(30):
        pair = play(seed)
        assert max(envelope.seq for _, _, envelope in pair.trace if isinstance(envelope, Data))
        assert all(len(node.core._outbox) == 0 for node in (pair.left, pair.right))


def broken(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Take one protection out of the protocol."""
    accept = window.Inbox.accept
    if what == "no suppression of duplicates":

        def accept_again(self: Any, seq: int, payload: Any) -> Any:
            yield from [payload] if seq <= self.received else accept(self, seq, payload)

        monkeypatch.setattr(window.Inbox, "accept", accept_again)
    elif what == "no order":

        def accept_any(self: Any, seq: int, payload: Any) -> Any:
            if seq > self.received:
                self.received = seq
                yield payload

        monkeypatch.setattr(window.Inbox, "accept", accept_any)
    else:

        def forget(self: Any, now: int) -> None:
            self._resend_at = None

        monkeypatch.setattr(talk.Talk, "resend", forget)


@pytest.mark.parametrize("what", ["no suppression of duplicates", "no order", "no repetition"])
def test_a_protocol_without_its_protections_is_found_out(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, what)
    found = 0
    for seed in range(30):
        try:
            test_nothing_is_lost_repeated_or_out_of_order(seed)
        except (AssertionError, KeyError):
            found += 1
    assert found > 5
