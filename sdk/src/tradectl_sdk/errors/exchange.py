"""How an exchange, or the way to it, can fail when something is asked of it.

None of these says anything about an order: what became of one is never told by an exception.
"""

from __future__ import annotations

from tradectl_sdk.errors.trading import ExchangeError


class TransportError(ExchangeError):
    """The network failed on the way to an exchange or back, or no answer came in time.

    Name resolution, connection, encryption, a time-out or a gateway in front of the exchange (5xx).
    What was asked has no answer, and a missing answer is evidence of nothing: an order that was
    asked about may exist all the same. Questions may be asked again; orders are not.
    """

    code = "TRANSPORT"


class RateLimitedError(ExchangeError):
    """More was asked of an exchange than it allows.

    The exchange said so, or our own budget for it would have been exceeded by waiting any longer.
    Exchanges ban addresses that go on asking, so tradectl waits. Other programs that use the same
    key or the same address spend from the same budget.

    Attributes:
        retry_after: Nanoseconds until it makes sense to ask again; 0 when nobody said.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class MaintenanceError(ExchangeError):
    """The exchange is closed for maintenance, or overloaded, and says so.

    Working orders may stay or be cancelled by the exchange; they are reconciled when it is back.
    """

    code = "MAINTENANCE"


class ClockSkewError(ExchangeError):
    """Our clock and the exchange's differ by more than signed requests may.

    An exchange refuses what was signed too long ago or in its future, which protects from requests
    that arrive late. tradectl measures the difference and stops sending before that happens. Let
    the machine's clock follow a time server (``timedatectl set-ntp true`` on most Linux systems);
    ``tradectl exchange test NAME`` prints the difference.
    """

    code = "CLOCK_SKEW"


class ExchangeRefusedError(ExchangeError):
    """The exchange understood a question and answered no.

    The message holds its own code and words. A symbol that does not exist there, a time that it
    does not go back to, or a part of the interface that this account may not use.

    Attributes:
        venue_code: The exchange's code, as a text; empty when it has none.
    """

    code = "EXCHANGE_REFUSED"

    def __init__(self, message: str, *, venue_code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.venue_code = venue_code


class UnreadableAnswerError(ExchangeError):
    """An exchange answered something that makes no sense.

    A number is missing, a status is unknown, or the text is no JSON. Nothing is made of a part of
    an answer: the whole of it counts as no answer at all.
    """

    code = "UNREADABLE_ANSWER"
