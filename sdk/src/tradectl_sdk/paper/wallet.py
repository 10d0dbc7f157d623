"""What an account holds in several currencies, and the engine's view of it.

The engine books each fill on an account of one currency. Here that account is a window on a wallet:
cash is the balance of the quote currency, and what a cash account holds of an instrument is the
balance of its base currency, so that coins bought in one market can be sold or spent in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine import Account
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Market


class Wallet:
    """Balances by currency.

    Attributes:
        units: Money units of each currency.
    """

    def __init__(self, units: Mapping[str, int]) -> None:
        self.units = dict(units)
        self._accounts: list[WalletAccount] = []

    def join(self, account: WalletAccount) -> None:
        """Let an account show what is in the wallet from now on."""
        self._accounts.append(account)
        account.refresh()

    def add(self, currency: str, units: int) -> None:
        """Change a balance; the accounts learn of it by :meth:`refresh`."""
        self.units[currency] = self.units.get(currency, 0) + units

    def refresh(self) -> None:
        """Show every account what has changed."""
        for account in self._accounts:
            account.refresh()


class WalletAccount(Account):
    """An account in one quote currency, backed by a wallet.

    Attributes:
        currency: The quote currency.
    """

    def __init__(
        self,
        market: Market,
        wallet: Wallet,
        instruments: Sequence[Instrument],
        *,
        currency: str,
        margin: bool,
    ) -> None:
        super().__init__(market, wallet.units.get(currency, 0), margin=margin)
        self.currency = currency
        self._wallet = wallet
        self._coins = [
            (index, one.base, _lot_units(one))
            for index, one in enumerate(instruments)
            if one.base and not margin
        ]
        self._coin = {index: (base, units) for index, base, units in self._coins}
        wallet.join(self)

    def refresh(self) -> None:
        """Take over what the wallet holds."""
        units = self._wallet.units
        self.cash = units.get(self.currency, 0)
        for index, base, lot in self._coins:
            self.lots[index] = units.get(base, 0) // lot

    def apply(self, instrument: int, side: int, lots: int, value: int, fee: int) -> None:
        """Book a fill. Value and fee are money units; value is positive."""
        self.fees += fee
        self._wallet.add(self.currency, -(side * value + fee))
        if instrument in self._coin:
            base, lot = self._coin[instrument]
            self._wallet.add(base, side * lots * lot)
        else:
            self.lots[instrument] += side * lots
        self._wallet.refresh()

    def coins(self, instrument: int, lots: int) -> int:
        """Money units of the base currency in some lots; 0 for contracts."""
        return lots * self._coin[instrument][1] if instrument in self._coin else 0

    def is_coin(self, instrument: int) -> bool:
        """Whether what is held of an instrument is a balance, not a position."""
        return instrument in self._coin


def _lot_units(instrument: Instrument) -> int:
    """Money units of the base currency in one lot.

    Raises:
        UsageError: If a lot is no whole number of them.
    """
    units = instrument.lot_size * MONEY_UNITS
    if units != int(units):
        raise UsageError(
            f"lot_size of {instrument.id} was {instrument.lot_size}, "
            "expected a multiple of 0.00000001 to keep its balance"
        )
    return int(units)
