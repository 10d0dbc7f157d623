"""Windows that walk forward: choose on some bars, try the choice on the ones after them."""

from __future__ import annotations

from dataclasses import dataclass

from tradectl_sdk.errors import UsageError


@dataclass(frozen=True, slots=True)
class Step:
    """One window, as numbers of bars from the first one on; ends are exclusive.

    Attributes:
        first: Where the bars begin that the choice is made on.
        chosen: Where they end.
        begin: Where the bars begin that the choice is tried on; those in between are the embargo.
        end: Where they end.
    """

    first: int
    chosen: int
    begin: int
    end: int


def steps(bars: int, train: int, test: int, *, embargo: int = 0, anchored: bool) -> list[Step]:
    """Lay as many windows as there is room for; the tests follow one another without a gap.

    Args:
        bars: Bars there are.
        train: Bars to choose on; in the first window, if anchored.
        test: Bars to try the choice on.
        embargo: Bars in between that are left out, so that what lasts over the border is not
            counted on both sides.
        anchored: Let every window begin with the first bar, instead of being equally long.

    Raises:
        UsageError: For lengths out of bounds, or windows longer than the data.
    """
    for name, value, least in (("train", train, 2), ("test", test, 2), ("embargo", embargo, 0)):
        if value < least:
            raise UsageError(f"{name} was {value} bars, expected {least} or more")
    needed = train + embargo + test
    if needed > bars:
        raise UsageError(
            f"one window takes {needed:,} bars, expected at most the {bars:,} there are",
            hint="choose on fewer bars with --train, or try on fewer with --test",
        )
    found = []
    for number in range((bars - train - embargo) // test):
        chosen = train + number * test
        begin = chosen + embargo
        found.append(Step(0 if anchored else number * test, chosen, begin, begin + test))
    return found
