"""Discord: a message to a channel through its webhook, whose address is the secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field
from tradectl_sdk.notify import Notifier

from tradectl_notify.posting import checked_url, post
from tradectl_notify.wording import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.exchange import Secret
    from tradectl_sdk.notify import Notice


class DiscordSettings(BaseModel):
    """Settings of a Discord sender."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="Reference to the webhook's address, such as keyring:discord.")
    username: str = Field(default="tradectl", max_length=80, description="Name shown as author.")


class Discord(Notifier):
    """Writes to one channel; nobody is mentioned, whatever the text says."""

    interval = 2.0  # a webhook takes about thirty messages a minute
    limit = 2000

    def __init__(self, settings: DiscordSettings, secrets: Mapping[str, Secret]) -> None:
        self._settings = settings
        self._url = secrets["url"]
        checked_url(self._url.reveal(), "url of discord")

    def send(self, notices: Sequence[Notice]) -> None:
        """Deliver notices as one message."""
        body = {
            "content": as_text(notices, self.limit),
            "username": self._settings.username,
            "allowed_mentions": {"parse": []},
        }
        headers = {"Content-Type": "application/json"}
        post("discord", self._url.reveal(), json.dumps(body).encode(), headers)
