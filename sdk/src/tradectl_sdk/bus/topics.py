"""Which message of a stream is the latest of something, and may take an older one's place."""

from __future__ import annotations

from typing import Any

from tradectl_sdk.bus.messages.market import Feed, Quotes


def topic_of(message: Any) -> str:
    """Return what a market message is the latest of, empty for one that nothing can replace.

    Quotes replace quotes of the same instruments, and the state of a feed an older one. Bars and
    ticks are history: each counts.
    """
    match message:
        case Quotes():
            return "quotes " + " ".join(quote.instrument for quote in message.quotes)
        case Feed():
            return f"feed {message.state.instrument}"
        case _:
            return ""
