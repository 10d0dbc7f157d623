"""From ``[notify]`` to senders, and the one courier of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import CredentialError
from tradectl_sdk.keys import resolve
from tradectl_sdk.notify import Level, Sender
from tradectl_sdk.pipelines.components import loaded, named, own_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.config import SenderSection
    from tradectl_sdk.exchange import Secret
    from tradectl_sdk.plugins import Plugins


def make_senders(
    notify: Mapping[str, SenderSection],
    plugins: Plugins | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Sender, ...]:
    """Return the senders that the settings describe, in the order they stand there.

    Args:
        notify: The section.
        plugins: Where notifiers are looked up; the installed plugins unless given.
        environment: Where ``env:`` references look; this process's unless given.

    Raises:
        NotFoundError: When no plugin offers a notifier.
        ConfigError: When a notifier's own settings are wrong.
        CredentialError: When a secret is not to be had.
    """
    if not notify:
        return ()
    host = loaded(plugins)
    return tuple(_sender(name, each, host, environment) for name, each in notify.items())


def _sender(
    name: str, section: SenderSection, plugins: Plugins, environment: Mapping[str, str] | None
) -> Sender:
    found = named(plugins.notifiers(), section.notifier, f"notify.{name}.notifier")
    model, factory = found.load_settings(), found.load()
    settings = own_settings(model, section.own, ("notify", name)) if model is not None else None
    secrets = {
        key: _secret(f"notify.{name}.{key}", section.own[key], environment)
        for key in found.spec.secrets
        if section.own.get(key) is not None
    }
    return Sender(
        name=name,
        notifier=factory(settings, secrets),
        level=Level.parse(section.level),
        kinds=frozenset(section.kinds),
    )


def _secret(key: str, reference: Any, environment: Mapping[str, str] | None) -> Secret:
    try:
        return resolve(str(reference), environment)
    except CredentialError as error:
        raise CredentialError(f"{key}: {error.message}", hint=error.hint) from None
