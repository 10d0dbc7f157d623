"""How much a day may lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine import DenyReason

from tradectl_risk.limits import Limit, closable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tradectl_sdk.config import RiskSection
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Account, Assumptions, Market, OrderRequest

MINUTE = 60_000_000_000
DAY = 86_400_000_000_000
NO_DAY = -(2**62)


class DailyLoss(Limit):
    """Protects from a day on which everything goes wrong.

    A day's loss is counted from the account's equity when the day began, which is the last equity
    of the day before, or from the day's highest with ``from_peak``. Once it reaches the limit,
    only what makes a position smaller passes until the next day, even when the loss is made up.

    A day begins when the session of the first instrument closes (midnight UTC unless it says
    otherwise), and the instant at which it closes belongs to the day before. Bars of a day or
    longer show no loss within a day.

    Args:
        limit: The loss, in units of the account currency.
        equity: What the account starts with, in the same.
        offset: When days begin, in nanoseconds after midnight UTC.
        from_peak: Whether to count from the day's highest equity.
    """

    def __init__(
        self,
        limit: Decimal | float,
        equity: Decimal | float,
        *,
        offset: int = 0,
        from_peak: bool = False,
        resize: bool = False,
    ) -> None:
        super().__init__(DenyReason.DAILY_LOSS, resize=resize)
        self.limit = float(limit)
        self.from_peak = from_peak
        self.offset = offset
        self.day = NO_DAY
        self.latest = float(equity)
        self.base = float(equity)
        self.reached = False

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> int:
        """Return the lots of the order that are allowed."""
        self.observe(now, account.equity())
        return super().check(order, account, market, now)

    def fits(self, order: OrderRequest, account: Account, market: Market, lots: int) -> bool:
        """Whether the day is good, or the order only makes a position smaller."""
        return not self.reached or lots <= closable(order, account)

    def observe(self, now: int, equity: float) -> None:
        """Turn the day when its time has come, and see whether the limit is reached."""
        since = now - self.offset
        if since // DAY != self.day:
            self.day = since // DAY
            self.base = equity if since % DAY == 0 else self.latest
            self.reached = False
        if self.from_peak and equity > self.base:
            self.base = equity
        if self.base - equity >= self.limit:
            self.reached = True
        self.latest = equity


def make_daily_loss(
    settings: RiskSection, instruments: Sequence[Instrument], assumptions: Assumptions
) -> DailyLoss | None:
    """Make the rule, or nothing when the loss is not limited."""
    if settings.max_daily_loss is None:
        return None
    return DailyLoss(
        settings.max_daily_loss,
        assumptions.cash,
        offset=instruments[0].session_close * MINUTE,
        from_peak=settings.daily_loss_from_peak,
        resize=settings.resize,
    )
