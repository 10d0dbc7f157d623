"""The bar in which a simulated venue is filling orders."""

from __future__ import annotations


class Slot:
    """The bar in which orders are being filled.

    Attributes:
        left: Lots of its volume not yet taken by our fills; NEVER for no limit.
        open: Its first price, in ticks.
        row: Its row in the feed, for the columns that only some fills need.
        opened: When it opened.
        known: When it closed.
        time: The time a fill gets: the open, then the close once the open is past.
        inside: Whether the open is past.
        bar: Its number in its series.
    """

    def __init__(self) -> None:
        self.left = 0
        self.open = 0
        self.row = 0
        self.opened = 0
        self.known = 0
        self.time = 0
        self.inside = False
        self.bar = 0
