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
