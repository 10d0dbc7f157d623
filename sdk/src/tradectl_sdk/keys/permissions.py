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


def objections(permissions: KeyPermissions, *, to_trade: bool = True) -> tuple[str, ...]:
    """Say why a key is not to be used, in words that follow its name; nothing if it may be.

    Args:
        permissions: As the exchange told.
        to_trade: Whether orders are to be sent with it.
    """
    found = []
    if permissions.withdraw:
        found.append("can withdraw, expected a key that cannot")
    if to_trade and permissions.trade is False:
        found.append("cannot trade")
    return tuple(found)


def judge(name: str, permissions: KeyPermissions, *, to_trade: bool = True) -> Verdict:
    """Accept what a key may do, or refuse the key.

    Args:
        name: What the key is called.
        permissions: As the exchange told.
        to_trade: Whether orders are to be sent with it.

    Raises:
        CredentialError: If it can withdraw, or cannot trade where it has to.
    """
    for objection in objections(permissions, to_trade=to_trade):
        raise CredentialError(
            f"key {name} {objection}",
            hint="change it at the exchange, or make another: one that may trade and not withdraw",
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
