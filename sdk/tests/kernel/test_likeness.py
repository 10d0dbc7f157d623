"""Objects that are recognised at the first look are those that the census recognises."""

from __future__ import annotations

import pytest
from tradectl_sdk.kernel import compile_kernel
from tradectl_sdk.kernel.exchanging import Exchanging


class Board:
    """What stays."""

    def __init__(self) -> None:
        self.sums = [0.0, 0.0]
        self.calls = 0


class Window:
    """What an exchanged object leads to."""

    def __init__(self, *values: float) -> None:
        self.ring = list(values)
        self.slot = 0
        self.full = False


class Player:
    """What is exchanged."""

    def __init__(self, board: Board, *values: float) -> None:
        self.name = "player"
        self.step = 2
        self.board = board
        self.short, self.long = Window(*values), Window(*values, 1.0)
        self.counts = [1, 2, 3]
        self.nothing = None
        self.factor = 0.5


class Table:
    """Goes over a player's windows and leaves something everywhere."""

    def __init__(self, *values: float) -> None:
        self.board = Board()
        self.player = Player(self.board, *values)

    def run(self) -> int:
        player = self.player
        for i in range(len(player.short.ring)):
            player.short.slot += player.step
            player.short.ring[i] *= player.factor
            player.board.sums[0] += player.short.ring[i]
        for i in range(len(player.long.ring)):
            player.board.sums[1] += player.long.ring[i] + player.counts[i % 3]
        player.long.full = True
        player.counts[0] += 1
        self.board.calls += 1
        return player.short.slot


@pytest.fixture(scope="module")
def compiled():
    return compile_kernel(Table(1.0))


def exchanged(compiled, change, *, by_census):
    """Exchange a player that was changed, run it twice, and say what was left everywhere."""
    table = Table(1.0, 2.0)
    exchanging = Exchanging(compiled, table, [table.player])
    assert exchanging._likeness is not None
    if by_census:
        exchanging._likeness = None
    found = []
    for _ in range(2):
        player = Player(table.board, 5.0, 6.0, 7.0)
        change(player)
        if not exchanging.exchange([player]):
            found.append(None)
            continue
        result = exchanging.run()
        windows = [vars(player.short), vars(player.long)]
        found.append((result, vars(table.board).copy(), windows, player.counts))
        table.board.sums[:], table.board.calls = [0.0, 0.0], 0
    return repr(found), found


@pytest.mark.parametrize(
    "change",
    [
        lambda player: None,
        lambda player: setattr(player, "factor", -3.25),
        lambda player: setattr(player, "name", "another"),
        lambda player: setattr(player, "long", Window(1.0)),
        lambda player: setattr(player.short, "full", True),
    ],
)
def test_what_looks_alike_runs_as_the_census_has_it(compiled, change):
    found, each = exchanged(compiled, change, by_census=False)
    assert found == exchanged(compiled, change, by_census=True)[0]
    assert None not in each


def _out_of_order(player):
    del player.step
    player.step = 2


def _shared(player):
    player.long.ring = player.short.ring


def _of_the_board(player):
    player.short.ring = player.board.sums


class Wide(Window):
    """Looks like a window and is none."""


@pytest.mark.parametrize(
    "change",
    [
        lambda player: setattr(player, "factor", 1),
        lambda player: setattr(player, "step", True),
        lambda player: setattr(player, "step", 2**70),
        lambda player: setattr(player, "more", 0),
        lambda player: setattr(player, "nothing", 0),
        lambda player: setattr(player, "name", None),
        lambda player: setattr(player, "board", Board()),
        lambda player: setattr(player, "long", player.short),
        lambda player: setattr(player, "long", Wide(1.0)),
        lambda player: setattr(player.short, "ring", []),
        lambda player: setattr(player.short, "ring", [1.0, 2]),
        lambda player: setattr(player, "counts", [1, 2, False]),
        lambda player: setattr(player.short, "ring", (1.0, 2.0)),
        _out_of_order,
        _shared,
        _of_the_board,
    ],
)
def test_what_looks_different_is_refused_as_the_census_refuses_it(compiled, change):
    assert exchanged(compiled, change, by_census=False)[1] == [None, None]
    assert exchanged(compiled, change, by_census=True)[1] == [None, None]


def test_numbers_of_another_class_are_left_to_the_census(compiled):
    class Whole(int):
        pass

    def change(player):
        player.step = Whole(7)

    assert exchanged(compiled, change, by_census=False) == exchanged(
        compiled, change, by_census=True
    )
    assert exchanged(compiled, change, by_census=False)[1][0][0] == 21


def test_memory_that_more_than_one_attribute_holds_is_left_to_the_census(compiled):
    table = Table(1.0, 2.0)
    table.player.long.ring = table.player.short.ring
    shared = compile_kernel(table)
    exchanging = Exchanging(shared, table, [table.player])
    assert exchanging._likeness is None
    assert not exchanging.exchange([Player(table.board, 3.0)])
