"""What a key may do, and whether that is too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors import CredentialError

if TYPE_CHECKING:
    from tradectl_sdk.exchange import KeyPermissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be said of a key's permissions.

    Attributes:
        unclear: What the exchange does not tell and somebody has to look up.
        warnings: What should be changed.
    """

    unclear: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(name: str, permissions: KeyPermissions, *, to_trade: bool = True) -> Verdict:
    """Accept what a key may do, or refuse the key.

    Args:
        name: What the key is called.
        permissions: As the exchange told.
        to_trade: Whether orders are to be sent with it.

    Raises:
        CredentialError: If it can withdraw, or cannot trade where it has to.
    """
    if permissions.withdraw:
        raise CredentialError(
            f"key {name} can withdraw, expected a key that cannot",
            hint="take the permission away at the exchange, or make a key without it",
        )
    if to_trade and permissions.trade is False:
        raise CredentialError(
            f"key {name} cannot trade",
            hint="allow trading at the exchange, or use it for data only",
        )
    unclear = []
    if permissions.withdraw is None:
        unclear.append("whether it can withdraw")
    if to_trade and permissions.trade is None:
        unclear.append("whether it can trade")
    warnings = []
    if permissions.restricted_by_address is False:
        warnings.append("it works from any address; restrict it to this machine's")
    return Verdict(unclear=tuple(unclear), warnings=tuple(warnings))
