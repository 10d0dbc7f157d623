"""Takes secrets out of everything that leaves a process which holds them.

A secret may appear as it is, or as libraries write it: percent-encoded in an address, in base 64 in
a header, in hexadecimal in a dump, escaped in JSON. All of these are looked for by their exact
value, so nothing else is ever blanked out.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.exchange import Secret

REDACTED = "***"
SHORTEST = 6  # characters below which a find is likely a coincidence


def spellings(text: str) -> set[str]:
    """Return the ways in which libraries write a secret."""
    raw = text.encode()
    # What a PEM key stands between is in every such key, and no secret
    lines = [line.strip() for line in text.splitlines() if not line.startswith("-----")]
    found = {
        text,
        quote(text, safe=""),
        quote_plus(text),
        json.dumps(text)[1:-1],
        repr(text)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        *(lines if len(lines) > 1 else ()),  # a PEM key is printed line by line
    }
    # Inside a longer text base 64 depends on the place; the middle of each of the three does not
    for shift in range(3):
        start = 4 if shift else 0
        found.add(base64.b64encode(b"\0" * shift + raw)[start:-4].decode())
    return {one for one in found if len(one) >= SHORTEST}


class Redactor:
    """Knows the secrets of this process; :meth:`scrub` blanks them out."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: Secret) -> None:
        """Add secrets to those that are blanked out."""
        for secret in secrets:
            self._spellings |= spellings(secret.reveal())
        longest_first = sorted(self._spellings, key=lambda one: (-len(one), one))
        joined = "|".join(re.escape(one) for one in longest_first)
        self._pattern = re.compile(joined) if joined else None

    def scrub(self, text: str) -> str:
        """Return the text with every secret replaced by three stars."""
        return self._pattern.sub(REDACTED, text) if self._pattern else text

    def watch(self, handler: logging.Handler) -> None:
        """Let everything a handler writes pass through :meth:`scrub`, tracebacks included."""
        handler.setFormatter(_Scrubbing(handler.formatter or logging.Formatter(), self))

    def __repr__(self) -> str:
        """Say how many spellings are known, and none of them."""
        return f"Redactor({len(self._spellings)} spellings)"


class _Scrubbing(logging.Formatter):
    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.scrub(self._inner.format(record))


class ScrubbedStream:
    """A text stream whose every line passes a redactor, for standard output and error.

    Lines are held until they are whole, so that a secret written in two pieces is found, too.
    """

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor
        self._held = ""

    def write(self, text: str) -> int:
        """Take text; what ends in a line break is passed on."""
        whole, line_break, rest = (self._held + text).rpartition("\n")
        self._held = rest
        if line_break:
            self._stream.write(self._redactor.scrub(whole) + "\n")
        return len(text)

    def flush(self) -> None:
        """Pass on what has come."""
        if self._held:
            self._stream.write(self._redactor.scrub(self._held))
            self._held = ""
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own."""
        return getattr(self._stream, name)
