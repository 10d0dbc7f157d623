"""``tradectl exchange`` at an exchange as ``tradectl plugin new`` writes it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tradectl.scaffold import NewPlugin
from tradectl_sdk.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]
    Install = Callable[[str, Mapping[str, Mapping[str, str]], Mapping[str, str]], None]

KEY = "memory-venue-key"


@pytest.fixture
def venue(site: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Install a new exchange plugin; its name is new each time, because modules stay imported."""

    def install_exchange(name: str, **changes: str) -> str:
        plugin = NewPlugin(name=name, kind="exchange", summary="A venue in memory")
        for path, text in plugin.contents().items():
            if path.startswith("src/"):
                file = site / path.removeprefix("src/")
                file.parent.mkdir(parents=True, exist_ok=True)
                for old, new in changes.items():
                    text = text.replace(old, new)  # noqa: PLW2901 - each change on top of the last
                file.write_text(text, encoding="utf-8")
        install(plugin.distribution, {"tradectl.v1": {name: f"{plugin.package}:plugin"}}, {})
        monkeypatch.setenv("TRADECTL_PLUGINS", name)
        return name

    return install_exchange


def test_exchanges_are_listed_with_who_offers_them(run: Run, venue: Callable[..., str]) -> None:
    name = venue("venue-one")
    answer = run("exchange", "list")
    assert answer.status == 0
    assert f"{name}" in answer.out
    assert "A venue in memory" in answer.out
    assert f"next: tradectl exchange info {name}" in answer.err
    (row,) = run("exchange", "list", "one", "--json").data
    assert (row["name"], row["plugin"]) == (name, name)
    assert run("exchange", "list", "two", "--json").data == []


def test_the_card_is_shown_without_connecting(run: Run, venue: Callable[..., str]) -> None:
    name = venue("venue-two", **{"await self._ask(": "await self.no_such_thing("})
    shown = run("exchange", "info", name)
    assert shown.status == 0, shown.err
    assert "simulated" in shown.out
    assert "1,200 weight in 60 s, 25% kept for cancels" in shown.out
    data = run("exchange", "info", name, "--json").data
    assert data["order_types"] == ["LIMIT", "MARKET"]
    assert data["rates"][0]["interval"] == 60_000_000_000


def test_markets_are_listed_and_filtered(run: Run, venue: Callable[..., str]) -> None:
    name = venue("venue-three")
    answer = run("exchange", "markets", name)
    assert answer.status == 0, answer.err
    assert "ACME-USD.VENUETHREE" in answer.out
    assert f"tradectl data pull ACME-USD --exchange {name}" in answer.err.replace("'", "")
    data = run("exchange", "markets", name, "--quote", "usd", "--base", "acme", "--json").data
    assert data["count"] == 1
    assert Decimal(data["markets"][0]["tick_size"]) == Decimal("0.01")
    for words in (["--quote", "EUR"], ["--base", "BTC"], ["nothing"]):
        none = run("exchange", "markets", name, *words)
        assert (none.status, none.out) == (0, "")
        assert "none of 1 instrument fits" in none.err


def test_a_trial_without_keys_measures_what_is_public(run: Run, venue: Callable[..., str]) -> None:
    name = venue("venue-four")
    answer = run("exchange", "test", name)
    assert answer.status == ExitStatus.FINDING  # its clock stands in 2023
    assert "the clocks differ by" in answer.err
    assert "no keys were given" in answer.err
    assert "next: tradectl explain CLOCK_SKEW" in answer.err
    trial = run("exchange", "test", name, "--json").data["trial"]
    assert len(trial["latency"]) == 5
    assert trial["instruments"] == 1
    assert trial["permissions"] is None
    assert abs(trial["clock_offset"]) > 9 * 10**16


def test_a_trial_with_keys_says_what_they_may_do(
    run: Run, venue: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = venue("venue-five")
    monkeypatch.setenv("TRADECTL_KEY_VENUE_FIVE_API_KEY", KEY)
    answer = run("exchange", "test", name)
    assert "may withdraw" in answer.out
    assert "1000000" in answer.out
    assert KEY not in answer.out + answer.err
    data: Any = run("exchange", "test", name, "--json").data
    assert data["keys"] is True
    assert data["trial"]["permissions"] == {
        "trade": True,
        "withdraw": False,
        "restricted_by_address": None,
    }


def test_a_key_that_can_withdraw_is_a_finding(
    run: Run, venue: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = venue("venue-six", **{'withdraw=rights["withdraw"]': "withdraw=True"})
    monkeypatch.setenv("TRADECTL_KEY_VENUE_SIX_API_KEY", KEY)
    answer = run("exchange", "test", name)
    assert answer.status == ExitStatus.FINDING
    assert "the key can withdraw, expected a key that cannot" in answer.err


def test_a_wrong_key_ends_with_its_own_status(
    run: Run, venue: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = venue("venue-seven")
    monkeypatch.setenv("TRADECTL_KEY_VENUE_SEVEN_API_KEY", "wrong-key-of-mine")
    answer = run("exchange", "test", name)
    assert answer.status == ExitStatus.CREDENTIAL
    assert "wrong-key-of-mine" not in answer.err


def test_an_exchange_that_cannot_be_reached_ends_with_its_own_status(
    run: Run, venue: Callable[..., str]
) -> None:
    name = venue("venue-eight", **{"wire or MemoryVenue()": "MemoryVenue(unreachable=True)"})
    answer = run("exchange", "markets", name)
    assert answer.status == ExitStatus.EXCHANGE
    assert "the connection to venue-eight failed" in answer.err
    assert run("exchange", "test", name, "--json").error["code"] == "TRANSPORT"


def test_an_exchange_nobody_offers_names_the_nearest(run: Run, venue: Callable[..., str]) -> None:
    name = venue("venue-nine")
    answer = run("exchange", "info", "venue-nin")
    assert answer.status == ExitStatus.NOT_FOUND
    assert f"did you mean {name}?" in answer.err


def test_settings_of_an_exchange_are_held_to_its_model(
    run: Run, venue: Callable[..., str], project: Path
) -> None:
    name = venue("venue-ten")
    (project / "tradectl.toml").write_text(f"[plugins.{name}]\nreconect_seconds = 1\n")
    answer = run("exchange", "info", name)
    assert answer.status == ExitStatus.USAGE
    assert "reconect_seconds" in answer.err


def test_a_factory_that_fails_names_its_plugin_and_no_values(
    run: Run, venue: Callable[..., str]
) -> None:
    name = venue("venue-eleven", **{"self._closed = asyncio.Event()": "raise ValueError('a key')"})
    answer = run("exchange", "info", name)
    assert answer.status == ExitStatus.USAGE
    assert "raised ValueError" in answer.err
    assert "a key" not in answer.err
    assert f"tradectl plugin check {name}" in answer.err
