"""Any program that takes a POST: notices as one JSON document, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field
from tradectl_sdk.notify import Notifier

from tradectl_notify.posting import checked_url, post

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.exchange import Secret
    from tradectl_sdk.notify import Notice


class WebhookSettings(BaseModel):
    """Settings of a webhook sender."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str = Field(description="Address that takes the POST; https unless on this machine.")
    secret: str | None = Field(
        default=None, description="Reference to the secret that signs every message."
    )


class Webhook(Notifier):
    """Posts ``tradectl.notices/1``; see the README for how a receiver checks the signature."""

    interval = 0.2
    limit = 1_000_000

    def __init__(self, settings: WebhookSettings, secrets: Mapping[str, Secret]) -> None:
        self._endpoint = checked_url(settings.endpoint, "endpoint of webhook")
        self._secret = secrets.get("secret")

    def send(self, notices: Sequence[Notice]) -> None:
        """Deliver notices as one document."""
        document = {"schema": "tradectl.notices/1", "notices": [_document(n) for n in notices]}
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            stamp = str(int(time.time()))
            key = self._secret.reveal().encode()
            digest = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
            headers["X-Tradectl-Signature"] = f"t={stamp},v1={digest}"
        post("the webhook", self._endpoint, body, headers)


def _document(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.id,
        "time_ns": notice.time,
        "level": notice.level.name.lower(),
        "kind": notice.kind,
        "session": notice.session,
        "strategy": notice.strategy,
        "live": notice.live,
        "title": notice.title,
        "text": notice.text,
    }
