"""Who may ask what: keys, signatures and the time in which a request is good."""

from __future__ import annotations

import hashlib
import hmac
import math
from typing import TYPE_CHECKING

from tradectl_sandbox.refusals import (
    BAD_KEY,
    BAD_SIGNATURE,
    NO_KEY,
    TOO_EARLY,
    TOO_LATE,
    WINDOW,
    missing,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tradectl_sandbox.clock import Clock
    from tradectl_sandbox.settings import ApiKey

DEFAULT_WINDOW, MOST_WINDOW = 5000, 60_000  # milliseconds


class Security:
    """The door of the private side."""

    def __init__(self, keys: Iterable[ApiKey], clock: Clock) -> None:
        self._keys = {one.key: one for one in keys}
        self._clock = clock

    def known(self, key: str) -> ApiKey:
        """Find a key.

        Raises:
            Refusal: If there is none like it.
        """
        if not key:
            raise NO_KEY
        if key not in self._keys:
            raise BAD_KEY
        return self._keys[key]

    def check(self, key: str, params: Mapping[str, str], signed: str, signature: str) -> ApiKey:
        """Let a signed request pass.

        Args:
            key: The key's name.
            params: What was asked.
            signed: The text that was signed.
            signature: Its signature, lower-case hexadecimal.

        Raises:
            Refusal: If it may not.
        """
        one = self.known(key)
        if not signature:
            raise missing("signature")
        expected = hmac.new(one.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise BAD_SIGNATURE
        stamp = _number(params, "timestamp")
        window = _number(params, "recvWindow", DEFAULT_WINDOW)
        if window > MOST_WINDOW:
            raise WINDOW
        verdict = self._clock.accepts(int(stamp), int(window))
        if verdict:
            raise TOO_EARLY if verdict > 0 else TOO_LATE
        return one


def _number(params: Mapping[str, str], name: str, default: float = math.nan) -> float:
    try:
        value = float(params.get(name, default))
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise missing(name)
    return value
