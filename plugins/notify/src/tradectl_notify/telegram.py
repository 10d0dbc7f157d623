"""Telegram: a bot writes to one chat (Bot API, ``sendMessage``)."""

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


class TelegramSettings(BaseModel):
    """Settings of a Telegram sender."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = Field(description="Reference to the bot's token, such as keyring:telegram.")
    chat: str = Field(min_length=1, description="Id of the chat, or @name of a channel.")
    silent: bool = Field(default=False, description="Deliver without a sound.")
    server: str = Field(
        default="https://api.telegram.org", description="Address of the Bot API server."
    )


class Telegram(Notifier):
    """Writes to one chat; the text is plain, so nothing in it can become markup."""

    interval = 1.0
    limit = 4096

    def __init__(self, settings: TelegramSettings, secrets: Mapping[str, Secret]) -> None:
        self._settings = settings
        self._token = secrets["token"]
        self._server = checked_url(settings.server.rstrip("/"), "server of telegram")

    def send(self, notices: Sequence[Notice]) -> None:
        """Deliver notices as one message."""
        body = {
            "chat_id": self._settings.chat,
            "text": as_text(notices, self.limit),
            "disable_notification": self._settings.silent,
            "link_preview_options": {"is_disabled": True},
        }
        url = f"{self._server}/bot{self._token.reveal()}/sendMessage"
        post("telegram", url, json.dumps(body).encode(), {"Content-Type": "application/json"})
