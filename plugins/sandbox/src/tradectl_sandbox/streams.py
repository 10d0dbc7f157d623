"""What clients say on a stream: that they want to hear more of it, or less."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sandbox.hub import Listener

MOST_STREAMS = 1024


class StreamRequests:
    """Lets one websocket choose what it listens to."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def react(self, text: str) -> Any:
        """Do what a message asks for and return the answer."""
        try:
            message = json.loads(text)
            number = message.get("id")
            method, names = message["method"], message.get("params", [])
        except (ValueError, KeyError, AttributeError):
            return _error(None, 3, "Invalid JSON: expected value at line 1 column 1")
        return (
            {"result": self._do(method, names), "id": number}
            if _good(method, names)
            else _error(number, 2, "Invalid request: unknown method or parameters")
        )

    def _do(self, method: str, names: list[Any]) -> Any:
        streams = self._listener.streams
        if method == "SUBSCRIBE":
            streams.update(names[:MOST_STREAMS])
        elif method == "UNSUBSCRIBE":
            streams.difference_update(names)
        elif method == "LIST_SUBSCRIPTIONS":
            return sorted(streams)
        elif method == "SET_PROPERTY":
            self._listener.combined = bool(names[1])
        elif method == "GET_PROPERTY":
            return self._listener.combined
        return None


def _good(method: Any, names: Any) -> bool:
    if not isinstance(names, list):
        return False
    if method == "SET_PROPERTY":
        return len(names) == 2 and names[0] == "combined"
    known = {"SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "GET_PROPERTY"}
    return method in known and all(isinstance(name, str) for name in names)


def _error(number: Any, code: int, text: str) -> dict[str, Any]:
    return {"error": {"code": code, "msg": text}, "id": number}
