"""A question that has passed the door, and what all answers need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sandbox import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sandbox.board import Board
    from tradectl_sandbox.house import House
    from tradectl_sandbox.settings import ApiKey


@dataclass(frozen=True, slots=True)
class Question:
    """A request that has passed the door.

    Attributes:
        params: What was asked, from the query and the body.
        key: Whose it is; None where that does not matter.
    """

    params: Mapping[str, str]
    key: ApiKey | None = None

    @property
    def symbol(self) -> str:
        """The market it is about, empty for none."""
        return self.params.get("symbol", "")

    @property
    def owner(self) -> ApiKey:
        """Whose it is.

        Raises:
            Refusal: If that is not known.
        """
        if self.key is None:
            raise refusals.BAD_KEY
        return self.key

    def must_trade(self) -> None:
        """Refuse a key that may only look.

        Raises:
            Refusal: If it is one.
        """
        if not self.owner.trade:
            raise refusals.BAD_KEY

    def board(self, house: House) -> Board:
        """The public side of the market it is about.

        Raises:
            Refusal: If there is no such market.
        """
        return house.boards[house.listings.named(self.symbol).place]
