"""What is shown of exchanges: their card, their markets, and how a trial went."""

from __future__ import annotations

import dataclasses
import statistics
from typing import TYPE_CHECKING, Any

from tradectl.layout import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import Balance, Card, KeyPermissions, RateBudget
    from tradectl_sdk.pipelines.exchanges import ExchangeTrial

_SECOND = 1e9  # nanoseconds
_MILLISECOND = 1e6


def card_rows(card: Card) -> list[tuple[str, str | Cell]]:
    """Return what an exchange can do, for people."""
    ids = card.client_ids
    identity = "none: live trading needs more than that" if ids is None else ""
    if ids is not None:
        found = "found by it" if ids.queryable else "not found by it"
        identity = f"up to {ids.length} characters, orders are {found}"
    yes = {True: "yes", False: "no"}
    return [
        ("money", Cell("simulated", "ok") if card.simulated else Cell("real", "live")),
        ("order types", _names(card.order_types)),
        ("times in force", _names(card.times_in_force)),
        ("groups", ", ".join(sorted(card.groups)) or "held by tradectl"),
        ("reduce only", yes[card.reduce_only]),
        ("amends", yes[card.amends]),
        ("cancels all", yes[card.cancel_all]),
        ("dead man's switch", yes[card.dead_man_switch]),
        ("short positions", yes[card.margin]),
        ("our order ids", identity),
        ("market data", ", ".join(sorted(card.market_data)) or "none"),
        ("account", "pushed" if card.account_stream else "polled"),
        ("ended orders", yes[card.closed_orders]),
        ("request window", f"{card.request_window / _SECOND:g} s"),
        ("may go on for", f"{card.processing_timeout / _SECOND:g} s after a request"),
        ("rate budgets", "\n".join(map(_budget, card.rates))),
    ]


def card_document(card: Card) -> dict[str, Any]:
    """Return the card as plain values."""
    values = {f.name: getattr(card, f.name) for f in dataclasses.fields(card)}
    ids = card.client_ids
    return values | {
        "order_types": sorted(each.name for each in card.order_types),
        "times_in_force": sorted(each.name for each in card.times_in_force),
        "client_ids": None if ids is None else dataclasses.asdict(ids),
        "rates": [dataclasses.asdict(rate) for rate in card.rates],
    }


def market_rows(instruments: Sequence[Instrument]) -> list[tuple[str, ...]]:
    """Return instruments as rows of a table."""
    from tradectl_sdk.domain.money import plain

    return [
        (
            each.id,
            each.quote,
            plain(each.tick_size),
            plain(each.lot_size),
            plain(each.min_notional),
            f"{each.maker_fee * 100:.4g} %",
            f"{each.taker_fee * 100:.4g} %",
        )
        for each in instruments
    ]


def trial_rows(trial: ExchangeTrial) -> list[tuple[str, str | Cell]]:
    """Return how a trial went, for people."""
    middle = statistics.median(trial.latency) / _MILLISECOND
    rows: list[tuple[str, str | Cell]] = [
        ("reached", Cell("yes", "ok")),
        ("round trip", f"{middle:.1f} ms (median of {len(trial.latency)})"),
        ("clock", _clock(trial)),
        ("instruments", f"{trial.instruments:,}"),
    ]
    return rows if trial.permissions is None else [*rows, *_rights(trial.permissions)]


def trial_document(trial: ExchangeTrial) -> dict[str, Any]:
    """Return a trial as plain values: nanoseconds, and amounts as decimals."""
    from tradectl_sdk.domain.money import from_money

    rights = trial.permissions
    return {
        "latency": trial.latency,
        "clock_offset": trial.offset,
        "clock_uncertainty": trial.uncertainty,
        "request_window": trial.window,
        "instruments": trial.instruments,
        "permissions": None
        if rights is None
        else {
            "trade": rights.trade,
            "withdraw": rights.withdraw,
            "restricted_by_address": rights.restricted_by_address,
        },
        "balances": [
            {"currency": b.currency, "free": from_money(b.free), "held": from_money(b.held)}
            for b in trial.balances
        ],
        "findings": trial.findings,
    }


def balance_rows(balances: Iterable[Balance]) -> list[tuple[str, ...]]:
    """Return balances as rows of a table."""
    from tradectl_sdk.domain.money import from_money, plain

    return [(b.currency, plain(from_money(b.free)), plain(from_money(b.held))) for b in balances]


def _names(members: Iterable[Any]) -> str:
    return ", ".join(each.name.lower().replace("_", " ") for each in sorted(members))


def _budget(rate: RateBudget) -> str:
    what = "orders" if rate.orders else "weight"
    kept = f", {rate.reserved:.0%} kept for cancels" if rate.reserved else ""
    return f"{rate.weight:,} {what} in {rate.interval / _SECOND:g} s{kept}"


def _clock(trial: ExchangeTrial) -> str:
    ahead = "ahead" if trial.offset >= 0 else "behind"
    return (
        f"the exchange is {abs(trial.offset) / _MILLISECOND:.1f} ms {ahead}, "
        f"give or take {trial.uncertainty / _MILLISECOND:.1f} ms"
    )


def _rights(rights: KeyPermissions) -> list[tuple[str, str | Cell]]:
    words = {True: "yes", False: "no", None: "the exchange does not tell"}
    withdraw = Cell(words[rights.withdraw], "fail" if rights.withdraw else "ok")
    return [
        ("may trade", words[rights.trade]),
        ("may withdraw", withdraw),
        ("bound to addresses", words[rights.restricted_by_address]),
    ]
