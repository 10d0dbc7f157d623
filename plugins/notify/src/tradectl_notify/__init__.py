"""Notices by Telegram, Discord or any webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import Hooks, NotifierSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


class NotifyPlugin(Hooks):
    """Offers three notifiers."""

    @hookimpl
    def tradectl_notifiers(self) -> Iterable[NotifierSpec]:
        """Yield the notifiers; each is imported when it is chosen."""
        yield NotifierSpec(
            name="telegram",
            summary="A message from a Telegram bot to one chat",
            factory="tradectl_notify.telegram:Telegram",
            settings="tradectl_notify.telegram:TelegramSettings",
            secrets=("token",),
        )
        yield NotifierSpec(
            name="discord",
            summary="A message to a Discord channel through its webhook",
            factory="tradectl_notify.discord:Discord",
            settings="tradectl_notify.discord:DiscordSettings",
            secrets=("url",),
        )
        yield NotifierSpec(
            name="webhook",
            summary="A signed JSON document to any program that takes a POST",
            factory="tradectl_notify.webhook:Webhook",
            settings="tradectl_notify.webhook:WebhookSettings",
            secrets=("secret",),
        )


plugin = NotifyPlugin()
