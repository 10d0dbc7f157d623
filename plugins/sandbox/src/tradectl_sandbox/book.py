"""A made-up order book around the last price: the same for the same trade, always."""

from __future__ import annotations

LEVELS = 50
_PERIOD = 5  # trades for which a level's size stays
_PRIME = 2_654_435_761


def quote(price: int) -> tuple[int, int]:
    """Best bid and best ask in ticks around a last price."""
    return max(price - 1, 1), price + 1


def side(price: int, number: int, direction: int, unit: int) -> dict[int, int]:
    """Lots by price in ticks on one side of the book.

    Args:
        price: Last price.
        number: Number of the trade that made it.
        direction: -1 for bids, +1 for asks.
        unit: Lots of a usual level.
    """
    levels = {}
    for depth in range(1, LEVELS + 1):
        level = price + direction * depth
        if level < 1:
            break
        noise = (level * _PRIME + (number + level) // _PERIOD * 40_503) % 1000
        levels[level] = unit * (200 + noise) // 500 + 1
    return levels


def changes(before: dict[int, int], after: dict[int, int]) -> list[tuple[int, int]]:
    """What turns one side of a book into another; 0 lots take a level away."""
    gone = [(level, 0) for level in before if level not in after]
    new = [(level, lots) for level, lots in after.items() if before.get(level) != lots]
    return sorted([*gone, *new])
