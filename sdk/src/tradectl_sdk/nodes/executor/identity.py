"""The ids that orders have at a venue: derived from the intent, never from the attempt."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from tradectl_sdk.exchange.card import Card

_BITS = 128  # as many as any order needs; a venue may have room for fewer
_FEWEST_BITS = 64


class ClientIdMaker:
    """Makes client ids in a venue's alphabet.

    An id is the BLAKE2b hash of (account, strategy, life of the host, number, revision), five bits
    to a letter (base 32), or as many as the alphabet has room for. The revision counts the orders
    that an order has become at a venue which cannot change one in place.

    Raises:
        UsageError: If the venue takes no ids of ours, or too short ones to be unique.
    """

    def __init__(self, card: Card, account: str) -> None:
        form = card.client_ids
        if form is None:
            raise UsageError(
                "the venue takes no order ids of ours, so an order whose answer is lost could not "
                "be found again",
                hint="trade on a venue that takes client order ids",
            )
        alphabet = "".join(dict.fromkeys(form.alphabet))
        bits = max(len(alphabet).bit_length() - 1, 0)
        if form.length * bits < _FEWEST_BITS or not alphabet.isascii():
            raise UsageError(
                f"order ids of {form.length} out of {len(alphabet)} characters hold "
                f"{form.length * bits} bits, expected at least {_FEWEST_BITS}"
            )
        letters = alphabet[: 2**bits].encode()
        self._table = letters * (256 // len(letters))  # each letter for as many bytes
        self._length = min(form.length, -(-_BITS // bits))
        self._named: tuple[str, int, bytes] = "", 0, b""  # what the latest id began with
        self._account = account

    def make(self, strategy: str, epoch: int, number: int, revision: int = 0) -> str:
        """Return the id of an order, the same whenever it is asked for."""
        if self._named[0] != strategy or self._named[1] != epoch:
            self._named = strategy, epoch, _joined(self._account, strategy, str(epoch))
        this, then = str(number), str(revision)
        rest = f"\x00{len(this)}:{this}\x00{len(then)}:{then}"
        hashed = blake2b(self._named[2] + rest.encode()).digest()
        return hashed[: self._length].translate(self._table).decode()


def _joined(*parts: str) -> bytes:
    return "\x00".join([f"{len(part)}:{part}" for part in parts]).encode()
