"""One POST, with everything that can go wrong told in words that hold no secret."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tradectl_sdk.errors import NotDeliveredError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = 10.0  # seconds
MOST_ANSWER = 65_536  # bytes of an answer that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service said.

    Attributes:
        status: HTTP status.
        headers: With names in lower case.
        document: The body where it is JSON, else an empty mapping.
    """

    status: int
    headers: Mapping[str, str]
    document: Mapping[str, Any]


def checked_url(url: str, what: str) -> str:
    """Return an address that may carry a secret: https, or this machine itself.

    Raises:
        UsageError: If it is neither; the message does not repeat it.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise UsageError(f"{what} is no address, expected https://...")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise UsageError(
            f"{what} begins with http://, expected https://",
            hint="only addresses of this machine may go without encryption",
        )
    return url


def post(service: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send a body once, without following redirects.

    Args:
        service: What messages call the other side; the address may be a secret.
        url: Where to.
        body: As it travels.
        headers: Beside the usual ones.

    Raises:
        NotDeliveredError: If there is no answer, or none below 400.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {"User-Agent": "tradectl", **headers})
        response = connection.getresponse()
        answer = _read(response)
    except (OSError, http.client.HTTPException) as error:
        kind = type(error).__name__
        raise NotDeliveredError(f"{service} could not be reached ({kind})") from None
    finally:
        connection.close()
    return _judged(service, answer)


def _read(response: http.client.HTTPResponse) -> Answer:
    text = response.read(MOST_ANSWER)
    try:
        document = json.loads(text)
    except ValueError:
        document = {}
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        document=document if isinstance(document, dict) else {},
    )


def _judged(service: str, answer: Answer) -> Answer:
    if answer.status < 300:
        return answer
    said = f"{service} answered with status {answer.status}"
    if answer.status in {401, 403, 404}:
        raise NotDeliveredError(
            said, hopeless=True, hint="check the token or address, and who may write there"
        )
    if answer.status == 429:
        raise NotDeliveredError(said, retry_after=_retry_after(answer))
    raise NotDeliveredError(said, hopeless=300 <= answer.status < 500)


def _retry_after(answer: Answer) -> float:
    """Seconds to wait, as Discord, Telegram and others say it."""
    parameters = answer.document.get("parameters")
    inner = parameters.get("retry_after") if isinstance(parameters, dict) else None
    found = answer.document.get("retry_after", inner) or answer.headers.get("retry-after", "1")
    try:
        return max(0.0, min(float(found), 3600.0))
    except (TypeError, ValueError):
        return 1.0


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
