"""What the exchange says when it refuses: HTTP status, code and text of Binance spot.

Codes and texts are the interface: clients choose by them what to do. Source: Binance's public
description of error codes for the spot API.
"""

from __future__ import annotations

BAD, UNAUTHORISED = 400, 401


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of ours
    """An answer other than success.

    Attributes:
        status: HTTP status.
        code: Binance's code, negative.
        text: Binance's text.
        headers: Further headers of the answer.
        data: What goes with it.
    """

    def __init__(
        self,
        code: int,
        text: str,
        status: int = BAD,
        *,
        headers: dict[str, str] | None = None,
        data: object = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.status = status
        self.code = code
        self.text = text
        self.headers = headers or {}
        self.data = data

    @property
    def body(self) -> dict[str, object]:
        """The answer's body."""
        return {"code": self.code, "msg": self.text} | ({"data": self.data} if self.data else {})


def missing(name: str) -> Refusal:
    """A parameter that must be there is not."""
    return Refusal(
        -1102,
        f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
    )


def superfluous(name: str) -> Refusal:
    """A parameter that must not be there is."""
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def illegal(name: str, legal: str) -> Refusal:
    """A parameter has characters it must not have."""
    return Refusal(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def filter_failure(name: str) -> Refusal:
    """An order is outside one of the symbol's filters."""
    return Refusal(-1013, f"Filter failure: {name}")


def rejected(text: str) -> Refusal:
    """A new order was not taken."""
    return Refusal(-2010, text)


def too_much_weight(limit: int, seconds: int) -> Refusal:
    """More was asked than allowed."""
    return Refusal(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        429,
        headers={"Retry-After": str(seconds)},
    )


def banned(until: int, seconds: int) -> Refusal:
    """An address that went on asking.

    Args:
        until: End of the ban, milliseconds of the epoch.
        seconds: How long that is.
    """
    return Refusal(
        -1003,
        f"Way too much request weight used; IP banned until {until}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        418,
        headers={"Retry-After": str(seconds)},
    )


NO_SYMBOL = Refusal(-1121, "Invalid symbol.")
NO_ORDER = Refusal(-2013, "Order does not exist.")
NO_CANCEL = Refusal(-2011, "Unknown order sent.")
BAD_KEY = Refusal(-2015, "Invalid API-key, IP, or permissions for action.", UNAUTHORISED)
NO_KEY = Refusal(-2014, "API-key format invalid.", UNAUTHORISED)
BAD_SIGNATURE = Refusal(-1022, "Signature for this request is not valid.")
TOO_LATE = Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
TOO_EARLY = Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
WINDOW = Refusal(-1131, "recvWindow must be less than 60000")
BAD_TIME_IN_FORCE = Refusal(-1115, "Invalid timeInForce.")
BAD_TYPE = Refusal(-1116, "Invalid orderType.")
BAD_SIDE = Refusal(-1117, "Invalid side.")
BAD_INTERVAL = Refusal(-1120, "Invalid interval.")
BAD_COMBINATION = Refusal(-1128, "Combination of optional parameters invalid.")
TOO_PRECISE = Refusal(-1111, "Parameter 'quantity' has too much precision.")
TOO_MANY_ORDERS = Refusal(-1015, "Too many new orders.", 429, headers={"Retry-After": "10"})
UNKNOWN_OUTCOME = Refusal(
    -1007,
    "Timeout waiting for response from backend server. "
    "Send status unknown; execution status unknown.",
    504,
)
MARKET_CLOSED = Refusal(-1013, "Market is closed.")
NOT_FOUND = Refusal(-1000, "An unknown error occurred while processing the request.", 404)
BAD_LISTEN_KEY = Refusal(-1125, "This listenKey does not exist.")
