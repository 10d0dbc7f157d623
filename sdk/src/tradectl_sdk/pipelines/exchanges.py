"""Exchanges by name: made from settings and keys, and tried out without changing anything."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tradectl_sdk.config import user_folder
from tradectl_sdk.errors import DeadlineError, NotFoundError, TradectlError, did_you_mean
from tradectl_sdk.exchange import ClockEstimate, ClockSample, Exchange
from tradectl_sdk.keys import KeyStore, objections
from tradectl_sdk.pipelines.components import loaded, own_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.config.settings import PluginsSection, Settings
    from tradectl_sdk.exchange import Balance, Credentials, KeyPermissions
    from tradectl_sdk.hooks import ExchangeSpec
    from tradectl_sdk.plugins import Plugins, Provided

PATIENCE: Final = 30.0  # seconds an exchange gets to say what a key may do
PROBES: Final = 5  # times the venue's clock is asked


def find_exchange(name: str, plugins: Plugins | None = None) -> Provided[ExchangeSpec]:
    """Return an exchange on offer.

    Raises:
        NotFoundError: When no plugin offers it.
    """
    offered = loaded(plugins).exchanges()
    if name in offered:
        return offered[name]
    raise NotFoundError(
        f"no plugin offers an exchange {name!r}",
        hint=did_you_mean(name, offered) or "tradectl exchange list shows what there is",
    )


def exchange_of(
    name: str,
    *,
    settings: Settings,
    plugins: Plugins | None = None,
    credentials: Credentials | None = None,
) -> Exchange:
    """Make the adapter that the settings mean by a name: of ``[exchange.NAME]``, if there is one.

    Raises:
        NotFoundError: When no plugin offers it.
        ConfigError: When its settings are wrong.
        PluginError: When it cannot be made.
    """
    section = settings.exchange.get(name)
    return make_exchange(
        section.adapter or name if section is not None else name,
        plugins=plugins,
        sections=settings.plugins,
        credentials=credentials,
    )


def make_exchange(
    name: str,
    *,
    plugins: Plugins | None = None,
    sections: PluginsSection | None = None,
    credentials: Credentials | None = None,
) -> Exchange:
    """Make an exchange adapter, not opened yet.

    Args:
        name: What the plugin calls it.
        plugins: Where to find it; what is installed when None.
        sections: The settings under ``[plugins]``; defaults when None.
        credentials: The account's keys; None for public data only.

    Raises:
        NotFoundError: When no plugin offers it.
        ConfigError: When its settings are wrong.
        PluginError: When what its factory makes is no exchange, or making it raises.
    """
    from tradectl_sdk.errors import PluginError

    provided = find_exchange(name, plugins)
    model, owner = provided.load_settings(), provided.plugin.name
    table = sections.section(owner) if sections is not None else {}
    settings = own_settings(model, table, ("plugins", owner)) if model is not None else None
    factory = provided.load()
    try:
        exchange = factory(settings, credentials)
    except TradectlError:
        raise
    except Exception as error:
        raise PluginError(
            f"making exchange {name!r} ({provided.source}) raised {type(error).__name__}",
            hint=f"tradectl plugin check {owner}",
        ) from error
    if not isinstance(exchange, Exchange):
        raise PluginError(
            f"exchange {name!r} ({provided.source}) made a {type(exchange).__name__}, "
            "expected an Exchange"
        )
    return exchange


def key_store(environment: Mapping[str, str] | None = None) -> KeyStore:
    """Return the keys of the present user.

    Args:
        environment: Names the user's folder and holds keys; this process's unless given.
    """
    found = os.environ if environment is None else environment
    return KeyStore.of_user(user_folder(found) / "keys", found)


def ask_permissions(exchange: Exchange) -> KeyPermissions:
    """Ask an exchange what the key it was made with may do.

    Args:
        exchange: The adapter, not opened yet; it is closed afterwards.

    Raises:
        CredentialError: When the exchange refuses the key.
        ExchangeError: When it does not answer.
        DeadlineError: When it takes too long.
    """

    async def ask() -> KeyPermissions:
        try:
            async with asyncio.timeout(PATIENCE):
                await exchange.open()
                return await exchange.permissions()
        except TimeoutError:
            raise DeadlineError(
                f"the exchange did not say within {PATIENCE:g} seconds what the key may do",
                hint="tradectl exchange test NAME tries the connection",
            ) from None
        finally:
            await exchange.close()

    return asyncio.run(ask())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTrial:
    """What a trial of an exchange found; nothing was changed there.

    Attributes:
        latency: Nanoseconds from asking to hearing, of each question for the time.
        offset: How far the venue's clock is ahead of ours, nanoseconds.
        uncertainty: How wrong that can be.
        window: How old a request may be when the venue sees it, nanoseconds.
        instruments: How many can be traded.
        permissions: What the key may do; None without keys.
        balances: What the account holds; empty without keys.
        findings: What is wrong, as sentences.
    """

    latency: tuple[int, ...]
    offset: int
    uncertainty: int
    window: int
    instruments: int
    permissions: KeyPermissions | None = None
    balances: tuple[Balance, ...] = ()
    findings: tuple[str, ...] = field(default=())


async def try_exchange(exchange: Exchange, *, keys: bool) -> ExchangeTrial:
    """Ask an exchange for its time, its instruments and, with keys, what they may do.

    Args:
        exchange: The adapter, not opened yet; it is closed afterwards.
        keys: Whether it has keys.

    Raises:
        ExchangeError: When it cannot be reached.
        CredentialError: When it refuses the keys.
    """
    try:
        await exchange.open()
        samples = await probe_clock(exchange)
        instruments = await exchange.instruments()
        permissions = await exchange.permissions() if keys else None
        balances = tuple(await exchange.balances()) if keys else ()
    finally:
        await exchange.close()
    best = estimated(samples)
    window = exchange.card.request_window
    return ExchangeTrial(
        latency=tuple(sample.received - sample.sent for sample in samples),
        offset=best.offset,
        uncertainty=best.uncertainty,
        window=window,
        instruments=len(instruments),
        permissions=permissions,
        balances=balances,
        findings=tuple(_findings(best.offset, window, permissions)),
    )


async def probe_clock(exchange: Exchange, probes: int = PROBES) -> tuple[ClockSample, ...]:
    """Ask the venue's clock several times.

    Raises:
        ExchangeError: When it does not answer.
    """
    samples = []
    for _ in range(probes):
        wall, started = time.time_ns(), time.perf_counter_ns()
        venue = await exchange.venue_time()
        # Our clock may be set while we wait; the length of the wait is another clock's
        samples.append(ClockSample(wall, venue, wall + time.perf_counter_ns() - started))
    return tuple(samples)


def estimated(samples: Sequence[ClockSample]) -> ClockSample:
    """The most certain of the samples, at least one, that the later ones do not contradict."""
    estimate = ClockEstimate()
    for sample in samples:
        estimate.add(sample.sent, sample.venue, sample.received)
    return estimate.best or samples[-1]


def _findings(offset: int, window: int, permissions: KeyPermissions | None) -> Sequence[str]:
    found = []
    if abs(offset) > window // 2:
        found.append(
            f"the clocks differ by {abs(offset) / 1e9:.3f} s, expected less than half of the "
            f"{window / 1e9:g} s in which the exchange accepts a request"
        )
    if permissions is not None:
        found += [f"the key {objection}" for objection in objections(permissions)]
    return found
