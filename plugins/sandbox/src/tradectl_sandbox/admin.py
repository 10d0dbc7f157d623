"""The control endpoint: for whoever rehearses, never for the client that is rehearsed.

It asks for a token, and listens to this machine only, whatever the exchange listens to.
"""

from __future__ import annotations

import hmac
import json
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aiohttp import web
from tradectl_sdk.errors import TradectlError

from tradectl_sandbox.faults import FaultKind
from tradectl_sandbox.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sandbox.house import House

LOOPBACK = {"127.0.0.1", "::1"}


class Admin:
    """Carries out what it is told.

    Attributes:
        token: What it asks for.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self.token = house.settings.admin_token or secrets.token_urlsafe(16)
        self._does = {
            ("GET", "state"): self._state,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._arm,
            ("DELETE", "faults"): self._clear,
            ("POST", "step"): self._step,
            ("POST", "market"): self._change_market,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.remote not in LOOPBACK or not hmac.compare_digest(given, self.token):
            return web.json_response({"error": "the control endpoint needs its token"}, status=403)
        does = self._does.get((request.method, request.match_info["what"]))
        if does is None:
            return web.json_response({"error": "there is no such control"}, status=404)
        try:
            body = json.loads(await request.text() or "{}")
            return web.json_response(does(body))
        except (ValueError, TypeError, KeyError, Refusal, TradectlError) as error:
            return web.json_response({"error": str(error)}, status=400)

    def _state(self, _: Mapping[str, Any]) -> Any:
        house = self._house
        return {
            "time": house.clock.milliseconds,
            "next": house.next_time and house.next_time // 1_000_000,
            "listeners": house.hub.count,
            "open_orders": len(house.core.open_orders()),
            "symbols": {one.name: one.status for one in house.listings.all},
        }

    def _list_faults(self, _: Mapping[str, Any]) -> Any:
        return [
            {"kind": one.kind, "times": one.times, "seconds": one.seconds, "symbol": one.symbol}
            for one in self._house.faults.armed
        ]

    def _arm(self, body: Mapping[str, Any]) -> Any:
        fault = self._house.arm(
            FaultKind(body["kind"]),
            times=int(body.get("times", 1)),
            seconds=float(body.get("seconds", 5.0)),
            symbol=str(body.get("symbol", "")),
        )
        return {"armed": fault.kind}

    def _clear(self, _: Mapping[str, Any]) -> Any:
        self._house.faults.clear()
        self._house.clock.jump = 0
        return {}

    def _step(self, body: Mapping[str, Any]) -> Any:
        house = self._house
        if "until" in body:
            count = house.step_until(int(body["until"]) * 1_000_000)
        else:
            wanted = int(body.get("moments", 1))
            count = sum(house.step() is not None for _ in range(wanted))
        return {"moments": count, "time": house.clock.milliseconds}

    def _change_market(self, body: Mapping[str, Any]) -> Any:
        listing = self._house.listings.named(str(body["symbol"]))
        if "status" in body:
            listing.status = str(body["status"])
        for name in ("tick", "lot", "min_notional"):
            if name in body:
                setattr(listing, name, Decimal(str(body[name])))
        return listing.describe()
