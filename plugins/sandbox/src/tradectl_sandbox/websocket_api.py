"""The websocket API: the questions of HTTP, and the account's stream by signature."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tradectl_sandbox import refusals
from tradectl_sandbox.reception import Asked
from tradectl_sandbox.refusals import Refusal
from tradectl_sandbox.rest import METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sandbox.house import House
    from tradectl_sandbox.hub import Listener
    from tradectl_sandbox.reception import Reception

SUBSCRIBE = "userDataStream.subscribe.signature"
UNSUBSCRIBE = "userDataStream.unsubscribe"


class WebsocketApi:
    """One connection of it."""

    def __init__(
        self, house: House, reception: Reception, listener: Listener, address: str
    ) -> None:
        self._house = house
        self._reception = reception
        self._listener = listener
        self._address = address

    async def react(self, text: str) -> Any:
        """Answer a message; None when the answer is lost."""
        try:
            message = json.loads(text)
            number, method = message["id"], message["method"]
            given = message.get("params", {})
            params = {name: plain(value) for name, value in given.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            refusal = Refusal(-1135, "Invalid JSON Request")
            return {"id": None, "status": refusal.status, "error": refusal.body}
        if method == SUBSCRIBE:
            return self._subscribe(number, params)
        if method == UNSUBSCRIBE:
            self._listener.subscriptions.clear()
            return _answer(number, 200, {})
        if method not in METHODS:
            return _answer(number, 400, Refusal(-1130, f"Unknown method '{method}'.").body)
        return await self._ask(number, method, params)

    async def _ask(self, number: Any, method: str, params: dict[str, str]) -> Any:
        verb, path = METHODS[method]
        answer = await self._reception.answer(
            Asked(
                method=verb,
                path=path,
                params={k: v for k, v in params.items() if k not in {"signature", "apiKey"}},
                key=params.get("apiKey", ""),
                signed=signed_text(params),
                signature=params.get("signature", "").lower(),
                address=self._address,
            )
        )
        return None if answer.lost else _answer(number, answer.status, answer.body)

    def _subscribe(self, number: Any, params: Mapping[str, str]) -> Any:
        try:
            self._house.limits.spend(self._address, 2)
            signature = params.get("signature", "").lower()
            self._house.security.check(
                params.get("apiKey", ""), params, signed_text(params), signature
            )
        except refusals.Refusal as refusal:
            return _answer(number, refusal.status, refusal.body)
        subscription = self._house.hub.subscribe_account(self._listener)
        return _answer(number, 200, {"subscriptionId": subscription})


def signed_text(params: Mapping[str, str]) -> str:
    """What is signed: all parameters by name, as in a query."""
    rest = sorted((name, value) for name, value in params.items() if name != "signature")
    return "&".join(f"{name}={value}" for name, value in rest)


def plain(value: Any) -> str:
    """Write a parameter as it would be in a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _answer(number: Any, status: int, body: Any) -> dict[str, Any]:
    good = status == 200
    return {"id": number, "status": status, ("result" if good else "error"): body}
