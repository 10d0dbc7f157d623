"""What a failure means: by the operation and the venue's code, never by ccxt's class alone.

An order is refused only by a code that the venue documents as a definite no, or when it is certain
that nothing left this machine. Everything else that can happen to an order is unclear.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import (
    ClockSkewError,
    CredentialError,
    ExchangeRefusedError,
    MaintenanceError,
    RateLimitedError,
    TradectlError,
    TransportError,
    UnreadableAnswerError,
)
from tradectl_sdk.exchange import Refused, Unclear

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_ccxt.calls import Call
    from tradectl_ccxt.dialects import Dialect

LONGEST: Final = 300  # characters of a venue's words
_QUERY: Final = re.compile(r"\?\S+")  # addresses hold signatures behind the question mark
DEFAULT_WAIT: Final = 1_000_000_000  # nanoseconds, where a venue says to slow down and not how long


def code_of(call: Call, dialect: Dialect) -> str:
    """Return the venue's code in an answer, empty when there is none."""
    try:
        answer = json.loads(call.body)
    except ValueError:
        return ""
    for path in dialect.code:
        found: Any = answer
        for step in path:
            inside = isinstance(found, dict) and step in found
            inside |= isinstance(found, list) and isinstance(step, int) and step < len(found)
            found = found[step] if inside else None
        if isinstance(found, str | int) and str(found):
            return str(found)
    return ""


def is_among(code: str, codes: frozenset[str]) -> bool:
    """Say whether a code is one of these; some venues add words behind it."""
    return code in codes or any(code.startswith(f"{known} ") for known in codes)


def words(error: BaseException, redact: Callable[[str], str]) -> str:
    """Return what an error says, without keys, signatures or length.

    Where ccxt names nothing but the address, the system's own words tell why it was not reached.
    """
    text = " ".join(str(error).split())
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        text = f"{text}: {cause.strerror}"
    return redact(_QUERY.sub("?…", text))[:LONGEST] or type(error).__name__


def never_left(error: BaseException, call: Call) -> bool:
    """Say whether it is certain that nothing left this machine."""
    if not call.sent:
        return True
    import socket

    from aiohttp import ClientConnectorError

    cause = error.__cause__ or error.__context__
    return call.status == 0 and isinstance(cause, ClientConnectorError | socket.gaierror)


def order_outcome(
    error: Exception,
    call: Call,
    dialect: Dialect,
    redact: Callable[[str], str],
    *,
    definite: frozenset[str],
) -> Refused | Unclear:
    """Say what a failure leaves of an order or a cancellation.

    Args:
        error: What was raised.
        call: What is known of the request.
        dialect: The venue's ways.
        redact: Hides keys.
        definite: Codes that are documented as a definite no to this operation.
    """
    import ccxt

    text = words(error, redact)
    code = code_of(call, dialect)
    if call.status and is_among(code, definite) and not _says_repeated(call, dialect):
        return Refused(code=code, text=text)
    if not call.sent and isinstance(error, ccxt.ExchangeError):
        # ccxt found out by itself that it cannot be an order
        return Refused(code=type(error).__name__, text=text)
    return Unclear(text=text, sent=not never_left(error, call))


def _says_repeated(call: Call, dialect: Dialect) -> bool:
    """Whether a venue turned an order away because it has one of that id: ours, seen twice."""
    return any(words in call.body for words in dialect.repeats)


def question_error(
    error: Exception, call: Call, dialect: Dialect, venue: str, redact: Callable[[str], str]
) -> TradectlError:
    """Return our error for a question that has no answer."""
    import ccxt

    text, code = f"{venue}: {words(error, redact)}", code_of(call, dialect)
    if call.status in {418, 429} or isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
        return RateLimitedError(text, retry_after=call.retry_after or DEFAULT_WAIT)
    if is_among(code, dialect.clock) or isinstance(error, ccxt.InvalidNonce):
        return ClockSkewError(text, hint=f"tradectl exchange test {venue} measures the difference")
    if isinstance(error, ccxt.OnMaintenance):
        return MaintenanceError(text)
    if isinstance(error, ccxt.AuthenticationError):
        return CredentialError(text, hint="tradectl keys test says what a key may do")
    if isinstance(error, ccxt.BadResponse):
        return UnreadableAnswerError(text)
    if isinstance(error, ccxt.NetworkError | OSError | TimeoutError):
        return TransportError(text)
    if isinstance(error, ccxt.BaseError):
        return ExchangeRefusedError(text, venue_code=code or type(error).__name__)
    return UnreadableAnswerError(f"{venue}: {type(error).__name__} while its answer was read")
