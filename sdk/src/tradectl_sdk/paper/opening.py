"""What a paper venue starts with: balances, and a book per quote currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import to_money
from tradectl_sdk.paper.book import Book

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.paper.settings import PaperSettings
    from tradectl_sdk.paper.wallet import Wallet


def first_balances(
    stored: dict[str, int] | None, settings: PaperSettings, instruments: Sequence[Instrument]
) -> dict[str, int]:
    """What the account holds at the start: what the ledger says, else what the settings say."""
    if stored is not None:
        return stored
    given = settings.balances
    if given is None:
        given = {instruments[0].quote: settings.assumptions.cash}
    return {currency: to_money(amount) for currency, amount in given.items()}


def make_books(
    instruments: Sequence[Instrument], wallet: Wallet, settings: PaperSettings
) -> tuple[list[Book], dict[str, tuple[Book, int]]]:
    """Make a book per quote currency, and say where each instrument is."""
    by_quote: dict[str, list[Instrument]] = {}
    for one in instruments:
        by_quote.setdefault(one.quote, []).append(one)
    books = [Book(ones, wallet, settings) for ones in by_quote.values()]
    places = {
        str(one.id): (book, index) for book in books for index, one in enumerate(book.instruments)
    }
    return books, {str(one.id): places[str(one.id)] for one in instruments}
