"""What goes wrong on the way to an exchange."""

from __future__ import annotations

from tradectl_sdk.errors.base import ExitStatus, TradectlError


class CredentialError(TradectlError):
    """Keys are missing, were refused, or can do more than they should.

    tradectl refuses keys that can withdraw. Keys live in the gateway only, never in a project
    file, an option or a log.
    """

    code = "CREDENTIAL"
    exit_status = ExitStatus.CREDENTIAL


class ExchangeError(TradectlError):
    """An exchange or the network on the way to it failed.

    An order whose outcome is unknown stays UNKNOWN until the exchange has given evidence; it is
    never sent again.
    """

    code = "EXCHANGE"
    exit_status = ExitStatus.EXCHANGE


class RiskRefusedError(TradectlError):
    """The risk gate refused.

    Every order passes the gate; each refusal carries a reason code. Limits are set under
    ``[risk]`` in tradectl.toml.
    """

    code = "RISK_REFUSED"
    exit_status = ExitStatus.RISK


class LiveRefusedError(TradectlError):
    """A live session was not started, because something that protects money is not in place.

    Live trading needs a preflight that passed, not long ago and with the same strategy,
    parameters, account and limits; limits for order value, position value and daily loss; keys
    that cannot withdraw; and the strategy's name typed in. ``tradectl live preflight`` goes through
    the list and says what mends each row.
    """

    code = "LIVE_REFUSED"
    exit_status = ExitStatus.RISK


class AccountInUseError(TradectlError):
    """Another gateway on this machine holds the account already.

    Two gateways on one account would spend one rate budget, cancel each other's orders and take
    each other's fills for differences, so the second one is refused. Stop the other session, or
    give this one an account, or in paper a ledger, of its own. The lock dies with the process that
    holds it, however it ends.
    """

    code = "ACCOUNT_IN_USE"
    exit_status = ExitStatus.RISK


class NotDeliveredError(TradectlError):
    """A message could not be delivered to the service that passes it on.

    Trading goes on: notices wait in a bounded queue and are tried again, further and further
    apart. What could not be delivered for too long is dropped, and the next message that gets
    through says how many were. ``tradectl notify test NAME`` tries a sender by hand.

    Attributes:
        retry_after: Seconds the service asks to wait; 0 when it does not say.
        hopeless: Whether trying again cannot help, such as after a wrong token.
    """

    code = "NOT_DELIVERED"
    exit_status = ExitStatus.EXCHANGE

    def __init__(
        self, message: str, *, retry_after: float = 0.0, hopeless: bool = False, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.hopeless = hopeless
